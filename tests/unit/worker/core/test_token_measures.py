"""Per-token measures against closed forms and properties. Logarithms are natural, values in nats per token."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from opdboard_worker.core.token_measures import (
    TokenMeasures,
    entropy,
    k1,
    k3,
    log_probabilities,
    measure,
    overlap,
    reverse_kl,
)


def token_measures(student: Tensor, teacher: Tensor, token: Tensor, overlap_k: int) -> TokenMeasures:
    """From logits."""
    part = measure(log_probabilities(student), log_probabilities(teacher), token, overlap_k)
    return TokenMeasures.cat([part])


def random_logp(seed: int, rows: int, vocabulary: int, scale: float = 2.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(rows, vocabulary, generator=generator, dtype=torch.float64)
    return logits.log_softmax(-1)


def logp(*probabilities: float) -> Tensor:
    return torch.tensor([probabilities], dtype=torch.float64).log()


def test_reverse_kl_of_two_coins():
    p, q = 0.9, 0.6
    expected = p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    assert reverse_kl(logp(p, 1 - p), logp(q, 1 - q)).item() == pytest.approx(expected, rel=1e-14)


def test_reverse_kl_weighs_by_the_student():
    """The student's distribution comes first: it pays nothing for what it never says."""
    assert reverse_kl(logp(1.0, 0.0), logp(0.5, 0.5)).item() == pytest.approx(math.log(2.0))
    assert reverse_kl(logp(0.5, 0.5), logp(1.0, 0.0)).item() == math.inf


def test_masked_vocabulary_adds_nothing_and_keeps_gradients_finite():
    student = torch.tensor([[0.3, -0.2, -math.inf, -math.inf]], dtype=torch.float64, requires_grad=True)
    teacher = torch.tensor([[1.0, 0.5, -math.inf, 0.0]], dtype=torch.float64)
    divergence = reverse_kl(student.log_softmax(-1), teacher.log_softmax(-1)).sum()
    (gradient,) = torch.autograd.grad(divergence, student)
    p, q = student.detach().softmax(-1)[0, :2], teacher.softmax(-1)[0, :2]
    assert divergence.item() == pytest.approx(float((p * (p / q).log()).sum()))
    assert gradient.isfinite().all()
    assert gradient[0, 2:].tolist() == [0.0, 0.0]
    assert entropy(student.detach().log_softmax(-1)).item() == pytest.approx(-float((p * p.log()).sum()))


def test_nan_is_not_hidden():
    broken = torch.full((1, 3), math.nan)
    measures = token_measures(broken, torch.zeros(1, 3), torch.tensor([0]), overlap_k=2)
    assert measures.reverse_kl.isnan().all()
    assert measures.entropy_student.isnan().all()
    assert measures.student_logprob.isnan().all()


@settings(max_examples=40)
@given(seed=st.integers(0, 2**20), vocabulary=st.integers(1, 40), scale=st.floats(0.0, 50.0))
def test_divergence_and_entropy_bounds(seed: int, vocabulary: int, scale: float):
    student, teacher = random_logp(seed, 3, vocabulary, scale), random_logp(seed + 1, 3, vocabulary, scale)
    assert (reverse_kl(student, teacher) >= -1e-12).all()
    assert reverse_kl(student, student).abs().max() == 0.0
    assert (entropy(student) >= 0.0).all()
    assert (entropy(student) <= math.log(vocabulary) + 1e-12).all()


def test_estimators_are_unbiased_for_the_reverse_kl():
    """Exactly, by the sum over all tokens instead of a sample."""
    student, teacher = random_logp(0, 5, 11), random_logp(1, 5, 11)
    expected = reverse_kl(student, teacher)
    p = student.exp()
    torch.testing.assert_close((p * k1(student, teacher)).sum(-1), expected)
    torch.testing.assert_close((p * k3(student, teacher)).sum(-1), expected)
    assert (k3(student, teacher) >= 0.0).all()


def test_k3_keeps_its_digits_where_the_models_agree():
    value = k3(torch.tensor([0.0]), torch.tensor([-1e-3]))
    assert value.item() == pytest.approx(1e-6 / 2, rel=1e-3)


def test_k1_as_a_loss_would_have_no_teacher():
    """Its expected gradient is zero whoever the teacher is, while that of the divergence is not."""
    logits = torch.randn(7, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    teacher = random_logp(3, 1, 7)[0]
    p = logits.detach().softmax(-1)
    (through_k1,) = torch.autograd.grad((p * k1(logits.log_softmax(-1), teacher)).sum(), logits)
    (through_kl,) = torch.autograd.grad(reverse_kl(logits.log_softmax(-1)[None], teacher[None]).sum(), logits)
    assert through_k1.abs().max() < 1e-15
    assert through_kl.abs().max() > 1e-2


def test_overlap_of_a_worked_example():
    """Student's two leaders are tokens 0 and 1, the teacher's 1 and 2: token 1 is shared, alone, so it agrees there."""
    student, teacher = logp(0.5, 0.3, 0.15, 0.05), logp(0.1, 0.5, 0.3, 0.1)
    ratio, mass, advantage = overlap(student, teacher, 2)
    assert ratio.item() == 0.5
    assert mass.item() == pytest.approx(0.3)
    assert advantage.item() == 0.0


def test_overlap_advantage_is_the_mean_over_shared_tokens():
    student, teacher = logp(0.6, 0.2, 0.15, 0.05), logp(0.2, 0.6, 0.05, 0.15)
    ratio, mass, advantage = overlap(student, teacher, 2)
    expected = (0.75 * math.log(0.25 / 0.75) + 0.25 * math.log(0.75 / 0.25)) / 2
    assert ratio.item() == 1.0
    assert mass.item() == pytest.approx(0.8)
    assert advantage.item() == pytest.approx(expected)


def test_overlap_without_a_shared_token_has_no_advantage():
    ratio, mass, advantage = overlap(logp(0.9, 0.1), logp(0.1, 0.9), 1)
    assert (ratio.item(), mass.item()) == (0.0, 0.0)
    assert advantage.isnan().all()


def test_overlap_of_equal_models_and_k_beyond_the_vocabulary():
    student = random_logp(5, 4, 9)
    ratio, mass, advantage = overlap(student, student, 16)
    assert ratio.tolist() == [1.0] * 4
    torch.testing.assert_close(mass, torch.ones(4, dtype=torch.float64))
    assert advantage.abs().max() == 0.0
    assert all(part.isnan().all() for part in overlap(student, student, 0))


def test_token_measures_pick_the_sampled_token():
    student_logits, teacher_logits = torch.randn(6, 20), torch.randn(6, 20)
    token = torch.randint(20, (6,))
    measures = token_measures(student_logits, teacher_logits, token, overlap_k=4)
    rows = torch.arange(6)
    torch.testing.assert_close(measures.student_logprob, student_logits.log_softmax(-1)[rows, token])
    torch.testing.assert_close(measures.teacher_logprob, teacher_logits.log_softmax(-1)[rows, token])
    torch.testing.assert_close(measures.k1, measures.student_logprob - measures.teacher_logprob)


def test_softmax_is_taken_in_float32_from_half_precision():
    logits = torch.randn(3, 5000).bfloat16()
    assert log_probabilities(logits).dtype == torch.float32
    assert log_probabilities(logits.double()).dtype == torch.float64
    torch.testing.assert_close(log_probabilities(logits), logits.double().log_softmax(-1).float(), rtol=1e-6, atol=1e-6)


def test_measures_are_detached_float32_and_concatenate():
    student = torch.randn(5, 8, dtype=torch.float64, requires_grad=True)
    whole = token_measures(student, torch.zeros(5, 8, dtype=torch.float64), torch.arange(5), overlap_k=3)
    halves = [
        token_measures(student[part], torch.zeros(5, 8, dtype=torch.float64)[part], torch.arange(5)[part], overlap_k=3)
        for part in (slice(0, 2), slice(2, 5))
    ]
    joined = TokenMeasures.cat(halves)
    assert whole.reverse_kl.dtype == torch.float32
    assert not whole.reverse_kl.requires_grad
    for name, value in vars(whole).items():
        torch.testing.assert_close(value, getattr(joined, name), rtol=0, atol=0, equal_nan=True, msg=name)


def test_totals_of_parts_give_the_means_of_all_without_undefined_advantages():
    torch.manual_seed(0)
    columns = torch.randn(len(TokenMeasures.__dataclass_fields__), 9)
    columns[-1, ::2] = math.nan  # where the overlap has no advantage
    columns[0, 3] = math.nan
    parts = [TokenMeasures(*part) for part in columns.split([4, 0, 5], 1)]
    means = TokenMeasures.means_of(torch.stack([part.totals() for part in parts]).sum(0))
    expected = [*columns[:-1].double().mean(1).tolist(), float(columns[-1, 1::2].double().mean())]
    assert list(means.values()) == pytest.approx(expected, nan_ok=True)
    assert math.isnan(means["reverse_kl"])
