"""A teacher of which some log-probabilities are known: the same losses as from all of them, where these suffice."""

import pytest
import torch
from torch import Tensor

from opdboard_worker.core.losses import distillation_loss, measures_only
from opdboard_worker.core.objectives import FullVocabulary, JensenShannon, Objective, SampledToken, TopK
from opdboard_worker.core.teachers import PartialTeacher, WholeTeacher

TOKENS, VOCABULARY = 19, 23
GENERATOR = torch.Generator().manual_seed(5)
HIDDEN = torch.randn(TOKENS, 6, generator=GENERATOR, dtype=torch.float64).requires_grad_()
WEIGHT = torch.randn(VOCABULARY, 6, generator=GENERATOR, dtype=torch.float64).requires_grad_()
TEACHER_LOGITS = torch.randn(TOKENS, VOCABULARY, generator=GENERATOR, dtype=torch.float64) * 2
TOKEN = torch.randint(VOCABULARY, (TOKENS,), generator=GENERATOR)
EVEN = torch.full((TOKENS,), 1 / TOKENS, dtype=torch.float64)


def head(hidden: Tensor) -> Tensor:
    return hidden @ WEIGHT.T


def partial(known: int) -> PartialTeacher:
    logq = TEACHER_LOGITS.log_softmax(-1)
    top = logq.topk(known)
    return PartialTeacher(TOKEN, logq[torch.arange(TOKENS), TOKEN], top.indices, top.values, VOCABULARY)


def loss_of(objective: Objective, teacher: WholeTeacher | PartialTeacher) -> tuple[Tensor, ...]:
    loss, _ = distillation_loss(objective, HIDDEN, head, teacher, TOKEN, EVEN, chunk_tokens=7)
    return loss.detach(), *torch.autograd.grad(loss, [HIDDEN, WEIGHT])


@pytest.mark.parametrize(
    ("objective", "known"),
    [
        (SampledToken(), 0),
        (SampledToken(), 4),
        (TopK(4, "teacher"), 4),
        (TopK(2, "teacher"), 4),
        (TopK(1, "teacher"), 1),
    ],
)
def test_what_is_known_gives_the_same_loss_and_gradient(objective: Objective, known: int):
    whole = WholeTeacher(TEACHER_LOGITS, lambda logits: logits)
    torch.testing.assert_close(loss_of(objective, partial(known)), loss_of(objective, whole), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("known", [0, 3, VOCABULARY])
def test_known_probabilities_are_kept_and_the_rest_sums_up_to_one(known: int):
    teacher = partial(known)
    logq = teacher.logits(slice(2, 11))
    torch.testing.assert_close(logq.exp().sum(-1), torch.ones(9), rtol=0, atol=2e-6)
    torch.testing.assert_close(logq.gather(1, TOKEN[2:11, None]).squeeze(1), teacher.logp_N[2:11].float())
    torch.testing.assert_close(logq.topk(known).values, teacher.top_logp_NM[2:11].float())


def test_measures_that_need_all_of_the_teacher_are_not_made_up():
    whole = WholeTeacher(TEACHER_LOGITS, lambda logits: logits)
    told, known = (measures_only(HIDDEN, head, teacher, TOKEN) for teacher in (partial(4), whole))
    for name, values in vars(told).items():
        if name in ("reverse_kl", "entropy_teacher", "overlap_ratio", "overlap_mass", "overlap_advantage"):
            assert values.isnan().all(), name
        else:
            torch.testing.assert_close(values, getattr(known, name), rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.parametrize(
    "objective", [FullVocabulary(), JensenShannon(), TopK(5, "teacher"), TopK(2, "student"), TopK(2, "union")]
)
def test_an_objective_that_needs_more_is_refused(objective: Objective):
    with pytest.raises(ValueError, match="needs more of the teacher than its 4 likeliest tokens"):
        loss_of(objective, partial(4))
