"""Preflight checks of a student and its teacher, before any step is made."""

from collections.abc import Mapping

import torch
from torch import Tensor

from opdboard.domain.errors import ModelProblem, VocabularyMismatch
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
    """Raise VocabularyMismatch, naming every difference, unless the teacher can score the student's tokens as they are.

    Compared are the number of logits, the tokenizers' sizes, special tokens with their ids, and the token ids of probe strings.
    Which token is used for padding is left out: it is masked everywhere, and base and instruct models of one family often differ in it.
    """
    differences: list[str] = []
    for what, sizes in {
        "logits": (output_size(student), output_size(teacher)),
        "tokens in the tokenizer": (len(student.tokenizer), len(teacher.tokenizer)),
    }.items():
        if sizes[0] != sizes[1]:
            differences.append(f"{what}: {sizes[0]} and {sizes[1]}")
    differences += _different_specials(_special_tokens(student), _special_tokens(teacher))
    differences += _different_probes(student, teacher)
    if differences:
        raise VocabularyMismatch(
            f"student ({student.label}) and teacher ({teacher.label}) do not share a vocabulary: {'; '.join(differences)}. "
            "Choose two models of one family with the same tokenizer",
            where="teacher",
        )
    for loaded, who in ((student, "student"), (teacher, "teacher")):
        if len(loaded.tokenizer) > output_size(loaded):
            raise ModelProblem(
                f"the {who}'s tokenizer has {len(loaded.tokenizer)} tokens but the model only {output_size(loaded)} logits; "
                "they do not belong together",
                where=who,
            )


def check_remote_vocabulary(student: LoadedModel, teacher: RemoteModel) -> None:
    """Raise VocabularyMismatch when the server writes tokens of probe strings otherwise than the student's tokenizer.

    Less than `check_pair` knows: sizes and special tokens stay unseen. Compared are the texts of single tokens, but for
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


def eos_token_ids(loaded: LoadedModel) -> list[int]:
    """Ids of the tokens that end a response, from the generation config and the tokenizer, ascending. ModelProblem if none."""
    candidates: list[object] = [loaded.tokenizer.eos_token_id]
    generation = loaded.model.generation_config
    declared = None if generation is None else generation.eos_token_id
    candidates += declared if isinstance(declared, list) else [declared]
    ids = sorted({token for token in candidates if isinstance(token, int) and 0 <= token < output_size(loaded)})
    if not ids:
        raise ModelProblem(
            f"{loaded.label} has no end-of-sequence token among its {output_size(loaded)} tokens, so responses cannot end; "
            "set eos_token in its tokenizer_config.json",
            where="student",
        )
    return ids


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


def output_size(loaded: LoadedModel) -> int:
    """Number of logits."""
    head = loaded.model.get_output_embeddings()
    weight = getattr(head, "weight", None)
    if isinstance(weight, Tensor):
        return weight.shape[0]
    return loaded.model.config.get_text_config().vocab_size


def _special_tokens(loaded: LoadedModel) -> dict[str, str]:
    """What each special token is, as 'text (id)', by role, and by text for those without a role."""
    tokenizer = loaded.tokenizer
    roles: Mapping[str, object] = tokenizer.special_tokens_map
    named = {
        role: f"{token} ({tokenizer.convert_tokens_to_ids(str(token))})"
        for role, token in roles.items()
        if role != "pad_token" and not isinstance(token, list | tuple)
    }
    others = {
        token.content: f"id {number}" for number, token in tokenizer.added_tokens_decoder.items() if token.special
    }
    return named | others


def _different_specials(student: dict[str, str], teacher: dict[str, str]) -> list[str]:
    names = list(dict.fromkeys([*student, *teacher]))
    return [
        f"{name}: {student.get(name, 'none')} and {teacher.get(name, 'none')}"
        for name in names
        if student.get(name) != teacher.get(name)
    ]


def _different_probes(student: LoadedModel, teacher: LoadedModel) -> list[str]:
    for probe in _PROBES:
        ids = [_encoded(loaded, probe) for loaded in (student, teacher)]
        if ids[0] != ids[1]:
            return [f"{probe!r} is {ids[0]} and {ids[1]}"]
    return []


def _encoded(loaded: LoadedModel, text: str) -> list[int] | str:
    try:
        return loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
    except Exception:  # a tokenizer without an unknown token, such as the demo's, refuses foreign characters
        return "not encodable"
