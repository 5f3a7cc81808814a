"""How the demo pair is made: one supervised run, its averaged weights taken twice.

The model learns sums with their answers. What is kept is an exponential moving average of its weights: `base` when the
average's samples are right in about BASE_ACCURACY of the cases, `teacher` at TEACHER_ACCURACY later in the same run.
Two choices make a pair on which looking ahead has something to find. A large learning rate ends in a flat place, where
the update direction at a rate of 1e-5 holds for many steps; pairs made at rates of 1e-4 to 1e-3, or annealed, lay in
sharp valleys, and EffOPD's jumps were refused there. And averaging removes the noise that so large a rate leaves. How much
EffOPD gains depends on the pair: docs/strategies.md names what pairs of three rates gave.
"""

import copy
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from torch import Tensor
from transformers import LlamaForCausalLM

from opdboard_worker.data.examples import arithmetic_example
from opdboard_worker.models.demo import EOS_ID, PAD_ID, build_model, build_tokenizer, read_model

log = logging.getLogger(__name__)

BASE_ACCURACY, TEACHER_ACCURACY = 0.12, 0.50
_PROMPT_TOKENS = 9  # <bos>ddd+ddd=
_RESPONSE_TOKENS = 5  # four digits and <eos>


@dataclass(frozen=True)
class Recipe:
    """Settings of the supervised run."""

    seed: int = 2
    learning_rate: float = 4e-3
    warmup_steps: int = 200
    beta2: float = 0.98
    batch_size: int = 256
    gradient_clip: float = 1.0
    average_decay: float = 0.98
    check_every: int = 10
    most_steps: int = 4000


@dataclass(frozen=True)
class Measured:
    """What came out; accuracies are shares of 4,000 sums, the KL is in nats per token on base's own samples."""

    base_step: int
    teacher_step: int
    base_accuracy: float
    base_greedy_accuracy: float
    teacher_accuracy: float
    teacher_greedy_accuracy: float
    initial_reverse_kl: float


def make_pair(folder: Path, recipe: Recipe) -> Measured:
    """Train both models, write them in half precision with recipe.json, and measure what was written; minutes on two cores."""
    steps = _train(recipe, folder)
    base, teacher = (read_model(folder / f"{role}.safetensors") for role in ("base", "teacher"))
    measured = Measured(
        *steps,
        base_accuracy=accuracy(base, 4000),
        base_greedy_accuracy=accuracy(base, 4000, greedy=True),
        teacher_accuracy=accuracy(teacher, 4000),
        teacher_greedy_accuracy=accuracy(teacher, 4000, greedy=True),
        initial_reverse_kl=reverse_kl(base, teacher, 4000),
    )
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    told = {"recipe": asdict(recipe), "measured": asdict(measured), "versions": versions}
    (folder / "recipe.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return measured


def _train(recipe: Recipe, folder: Path) -> tuple[int, int]:
    """Write base and teacher when the run passes their accuracies; returns the steps of both."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    model = build_model().train()
    average = copy.deepcopy(model).eval()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, recipe.beta2), weight_decay=0.0
    )
    generator = torch.Generator().manual_seed(recipe.seed)
    wanted, reached = [("base", BASE_ACCURACY), ("teacher", TEACHER_ACCURACY)], []
    for step in range(1, recipe.most_steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * min(1.0, step / recipe.warmup_steps)
        loss = _loss(model, sums(recipe.batch_size, generator))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.gradient_clip)
        optimizer.step()
        with torch.no_grad():
            for kept, weight in zip(average.parameters(), model.parameters(), strict=True):
                kept.lerp_(weight, 1 - recipe.average_decay)
        if step % recipe.check_every or loss.item() > 0.9:  # above this loss hardly a sum is right
            continue
        reached_accuracy = accuracy(average, 1000)
        log.info("step %d  loss %.3f  sampled accuracy %.3f", step, loss.item(), reached_accuracy)
        while wanted and reached_accuracy >= wanted[0][1]:
            _write(average, folder, wanted.pop(0)[0])
            reached.append(step)
        if not wanted:
            return reached[0], reached[1]
    raise RuntimeError(f"accuracy {wanted[0][1]} was not reached in {recipe.most_steps} steps; try another seed")


def sums(count: int, generator: torch.Generator) -> Tensor:
    """Random sums with their answers (count, 14): prompt, answer, end, padding."""
    tokenizer = build_tokenizer()
    numbers = torch.randint(10**6, (count,), generator=generator).tolist()
    examples = [arithmetic_example(number, digits=3) for number in numbers]
    texts = [f"{example.prompt}{example.answer}{tokenizer.eos_token}" for example in examples]
    encoded = tokenizer(texts, padding="max_length", max_length=_PROMPT_TOKENS + _RESPONSE_TOKENS, return_tensors="pt")
    return torch.as_tensor(encoded["input_ids"])


def _loss(model: LlamaForCausalLM, token_BT: Tensor) -> Tensor:
    target_BR = token_BT[:, _PROMPT_TOKENS:]
    logits_BRV = model(token_BT).logits[:, _PROMPT_TOKENS - 1 : -1]
    return torch.nn.functional.cross_entropy(logits_BRV.flatten(0, 1), target_BR.flatten(), ignore_index=PAD_ID)


@torch.no_grad()
def accuracy(model: LlamaForCausalLM, count: int, *, greedy: bool = False) -> float:
    """Share of `count` sums, always the same ones, that a sample at temperature 1 (or the likeliest token) answers right."""
    generator = torch.Generator().manual_seed(5)
    token_BT = sums(count, generator)
    answered_BT = _respond(model, token_BT[:, :_PROMPT_TOKENS], None if greedy else generator)
    return float((answered_BT == token_BT).all(1).float().mean())


@torch.no_grad()
def reverse_kl(student: LlamaForCausalLM, teacher: LlamaForCausalLM, count: int) -> float:
    """KL(student || teacher) over the vocabulary, nats per token, on the student's samples."""
    generator = torch.Generator().manual_seed(7)
    token_BT = _respond(student, sums(count, generator)[:, :_PROMPT_TOKENS], generator)
    mask_BR = token_BT[:, _PROMPT_TOKENS:] != PAD_ID
    ours_BRV, theirs_BRV = (
        model(token_BT).logits[:, _PROMPT_TOKENS - 1 : -1].log_softmax(-1) for model in (student, teacher)
    )
    kl_BR = (ours_BRV.exp() * (ours_BRV - theirs_BRV)).sum(-1)
    return float(kl_BR[mask_BR].mean())


def _respond(model: LlamaForCausalLM, token_BT: Tensor, generator: torch.Generator | None) -> Tensor:
    """Prompts with responses behind them, padded after the end token; the likeliest tokens without a generator."""
    done_B = torch.zeros(len(token_BT), dtype=torch.bool)
    for _ in range(_RESPONSE_TOKENS):
        logits_BV = model(token_BT).logits[:, -1]
        if generator is None:
            next_B = logits_BV.argmax(-1)
        else:
            next_B = torch.multinomial(logits_BV.softmax(-1), 1, generator=generator)[:, 0]
        next_B = next_B.masked_fill(done_B, PAD_ID)
        done_B |= next_B == EOS_ID
        token_BT = torch.cat([token_BT, next_B.unsqueeze(1)], 1)
    return token_BT


def _write(model: LlamaForCausalLM, folder: Path, role: str) -> None:
    save_file({name: value.half() for name, value in model.state_dict().items()}, folder / f"{role}.safetensors")
