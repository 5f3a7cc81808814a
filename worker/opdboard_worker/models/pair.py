"""Preflight checks of a student and its teacher, before any step is made."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from opdboard.domain.errors import BadInput, ModelProblem, VocabularyMismatch
from opdboard_worker.core.vocabulary import Vocabulary
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.models.remote import RemoteModel

_PROBES = (
    "0123456789+=",
    "123+456=",
    "The answer is \\boxed{42}.",
    " Two  spaces,\ttab\nand line\r\nends. ",
    "f(x) = x^2 - 3·x ≤ ½, naïve café, 東京, 🙂",
    "def add(a, b):\n    return a + b  # 1_000_000\n",
)
"""Strings on which tokenizers of different families differ: digit groups, white space, symbols, scripts, code."""


def check_pair(student: LoadedModel, teacher: LoadedModel) -> None:
    """Raise VocabularyMismatch, naming the first text that they write otherwise, unless both have the same tokens.

    Compared are all tokens, added ones included, by text and id, and then the ids of probe strings. What a token is used as
    (to end, to pad) is not, nor how many rows of logits a model has: those beyond the tokens are padding. Raises ModelProblem
    where one of them has fewer.
    """
    for loaded in (student, teacher):
        vocabulary_of(loaded)
    tokens = [tokens_of(loaded) for loaded in (student, teacher)]
    known = sorted({*tokens[0].items(), *tokens[1].items()}, key=lambda token: token[::-1])
    texts = (text for text, _ in known if tokens[0].get(text) != tokens[1].get(text))
    differing = next(texts, None)
    if differing is not None:
        shown = _as_text(student if differing in tokens[0] else teacher, differing)
        written = [
            f"token {own[differing]}" if differing in own else _written(_encoded(loaded, shown))
            for own, loaded in zip(tokens, (student, teacher), strict=True)
        ]
        raise _mismatch(student, teacher, shown, written)
    for probe in _PROBES:
        ids = [_encoded(loaded, probe) for loaded in (student, teacher)]
        if ids[0] != ids[1]:
            raise _mismatch(student, teacher, probe, [_written(one) for one in ids])


def _mismatch(student: LoadedModel, teacher: LoadedModel, text: str, written: list[str]) -> VocabularyMismatch:
    return VocabularyMismatch(
        f"{text!r} is {written[0]} to the student ({student.label}) and {written[1]} to the teacher ({teacher.label}); choose two "
        "models with the same tokenizer",
        where="teacher",
    )


def _written(ids: list[int] | str) -> str:
    return ids if isinstance(ids, str) else f"tokens {ids}"


def _as_text(loaded: LoadedModel, token: str) -> str:
    """What a token writes; its name in the tokenizer where it is a part of a character."""
    text = str(loaded.tokenizer.convert_tokens_to_string([token]))
    return token if not text or "\N{REPLACEMENT CHARACTER}" in text else text


def check_remote_vocabulary(student: LoadedModel, teacher: RemoteModel) -> None:
    """Raise VocabularyMismatch when the server writes tokens of probe strings otherwise than the student's tokenizer.

    Less than `check_pair` knows: most tokens stay unseen. Compared are the texts of single tokens, but for
    those that are part of a character. Raises RemoteTeacherProblem when the server cannot be asked.
    """
    for probe in _PROBES:
        ids = _encoded(student, probe)
        if isinstance(ids, str) or len(ids) < 2:
            continue
        for token, theirs in zip(ids[1:], teacher.texts(ids), strict=True):
            ours = str(student.tokenizer.decode([token]))
            if "\N{REPLACEMENT CHARACTER}" not in ours + theirs and ours.strip() != theirs.strip():
                raise VocabularyMismatch(
                    f"token {token} is {ours!r} to the student ({student.label}) and {theirs!r} to the server; serve a model with "
                    "the student's tokenizer",
                    where="teacher",
                )


def eos_token_ids(
    loaded: LoadedModel, named: Sequence[str] = (), who: Literal["student", "teacher"] = "student"
) -> list[int]:
    """Ids of the tokens that end a response: the tokenizer's own first, where it is one of them, then ascending.

    named: their texts; without, those of generation config and tokenizer. BadInput tells which text is not one token;
    ModelProblem where a student has none, since its responses could not end.
    """
    generation, own = loaded.model.generation_config, loaded.tokenizer.eos_token_id
    declared = None if generation is None else generation.eos_token_id
    candidates: list[object] = [own, *declared] if isinstance(declared, list) else [own, declared]
    if named:
        candidates = [_end_token(loaded, text, who) for text in named]
    size = min(_size_of(loaded), output_size(loaded))
    ids = sorted({token for token in candidates if isinstance(token, int) and 0 <= token < size})
    if not ids and who == "student":
        raise ModelProblem(
            f"{loaded.label} has no end-of-sequence token among its {size} tokens, so responses cannot end; "
            "set eos_token in its tokenizer_config.json",
            where="student",
        )
    return sorted(ids, key=lambda token: token != own)


def _end_token(loaded: LoadedModel, text: str, who: str) -> int:
    token = tokens_of(loaded).get(text)
    ids = _encoded(loaded, text) if token is None else [token]
    if isinstance(ids, str) or len(ids) != 1:
        raise BadInput(
            f"{text!r} in reading.{who}.end_tokens is {_written(ids)} to the {who} ({loaded.label}); name single tokens",
            where=f"reading.{who}.end_tokens",
        )
    return ids[0]


def check_teacher_repeatable(logp_once: Tensor, logp_again: Tensor, *, tolerance: float = 1e-4) -> None:
    """Raise ModelProblem unless two scorings of the same tokens agree to `tolerance` nats everywhere and are finite.

    log-probabilities of any one shape; on CPU they are equal bit for bit, on a GPU reductions may be reordered.
    """
    if logp_once.shape != logp_again.shape:
        raise ModelProblem(
            f"the teacher scored the same tokens twice with shapes {tuple(logp_once.shape)} and {tuple(logp_again.shape)}",
            where="teacher",
        )
    if not bool(torch.isfinite(logp_once).all() and torch.isfinite(logp_again).all()):
        raise ModelProblem(
            "the teacher gives log-probabilities that are NaN or infinite; its weights are damaged or need another precision",
            where="teacher",
        )
    apart = float((logp_once.double() - logp_again.double()).abs().max()) if logp_once.numel() else 0.0
    if apart > tolerance:
        raise ModelProblem(
            f"the teacher scored the same tokens twice, {apart:.2g} nats apart (at most {tolerance:.2g} is allowed); "
            "something in it is random, such as dropout or noisy expert routing",
            where="teacher",
        )


def check_starts_near_zero(kl: float, *, tolerance: float = 1e-3) -> None:
    """Raise ModelProblem unless the reverse KL, in nats per token, of a student to the same weights as teacher is near 0."""
    if not abs(kl) <= tolerance:
        raise ModelProblem(
            f"student and teacher have the same weights, yet their reverse KL is {kl:.3g} nats per token instead of 0 "
            f"(within {tolerance:.2g}): the two do not see the same tokens, or one of them is not deterministic",
            where="teacher",
        )


def vocabulary_of(loaded: LoadedModel) -> Vocabulary:
    """Up to the largest id of the tokenizer. ModelProblem where the model has fewer logits."""
    size, rows = _size_of(loaded), output_size(loaded)
    if size > rows:
        raise ModelProblem(
            f"the tokenizer of {loaded.label} has a token with the id {size - 1}, but the model has only {rows} logits; they do not "
            "belong together",
            where=loaded.label,
        )
    return Vocabulary(size)


def _size_of(loaded: LoadedModel) -> int:
    return 1 + max(tokens_of(loaded).values(), default=-1)


def tokens_of(loaded: LoadedModel) -> dict[str, int]:
    """All tokens, added ones too, by text. What llama.cpp's conversion calls [PAD<id>] stands for a row without a token."""
    return {text: token for text, token in loaded.tokenizer.get_vocab().items() if text != f"[PAD{token}]"}


def output_size(loaded: LoadedModel) -> int:
    """Rows of logits."""
    head = loaded.model.get_output_embeddings()
    weight = getattr(head, "weight", None)
    if isinstance(weight, Tensor):
        return weight.shape[0]
    return loaded.model.config.get_text_config().vocab_size


def _encoded(loaded: LoadedModel, text: str) -> list[int] | str:
    try:
        return loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
    except Exception:  # a tokenizer without an unknown token, such as the demo's, refuses foreign characters
        return "not encodable"
