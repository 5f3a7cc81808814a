"""The first forward passes of a run: they refuse a pair that cannot be right, and what they saw is the run's check.

Nothing is computed for the check alone but the mass of a top k: rollout and scorings are those that the refusals need.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard.domain import footprint
from opdboard.domain.check import Check, Divergence, Expectation, ScoredResponse, SetRead
from opdboard.domain.model_shape import ModelShape
from opdboard.domain.objectives import SampledToken, TopK
from opdboard.domain.teachers import RemoteTeacher
from opdboard.domain.traps import traps
from opdboard_worker.core.teachers import PartialTeacher, TeacherScores
from opdboard_worker.core.token_measures import TokenMeasures
from opdboard_worker.data.examples import Example
from opdboard_worker.models.pair import check_starts_near_zero, check_teacher_repeatable
from opdboard_worker.training.parity import apart, parity
from opdboard_worker.training.policy import Policy, Responses
from opdboard_worker.training.probe import Scorer
from opdboard_worker.training.reporting import peak_memory
from opdboard_worker.training.rollout import Rollout
from opdboard_worker.training.samplers.sampler import check_agreement
from opdboard_worker.training.sides import prompt_read, sides_of, what_happens

PROMPTS, RESPONSES, TOKENS = 3, 2, 512
"""That a check shows: prompts, responses, and tokens of each of these from its beginning."""
_PARITY = "a served teacher is not compared with local weights: teacher.weights names none"
_UPDATE = 3
"""Times its forward pass that an update of the student takes: the backward pass is two."""
_MOST_TOKENS = 1024
"""For which the mass of a top k is looked at."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Passes:
    """A rollout and what both sides make of it, in responses.token_N order; seconds of each kind of pass, warmed up."""

    examples: Sequence[Example]
    rollout: Rollout
    responses: Responses
    scores: TeacherScores | None
    first: TokenMeasures
    again: TokenMeasures | None
    rollout_seconds: float
    teacher_seconds: float
    student_seconds: float


@torch.no_grad()
def preflight(
    scorer: Scorer,
    train: Sequence[Example],
    held_out: Sequence[Example],
    left_out: int,
    sets: Sequence[SetRead] = (),
    served: Callable[[], Policy] | None = None,
) -> Check:
    """The teacher repeats itself; equal student and teacher are at distance zero; sampler and student agree.

    Raises ModelProblem where not. left_out: prompts that are too long; sets: evaluation sets, which nothing is asked of here.
    served: loads the weights that a remote teacher is said to serve, where they are named.
    """
    config, teacher = scorer.config, scorer.teacher
    made = _passes(scorer, held_out[: scorer.micro_batch_size])
    if teacher is not None and made.again is not None:
        # A server batches requests as they come, and in half precision that shows.
        tolerance = 1e-4 if teacher.complete else 0.05
        check_teacher_repeatable(made.first.teacher_logprob, made.again.teacher_logprob, tolerance=tolerance)
        alike = all(scorer.prompts.teacher_ids(one) == scorer.prompts.student_ids(one) for one in made.examples)
        if alike and config.teacher.starts_as(config.student):
            check_starts_near_zero(float(made.first.reverse_kl.mean()))
    if config.sampler.copy_bytes:
        check_agreement(made.rollout, made.first.student_logprob)
    sampler_logp_N = made.rollout.sampler_logp_BR[made.rollout.responses.mask_BR]
    sides = sides_of(config, scorer.student, teacher, scorer.prompts, [*train, *held_out])
    check = Check(
        sides=sides,
        ends=what_happens(config, sides),
        prompts=[prompt_read(one, scorer.prompts, scored=teacher is not None) for one in train[:PROMPTS]],
        sets=list(sets),
        left_out=left_out,
        all_prompts=left_out + len(train) + len(held_out),
        responses=_responses(scorer, made),
        sampled=len(made.examples),
        ended=int(made.rollout.ended_B.sum()),
        divergence=_divergence(made, complete=scorer.measures_reverse_kl),
        repeatability=made.again and apart(made.first.teacher_logprob, made.again.teacher_logprob),
        sampler=apart(sampler_logp_N, made.first.student_logprob),
        clipped=_clipped(config.objective, made.first.student_logprob, sampler_logp_N),
        top_mass=_top_mass(scorer, made),
        parity=_PARITY if isinstance(config.teacher, RemoteTeacher) and served is None else "",
        served=served and parity(scorer, made.examples, made.responses, made.first.teacher_logprob, served),
        sampling_temperature=config.budget.temperature,
        expected=_expected(scorer, made),
    )
    check = check.model_copy(update={"warnings": traps(check, config)})
    for trap in check.warnings:
        log.warning("%s", trap.message)
    return check


def _passes(scorer: Scorer, few: Sequence[Example]) -> _Passes:
    """One rollout, scored twice where there is a teacher."""
    teacher = scorer.teacher
    began = _now(scorer)
    rollout = scorer.roll(few, "preflight")
    responses = rollout.responses.rows(0, len(few))
    sampled = _now(scorer)
    scores = None if teacher is None else scorer.teacher_scores(few, responses)
    first = scorer.measures(few, responses, scores)
    warm = taught = _now(scorer)
    again = None
    if teacher is not None:
        second = scorer.teacher_scores(few, responses)
        taught = _now(scorer)
        again = scorer.measures(few, responses, second)
    student_seconds = _now(scorer) - taught if again else warm - sampled
    return _Passes(
        few, rollout, responses, scores, first, again, sampled - began, taught - warm, student_seconds
    )  # fmt: skip


def _divergence(made: _Passes, *, complete: bool) -> Divergence | None:
    if made.again is None:
        return None
    distance_N = made.first.reverse_kl if complete else made.first.k3
    return Divergence(
        mean=float(distance_N.mean()), estimator="reverse_kl" if complete else "k3", tokens=len(distance_N)
    )


def _now(scorer: Scorer) -> float:
    """When everything asked for so far is done."""
    if scorer.student.device.type == "cuda":
        torch.cuda.synchronize(scorer.student.device)
    return time.perf_counter()


def _responses(scorer: Scorer, made: _Passes) -> list[ScoredResponse]:
    responses, ends = made.rollout.responses, made.rollout.lengths_B.cumsum(0).tolist()
    found = []
    for row, end in enumerate(ends[:RESPONSES]):
        window = slice(ends[row - 1] if row else 0, end)
        ids = responses.token_BR[row][responses.mask_BR[row]].tolist()
        found.append(
            ScoredResponse(
                prompt=scorer.prompts.text(responses.prompts[row]),
                length=len(ids),
                tokens=scorer.prompts.decode_tokens(ids)[:TOKENS],
                student_logp=made.first.student_logprob[window][:TOKENS].tolist(),
                teacher_logp=made.again and made.first.teacher_logprob[window][:TOKENS].tolist(),
                ended=bool(made.rollout.ended_B[row]),
            )
        )
    return found


def _clipped(objective: object, trainer_logp_N: Tensor, sampler_logp_N: Tensor) -> float | None:
    if not isinstance(objective, SampledToken):
        return None
    weight_N = (trainer_logp_N - sampler_logp_N.to(trainer_logp_N)).exp()
    return float((weight_N > objective.importance_cap).double().mean())


def _top_mass(scorer: Scorer, made: _Passes) -> float | None:
    """What the teacher gives to the tokens that a server tells, or that the objective tells apart."""
    scores = made.scores
    if isinstance(scores, PartialTeacher):
        return float(scores.top_logp_NM.double().exp().sum(1).mean()) if scores.top_logp_NM.shape[1] else None
    objective = scorer.config.objective
    if scores is None or not isinstance(objective, TopK):
        return None
    tokens = slice(0, min(_MOST_TOKENS, scorer.chunk_tokens, len(scores)))
    with scorer.student.autocast():
        teacher_NV = scores.logits(tokens).float().log_softmax(-1)
        student_NV = scorer.head(scorer.student)(scorer.student.hidden(made.responses)[tokens]).float()
    told_NV = torch.zeros_like(teacher_NV, dtype=torch.bool)
    for support, logits_NV in (("student", student_NV), ("teacher", teacher_NV)):
        if objective.support in (support, "union"):
            top_NK = logits_NV.topk(min(objective.k, logits_NV.shape[1])).indices
            told_NV.scatter_(1, top_NK, True)
    return float((teacher_NV.exp() * told_NV).sum(1).double().mean())


def _expected(scorer: Scorer, made: _Passes) -> Expectation:
    """From what was just measured, scaled by the number of responses; memory from the models' shapes."""
    config, count = scorer.config, len(made.examples)
    student, teachers = _shape({"": scorer.student}), {} if scorer.teacher is None else scorer.teacher.models
    teacher = _shape({f"{name} ": policy for name, policy in teachers.items()}) if teachers else student
    scored = made.teacher_seconds + made.student_seconds
    seconds = made.rollout_seconds + made.teacher_seconds + _UPDATE * made.student_seconds
    return Expectation(
        seconds_per_step=seconds * config.budget.batch_size / count / config.devices,
        seconds_from=f"{count} responses were sampled in {made.rollout_seconds:.2g} s and scored in {scored:.2g} s; scaled to "
        f"{config.budget.batch_size}, an update taken as {_UPDATE} forward passes. Search and evaluation come on top",
        memory_bytes=footprint.peak(footprint.memory(config, student, teacher)),
        memory_from=f"estimated from the models' shapes; {peak_memory() / 2**30:.2f} GiB were in use at most until here",
    )


def _shape(models: Mapping[str, Policy]) -> ModelShape:
    return ModelShape(
        {
            f"{prefix}{name}": tuple(parameter.shape)
            for prefix, policy in models.items()
            for name, parameter in policy.model.named_parameters()
        }
    )
