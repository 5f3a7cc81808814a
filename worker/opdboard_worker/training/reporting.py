"""From tensors to the numbers and records of 03: step scalars, held-out evaluation, samples."""

import math
import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from opdboard.domain.measures import POSITION_BINS, POSITION_STATISTIC
from opdboard.domain.records import ModuleVector, SampleRecord
from opdboard_worker.core.statistics import mean_by_position, repeats_itself
from opdboard_worker.data.examples import Example
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.training.probe import Answers
from opdboard_worker.training.rollout import Rollout
from opdboard_worker.training.teacher import Teacher

_NEED_WHOLE_TEACHER = ("reverse_kl", "entropy_teacher", "overlap_ratio", "overlap_mass", "overlap_advantage")


@dataclass(frozen=True)
class ResponseFacts:
    """What is reported of some responses, one entry each; `repeats` and `correct` are empty where nobody asked.

    correct: None where no answer is known.
    """

    lengths: list[int]
    ended: list[bool]
    repeats: list[bool]
    correct: list[bool | None]


def facts_of(rollout: Rollout, texts: Sequence[str] = (), correct: Sequence[bool | None] = ()) -> ResponseFacts:
    """Small enough to be gathered from all ranks."""
    repeats = [repeats_itself(text) for text in texts]
    return ResponseFacts(rollout.lengths_B.tolist(), rollout.ended_B.tolist(), repeats, list(correct))


def token_scalars(means: Mapping[str, float], *, complete: bool) -> dict[str, float]:
    """Means over the batch's response tokens, under the names of domain.measures.SCALARS.

    complete: whether the teacher's whole distribution is known; what needs it is left out otherwise.
    """
    renamed = {"k1": "reverse_kl_k1", "k3": "reverse_kl_k3"}
    scalars = {renamed.get(name, name): mean for name, mean in means.items()}
    scalars["entropy_gap"] = means["entropy_student"] - means["entropy_teacher"]
    unwanted = {"student_logprob"} if complete else {"student_logprob", "entropy_gap", *_NEED_WHOLE_TEACHER}
    return {name: mean for name, mean in scalars.items() if name not in unwanted}


def policy_scalars(means: Mapping[str, float]) -> dict[str, float]:
    """Means over the batch's response tokens of a policy gradient."""
    scalars = {"entropy_student": means["entropy"], "clip_fraction": means["clipped"]}
    return scalars if math.isnan(means["kl"]) else scalars | {"reference_kl": means["kl"]}


def length_scalars(parts: Sequence[ResponseFacts]) -> dict[str, float]:
    """Lengths and truncation of a batch, from its parts."""
    lengths = torch.tensor([length for part in parts for length in part.lengths], dtype=torch.float64)
    ended = [flag for part in parts for flag in part.ended]
    return {
        "response_length": float(lengths.mean()),
        "response_length_p95": float(torch.quantile(lengths, 0.95)),
        "truncated_share": 1.0 - sum(ended) / len(ended),
    }


def rollout_scalars(parts: Sequence[ResponseFacts]) -> dict[str, float]:
    """Lengths, truncation, repetition and, where answers are known, accuracy of a batch, from its parts."""
    repeats = [flag for part in parts for flag in part.repeats]
    correct = [flag for part in parts for flag in part.correct if flag is not None]
    accuracy = {"accuracy": sum(correct) / len(correct)} if correct else {}
    return length_scalars(parts) | {"repetition_rate": sum(repeats) / len(repeats)} | accuracy


def evaluation_scalars(
    answers: Answers, teacher: Teacher | None, at_start: float | None, of_teacher: float | None
) -> dict[str, float]:
    """The held-out curve; gap_recovery is NaN where student and teacher started equal, and no accuracy is that of no answers.

    of_teacher: its accuracy, None where it cannot be asked to answer. To a teacher that tells the log-probabilities of a
    few tokens only, the reverse KL is estimated.
    """
    accuracy, judged = answers.accuracy, len(answers.judged)
    scalars = {} if accuracy is None else {"eval/accuracy": accuracy}
    if 0 < judged < len(answers.correct):
        scalars["eval/judged"] = judged
    if teacher is not None and teacher.complete:
        scalars["eval/reverse_kl"] = answers.reverse_kl
    elif teacher is not None:
        scalars["eval/reverse_kl_k3"] = float(answers.measures.k3.mean())
    if accuracy is not None and at_start is not None and of_teacher is not None:
        gap = of_teacher - at_start
        scalars["eval/gap_recovery"] = (accuracy - at_start) / gap if gap else math.nan
        scalars["eval/teacher_accuracy"] = of_teacher
    return scalars


def position_vector(step: int, answers: Answers, max_tokens: int) -> ModuleVector:
    """Mean reverse KL by position in the response, in POSITION_BINS equal bins of the longest possible response."""
    bin_N = answers.rollout.responses.position_N * POSITION_BINS // max(max_tokens, POSITION_BINS)
    values = mean_by_position(answers.measures.reverse_kl, bin_N, POSITION_BINS)
    return ModuleVector(POSITION_STATISTIC, step, values.tolist())


def samples(
    step: int, examples: Sequence[Example], answers: Answers, prompts: PromptBuilder, count: int
) -> list[SampleRecord]:
    """The first held-out responses, token by token."""
    responses = answers.rollout.responses
    ends = answers.rollout.lengths_B.cumsum(0).tolist()
    records = []
    for index, example in enumerate(examples[:count]):
        window = slice(ends[index - 1] if index else 0, ends[index])
        ids = responses.token_BR[index][responses.mask_BR[index]].tolist()
        records.append(
            SampleRecord(
                step=step,
                index=index,
                prompt=prompts.text(responses.prompts[index]),
                answer=example.answer,
                response=answers.texts[index],
                tokens=prompts.decode_tokens(ids),
                token_kl=answers.measures.reverse_kl[window].tolist(),
                token_advantage=(-answers.measures.k1[window]).tolist(),
                correct=answers.correct[index],
                truncated=not bool(answers.rollout.ended_B[index]),
            )
        )
    return records


def peak_memory() -> float:
    """Bytes: of the CUDA device where there is one, else of this process."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return float(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024)
