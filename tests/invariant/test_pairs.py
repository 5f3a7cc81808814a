"""Pairs as people have them: each trains two steps, and its distances are those that plain transformers gives.

The reference shares nothing with the trainer but the sampled tokens: it loads the two folders, makes one whole forward pass of each
sequence, cuts the rows beyond the tokenizer off, adds up the probabilities of end tokens, and compares, all in float64.
"""

import json
import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from invariant.conftest import tiny_config
from support.pairs import in_folder, padded
from support.smollm2 import smollm2_tokenizer
from support.teacher_server import serving
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    PreTrainedTokenizerFast,
)

from opdboard.domain.data import FileData
from opdboard.domain.objectives import FullVocabulary, JensenShannon, Objective, SampledToken, TopK
from opdboard.domain.reading import Reading
from opdboard.domain.teachers import ModelTeacher, OneOfSeveral, RemoteTeacher, SeveralTeachers
from opdboard_worker.models.loaded import LoadedModel

PROMPTS = [f"How many apples are {one} and {two} apples? Say it: ½, 東京." for one in range(4) for two in range(1, 5)]
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
END, TURN = "<|endoftext|>", "<|im_end|>"


@cache
def bytes_bpe() -> PreTrainedTokenizerFast:
    """As GPT-2 and Qwen have it, trained on the prompts."""
    rust = Tokenizer(models.BPE())
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    rust.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, initial_alphabet=alphabet, show_progress=False)  # pyright: ignore[reportCallIssue]
    rust.train_from_iterator(PROMPTS, trainer)
    return finished(rust)


@cache
def pieces() -> PreTrainedTokenizerFast:
    """As Llama and Gemma have it: pieces with a mark for spaces, bytes for what they lack."""
    rust = Tokenizer(models.Unigram())
    rust.pre_tokenizer = pre_tokenizers.Metaspace()
    rust.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=120, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False)  # pyright: ignore[reportCallIssue]
    rust.train_from_iterator(PROMPTS, trainer)
    return finished(rust)


@cache
def with_holes() -> PreTrainedTokenizerFast:
    """Ids that no token has, before the end tokens."""
    vocabulary = json.loads(bytes_bpe().backend_tokenizer.to_str())
    for token in vocabulary["added_tokens"]:
        token["id"] += 9
        vocabulary["model"]["vocab"].pop(token["content"], None)
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(vocabulary)), clean_up_tokenization_spaces=False
    )


def finished(rust: Tokenizer) -> PreTrainedTokenizerFast:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=rust, clean_up_tokenization_spaces=False)
    tokenizer.add_special_tokens({"additional_special_tokens": [END, "<|im_start|>", TURN]})  # pyright: ignore[reportArgumentType]
    return tokenizer


def model(tokenizer: Any, kind: str, seed: int, rows: int) -> Any:
    """Small and random, with likely end tokens and likely padding."""
    size = 1 + max(tokenizer.get_vocab().values())
    common: dict[str, Any] = {
        "vocab_size": size,
        "initializer_range": 0.25,
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": None,
    }
    small: dict[str, Any] = common | {
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 256,
    }
    config = {
        "llama": lambda: LlamaConfig(**small),
        # Not Qwen2: transformers gives a folder of that kind the tokenizer's cutting of its own family.
        "tied": lambda: LlamaConfig(**small, tie_word_embeddings=True),
        "capped": lambda: Gemma2Config(**small, head_dim=8, final_logit_softcapping=3.0),
        "gpt2": lambda: GPT2Config(**common, n_embd=16, n_layer=2, n_head=2, n_positions=256),
    }[kind]()
    torch.manual_seed(seed)
    made = AutoModelForCausalLM.from_config(config)
    head = made.get_output_embeddings().weight
    with torch.no_grad():
        for text in (END, TURN):
            head[tokenizer.get_vocab()[text]] *= 3
    return padded(made, rows, seed)


@dataclass(frozen=True)
class Side:
    """A model, how many rows it has beyond its tokenizer, and which tokens it says end a text (ids as they are, or texts)."""

    kind: str = "llama"
    rows: int = 0
    ends: tuple[str | int, ...] = (TURN,)


@dataclass(frozen=True)
class Pair:
    """One row of the table. event: the tokens that count as one, the first where their probability stands."""

    student: Side
    teacher: Side
    tokenizer: Callable[[], Any] = bytes_bpe
    objective: Objective = field(default_factory=FullVocabulary)
    reading: dict[str, Any] = field(default_factory=lambda: {"student": {"template": "plain"}})
    event: tuple[str, ...] = ()
    temperature: float = 1.0
    second: Side | None = None
    remote: dict[str, Any] | None = None
    chat: bool = False


PLAIN = {"student": {"template": "plain"}}
MAPPED = PLAIN | {"ends": "map"}
FAR_MAPPED = MAPPED | {"teacher": {"end_tokens": [END]}}
PAIRS = {
    "as many rows as tokens": Pair(Side(), Side()),
    "a padded student": Pair(Side(rows=5), Side(), tokenizer=smollm2_tokenizer),
    "a padded teacher": Pair(Side(), Side(rows=128), tokenizer=smollm2_tokenizer),
    "both padded, tied": Pair(Side("tied", rows=7), Side("tied", rows=64)),
    "one row of padding": Pair(Side(rows=1), Side("capped", rows=1), tokenizer=pieces),
    "end tokens left": Pair(Side(), Side(rows=3, ends=(END,))),
    "end tokens mapped": Pair(Side(rows=3), Side(ends=(END,)), reading=MAPPED, event=(TURN, END)),
    "several end tokens mapped": Pair(
        Side(ends=(END, TURN)), Side(rows=9, ends=(TURN, "<|im_start|>")), reading=MAPPED, event=(END, "<|im_start|>", TURN)
    ),
    "base and instruct, SmolLM2": Pair(
        Side("tied", ends=(END,)), Side("tied", rows=16), tokenizer=smollm2_tokenizer, reading=MAPPED, event=(END, TURN)
    ),
    "through a chat template": Pair(Side(rows=2), Side("capped"), reading={}, chat=True),
    "GPT-2 positions": Pair(Side("gpt2", rows=6, ends=(END,)), Side("llama"), reading=MAPPED, event=(END, TURN)),
    "pieces": Pair(Side("capped", rows=4), Side("gpt2"), tokenizer=pieces),
    "a tokenizer with holes": Pair(Side(rows=2), Side(rows=3), tokenizer=with_holes),
    "an end token that is none": Pair(Side(rows=8), Side(rows=8, ends=(TURN, 10**6))),
    "named end tokens": Pair(
        Side(), Side(), reading=MAPPED | {"student": {"template": "plain", "end_tokens": [END]}}, event=(END, TURN)
    ),
    "mapped and cool": Pair(Side(), Side(ends=(END,)), reading=MAPPED, event=(TURN, END), temperature=0.7),
    "Jensen-Shannon": Pair(
        Side(rows=3), Side(rows=1, ends=(END,)), objective=JensenShannon(beta=0.3), reading=MAPPED, event=(TURN, END)
    ),
    "top k": Pair(
        Side(rows=3), Side(rows=6, ends=(END,)), objective=TopK(k=5, support="union"), reading=MAPPED, event=(TURN, END)
    ),
    "sampled token": Pair(
        Side("tied", rows=3), Side(rows=6, ends=(END,)), objective=SampledToken(), reading=MAPPED, event=(TURN, END)
    ),
    "several teachers": Pair(
        Side(rows=2), Side(rows=5, ends=(END,)), second=Side("tied", rows=1), reading=MAPPED, event=(TURN, END)
    ),
    "remote": Pair(Side(rows=4), Side(), objective=SampledToken(), remote={"api": "echo"}),
    "remote, padded": Pair(Side(), Side(rows=3), objective=SampledToken(), remote={"top_logprobs": 40}, tokenizer=pieces),
    "remote, top k": Pair(
        Side(rows=1), Side("gpt2"), objective=TopK(k=4, support="teacher"), remote={"top_logprobs": 6}
    ),
    "remote, mapped": Pair(
        Side(rows=1), Side(ends=(END,)), objective=SampledToken(), reading=FAR_MAPPED, event=(TURN, END), remote={}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_two_steps_and_every_distance(train, tmp_path, name):
    pair = PAIRS[name]
    tokenizer = deepcopy(pair.tokenizer())
    tokenizer.chat_template = CHAT if pair.chat else tokenizer.chat_template
    folders = [tmp_path / who for who in ("student", "teacher", "second")]
    sides = [side for side in (pair.student, pair.teacher, pair.second) if side is not None]
    sources = [
        _written(side, tokenizer, folder, seed) for seed, (side, folder) in enumerate(zip(sides, folders, strict=False))
    ]
    file = tmp_path / "prompts.jsonl"
    file.write_text("".join(json.dumps({"prompt": text, "answer": "3"}) + "\n" for text in PROMPTS))
    config = tiny_config(
        steps=2,
        student=sources[0],
        teacher=ModelTeacher(source=sources[1]),
        data=FileData(path=str(file), instruction="", verifier="exact"),
        objective=pair.objective,
        reading=Reading.model_validate(pair.reading),
    )
    budget = config.budget.model_copy(update={"max_prompt_tokens": 128, "temperature": pair.temperature})
    config = config.model_copy(update={"budget": budget})
    if pair.second is not None:
        named = [OneOfSeveral(name=str(number), source=source) for number, source in enumerate(sources[1:])]
        config = config.model_copy(update={"teacher": SeveralTeachers(teachers=named)})
    batches: list[Any] = []
    if pair.remote is None:
        _, sink = train(config, before=lambda training: _listen(training, batches))
    else:
        teacher = AutoModelForCausalLM.from_pretrained(folders[1])
        with serving(LoadedModel(teacher, tokenizer, "far")) as server:
            remote = RemoteTeacher(url=server.url, model="far", **pair.remote)
            config = config.model_copy(update={"teacher": remote})
            _, sink = train(config, before=lambda training: _listen(training, batches))
    for step in (1, 2):
        expected = _reference(pair, folders, batches[step - 1], tokenizer)
        for key, value in expected.items():
            if pair.remote is None or key != "reverse_kl":
                assert sink.series(key)[step] == pytest.approx(value, rel=2e-4, abs=2e-6), (key, step)
    told = {key: value for batch in sink.batches for key, value in batch.scalars.items()}
    nowhere = {"eval/gap_recovery"}  # where student and teacher are equally good, or bad
    assert {key for key, value in told.items() if not math.isfinite(value)} <= nowhere


def _written(side: Side, tokenizer: Any, folder: Path, seed: int) -> Any:
    made = model(tokenizer, side.kind, seed, side.rows)
    made.generation_config.eos_token_id = [
        end if isinstance(end, int) else tokenizer.get_vocab()[end] for end in side.ends
    ]
    tokenizer.eos_token = next(end for end in side.ends if isinstance(end, str))
    return in_folder(made, folder, tokenizer)


def _listen(training: Any, batches: list[Any]) -> None:
    """Keep what each step trains on, the weights it begins with, and which teacher scores each response."""
    gather, scorer = training.parts.learner.gather, training.parts.scorer

    def gathered(step: int, cursor: int) -> Any:
        experience = gather(step, cursor)
        weights = {name: one.detach().clone() for name, one in scorer.student.model.state_dict().items()}
        labels = [getattr(scorer.teacher.policy_of(example), "label", "teacher") for example in experience.examples]
        batches.append((experience, weights, labels))
        return experience

    training.parts.learner.gather = gathered


@torch.no_grad()
def _reference(pair: Pair, folders: list[Path], batch: Any, tokenizer: Any) -> dict[str, float]:
    """Means over all response tokens, by hand."""
    experience, weights, labels = batch
    student = AutoModelForCausalLM.from_pretrained(folders[0], dtype=torch.float64)
    student.load_state_dict(weights)
    teachers = {
        folder.name: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
        for folder in folders[1:]
        if folder.exists()
    }
    size = 1 + max(tokenizer.get_vocab().values())
    event = [tokenizer.get_vocab()[text] for text in pair.event]

    beyond: list[float] = []

    def distribution(one: Any, ids: list[int], first: int) -> torch.Tensor:
        rows = one(torch.tensor([ids])).logits[0, first - 1 : -1]
        beyond.append(float(rows.softmax(1)[:, size:].sum(1).mean()))
        logits = rows[:, :size]
        if event:
            mass = logits[:, event].exp().sum(1).log()
            logits[:, event] = -torch.inf
            logits[:, event[0]] = mass
        return (logits / pair.temperature).softmax(1)

    responses = experience.rollout.responses
    sums: dict[str, list[torch.Tensor]] = {"reverse_kl": [], "reverse_kl_k1": [], "loss": []}
    rows = zip(experience.examples, responses.prompts, responses.token_BR, responses.mask_BR, labels, strict=True)
    for example, prompt, token_R, mask_R, label in rows:
        assert prompt == _ids(pair, tokenizer, example.prompt)
        tokens = token_R[mask_R].tolist()
        p, q = (distribution(one, [*prompt, *tokens], len(prompt)) for one in (student.eval(), teachers[label]))
        at = torch.arange(len(tokens)), torch.tensor(tokens)
        k1 = (p[at] / q[at]).log()
        sums["reverse_kl"].append(_kl(p, q))
        sums["reverse_kl_k1"].append(k1)
        sums["loss"].append(_loss(pair.objective, p, q, k1, p[at].log()))
    padding = max(side.rows for side in (pair.student, pair.teacher, pair.second or pair.teacher))
    assert (max(beyond) > 1e-3) == (padding > 0), "padding would tell, were it not cut off"
    return {key: float(torch.cat(parts).mean()) for key, parts in sums.items()}


def _kl(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    return torch.where(p > 0, p * (p / q).log(), 0.0).sum(1)


def _loss(objective: Objective, p: torch.Tensor, q: torch.Tensor, k1: torch.Tensor, logp: torch.Tensor) -> torch.Tensor:
    match objective:
        case SampledToken():
            return k1 * logp
        case JensenShannon(beta=beta):
            middle = beta * q + (1 - beta) * p
            return beta * _kl(q, middle) + (1 - beta) * _kl(p, middle)
        case TopK(k=k, support=support):
            total = []
            for p_V, q_V in zip(p, q, strict=True):
                chosen = {"teacher": [q_V], "union": [p_V, q_V]}[support]
                kept = torch.unique(torch.cat([one.topk(k).indices for one in chosen]))
                p_k, q_k = (torch.cat([one[kept], 1 - one[kept].sum(0, keepdim=True)]) for one in (p_V, q_V))
                total.append(_kl(p_k[None], q_k[None]))
            return torch.cat(total)
        case _:
            return _kl(p, q)


def _ids(pair: Pair, tokenizer: Any, text: str) -> list[int]:
    if not pair.chat:
        return tokenizer(text)["input_ids"]
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True
    )
    return tokenizer(text, add_special_tokens=False)["input_ids"]
