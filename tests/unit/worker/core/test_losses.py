"""The chunked objectives against the plain formulas and autograd, in float64 unless precision is the point."""

import math
from dataclasses import dataclass, replace

import pytest
import torch
from support.objective_formulas import losses
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from typing_extensions import override

from opdboard_worker.core import chunks
from opdboard_worker.core.losses import distillation_loss, measures_only
from opdboard_worker.core.objectives import FullVocabulary, JensenShannon, Objective, SampledToken, TopK
from opdboard_worker.core.teachers import Head, WholeTeacher
from opdboard_worker.core.token_measures import TokenMeasures, measure, reverse_kl

FULL, SAMPLED = FullVocabulary(), SampledToken(importance_cap=2.0)
OBJECTIVES = (
    FULL,
    SAMPLED,
    FullVocabulary(reward_scale=1.25),
    SampledToken(importance_cap=2.0, reward_scale=1.25),
    TopK(k=3, support="student"),
    TopK(k=3, support="teacher"),
    TopK(k=3, support="union"),
    JensenShannon(beta=0.3),
    JensenShannon(beta=0.0),
    JensenShannon(beta=1.0),
)


@dataclass
class Case:
    """A student and a teacher of different widths over one vocabulary, and a batch of sampled tokens."""

    student_hidden: Tensor
    student_weight: Tensor
    teacher_hidden: Tensor
    teacher_weight: Tensor
    reference_hidden: Tensor
    token: Tensor
    weight: Tensor
    sampler_logp: Tensor

    def student_head(self, hidden: Tensor) -> Tensor:
        return 5.0 * torch.tanh(hidden @ self.student_weight.T / 5.0)

    def teacher_head(self, hidden: Tensor) -> Tensor:
        return hidden @ self.teacher_weight.T

    @property
    def teacher(self) -> WholeTeacher:
        return WholeTeacher(self.teacher_hidden, self.teacher_head)

    @property
    def reference(self) -> WholeTeacher:
        return WholeTeacher(self.reference_hidden, self.teacher_head)

    def plain_loss(self, objective: Objective, sampler_logp: Tensor | None = None) -> Tensor:
        """The formulas of the papers over all tokens at once, for autograd."""
        logp = self.student_head(self.student_hidden).log_softmax(-1)
        logq = self.teacher_head(self.teacher_hidden).log_softmax(-1)
        logr = self.teacher_head(self.reference_hidden).log_softmax(-1)
        return (self.weight * losses(objective, logp, logq, logr, self.token, sampler_logp)).sum()


def make_case(tokens: int = 23, vocabulary: int = 31, dtype: torch.dtype = torch.float64) -> Case:
    generator = torch.Generator().manual_seed(tokens)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    return Case(
        student_hidden=normal(tokens, 6).requires_grad_(),
        student_weight=normal(vocabulary, 6).requires_grad_(),
        teacher_hidden=normal(tokens, 9),
        teacher_weight=normal(vocabulary, 9),
        reference_hidden=normal(tokens, 9),
        token=torch.randint(vocabulary, (tokens,), generator=generator),
        weight=torch.rand(tokens, generator=generator, dtype=torch.float64).to(dtype),
        sampler_logp=normal(tokens) - 3.0,
    )


def chunked_loss(case: Case, objective: Objective, chunk_tokens: int, sampler_logp: Tensor | None = None) -> Tensor:
    loss, _ = distillation_loss(
        objective,
        case.student_hidden,
        case.student_head,
        case.teacher,
        case.token,
        case.weight,
        reference=case.reference if objective.needs_reference else None,
        sampler_logp_N=sampler_logp,
        chunk_tokens=chunk_tokens,
    )
    return loss


def gradients(loss: Tensor, case: Case) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, (case.student_hidden, case.student_weight), retain_graph=True)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("chunk_tokens", [1, 7, 23, 1000])
@pytest.mark.parametrize("with_sampler", [False, True])
def test_value_and_gradients_equal_the_plain_formula(objective: Objective, chunk_tokens: int, with_sampler: bool):
    case = make_case()
    sampler_logp = case.sampler_logp if with_sampler else None
    plain, chunked = case.plain_loss(objective, sampler_logp), chunked_loss(case, objective, chunk_tokens, sampler_logp)
    torch.testing.assert_close(chunked, plain, rtol=1e-12, atol=1e-12)
    for ours, theirs in zip(gradients(chunked, case), gradients(plain, case), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-12)


def test_softmax_in_several_blocks_of_rows(monkeypatch: pytest.MonkeyPatch):
    case = make_case()
    whole = chunked_loss(case, FULL, 10)
    monkeypatch.setattr(chunks, "_CPU_BLOCK_ELEMENTS", 3 * 31)
    blocks = chunked_loss(case, FULL, 10)
    torch.testing.assert_close(blocks, whole, rtol=1e-12, atol=0)
    torch.testing.assert_close(gradients(blocks, case), gradients(whole, case), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_one_batch_of_eight_equals_eight_of_one(objective: Objective):
    whole = make_case(tokens=24)
    whole.weight = torch.full_like(whole.weight, 1 / 24)
    loss = chunked_loss(whole, objective, chunk_tokens=5)
    loss.backward()
    hidden_gradient, weight_gradient = whole.student_hidden.grad, whole.student_weight.grad
    whole.student_hidden.grad = whole.student_weight.grad = None
    total = 0.0
    for part in torch.arange(24).split(3):
        micro = replace(whole, **{name: column[part] for name, column in vars(whole).items() if len(column) == 24})
        micro_loss = chunked_loss(micro, objective, chunk_tokens=2)
        micro_loss.backward()
        total += micro_loss.item()
    assert total == pytest.approx(loss.item(), rel=1e-12)
    torch.testing.assert_close(whole.student_hidden.grad, hidden_gradient, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(whole.student_weight.grad, weight_gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("reward_scale", [1.0, 1.25, 0.5])
def test_sampled_token_gradient_is_that_of_the_divergence_in_expectation(reward_scale: float):
    """Summed over every possible token with its probability, exactly; with lambda the divergence from q_lambda."""
    case = make_case(tokens=1, vocabulary=9)
    divergence = gradients(case.plain_loss(FullVocabulary(reward_scale)), case)
    p = case.student_head(case.student_hidden).softmax(-1)[0].tolist()
    expected = [torch.zeros_like(gradient) for gradient in divergence]
    for token, probability in enumerate(p):
        case.token = torch.tensor([token])
        sampled = gradients(chunked_loss(case, SampledToken(2.0, reward_scale), chunk_tokens=8), case)
        expected = [total + probability * gradient for total, gradient in zip(expected, sampled, strict=True)]
    torch.testing.assert_close(tuple(expected), divergence)


def test_tied_embeddings_collect_both_gradients():
    generator = torch.Generator().manual_seed(0)
    embedding = torch.randn(13, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    tokens = torch.randint(13, (11,), generator=generator)
    teacher_logits = torch.randn(11, 13, generator=generator, dtype=torch.float64)
    weight = torch.full((11,), 1 / 11, dtype=torch.float64)

    def through(loss: Tensor) -> Tensor:
        return torch.autograd.grad(loss, embedding)[0]

    hidden = embedding[tokens].tanh()
    logp, logq = (hidden @ embedding.T).log_softmax(-1), teacher_logits.log_softmax(-1)
    plain = through((weight * reverse_kl(logp, logq)).sum())
    hidden = embedding[tokens].tanh()
    chunked, _ = distillation_loss(
        FULL,
        hidden,
        lambda h: h @ embedding.T,
        WholeTeacher(teacher_logits, lambda q: q),
        tokens,
        weight,
        chunk_tokens=4,
    )
    torch.testing.assert_close(through(chunked), plain, rtol=1e-11, atol=1e-13)


def test_head_with_a_weight_merged_outside_of_it():
    """Every chunk goes back through the shared merge, and the outer graph stays usable."""
    case = make_case()
    scale = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)
    merged = case.student_weight * scale

    def head(hidden: Tensor) -> Tensor:
        return hidden @ merged.T

    loss, _ = distillation_loss(
        FULL, case.student_hidden, head, case.teacher, case.token, case.weight,
        chunk_tokens=5,
    )  # fmt: skip
    logp = head(case.student_hidden).log_softmax(-1)
    logq = case.teacher_head(case.teacher_hidden).log_softmax(-1)
    inputs = (case.student_hidden, case.student_weight, scale)
    ours = torch.autograd.grad(loss, inputs)
    theirs = torch.autograd.grad((case.weight * reverse_kl(logp, logq)).sum(), inputs)
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-12)


def test_two_parameters_with_one_gradient_are_not_mixed_up():
    """Autograd may hand out the same tensor for both biases; the running sums must not share it."""
    case = make_case()
    first, second = (torch.zeros(31, dtype=torch.float64, requires_grad=True) for _ in range(2))
    loss, _ = distillation_loss(
        FULL, case.student_hidden, lambda h: case.student_head(h) + (first + second), case.teacher, case.token, case.weight, chunk_tokens=4,
    )  # fmt: skip
    plain_bias = torch.zeros(31, dtype=torch.float64, requires_grad=True)
    logp = (case.student_head(case.student_hidden) + plain_bias).log_softmax(-1)
    logq = case.teacher_head(case.teacher_hidden).log_softmax(-1)
    (expected,) = torch.autograd.grad((case.weight * reverse_kl(logp, logq)).sum(), plain_bias)
    torch.testing.assert_close(torch.autograd.grad(loss, (first, second)), (expected, expected))


def test_frozen_head_and_frozen_body():
    case = make_case()
    case.student_weight = case.student_weight.detach()
    plain = torch.autograd.grad(case.plain_loss(FULL), case.student_hidden)
    torch.testing.assert_close(torch.autograd.grad(chunked_loss(case, FULL, 4), case.student_hidden), plain)
    case = make_case()
    case.student_hidden = case.student_hidden.detach()
    plain = torch.autograd.grad(case.plain_loss(FULL), case.student_weight)
    torch.testing.assert_close(torch.autograd.grad(chunked_loss(case, FULL, 4), case.student_weight), plain)
    case.student_weight = case.student_weight.detach()
    assert not chunked_loss(case, FULL, 4).requires_grad


def test_teacher_gets_no_gradient():
    case = make_case()
    case.teacher_hidden.requires_grad_()
    case.teacher_weight.requires_grad_()
    chunked_loss(case, FULL, 5).backward()
    assert case.teacher_hidden.grad is None
    assert case.teacher_weight.grad is None


def test_upstream_scale_reaches_the_gradient():
    case = make_case()
    once, thrice = (gradients(scale * chunked_loss(case, FULL, 6), case) for scale in (1.0, 3.0))
    torch.testing.assert_close(thrice, tuple(3.0 * gradient for gradient in once))


def test_second_derivative_is_refused():
    case = make_case()
    (first,) = torch.autograd.grad(chunked_loss(case, FULL, 6), case.student_hidden, create_graph=True)
    assert not first.requires_grad
    with pytest.raises(RuntimeError, match="does not require grad"):
        first.sum().backward()


def test_no_gradient_mode_gives_the_same_value():
    case = make_case()
    with torch.no_grad():
        value = chunked_loss(case, SAMPLED, 6)
    assert not value.requires_grad
    torch.testing.assert_close(value, chunked_loss(case, SAMPLED, 6).detach())


def test_student_equal_to_teacher_loses_nothing():
    case = make_case()
    loss, measures = distillation_loss(
        FULL, case.student_hidden, case.student_head, WholeTeacher(case.student_hidden.detach(), case.student_head), case.token, case.weight,
    )  # fmt: skip
    assert loss.item() == 0.0
    assert all(gradient.abs().max() == 0.0 for gradient in gradients(loss, case))
    assert measures.overlap_ratio.min() == 1.0


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_masked_vocabulary_has_finite_gradients(objective: Objective):
    case = make_case()
    padding = torch.zeros(31, dtype=torch.float64)
    padding[-4:] = -math.inf
    teacher, reference = (
        WholeTeacher(hidden, lambda h: case.teacher_head(h) + padding)
        for hidden in (case.teacher_hidden, case.reference_hidden)
    )
    loss, measures = distillation_loss(
        objective, case.student_hidden, lambda h: case.student_head(h) + padding,
        teacher, case.token.clamp(max=26), case.weight, reference=reference, chunk_tokens=5,
    )  # fmt: skip
    assert loss.isfinite()
    assert all(gradient.isfinite().all() for gradient in gradients(loss, case))
    assert measures.entropy_teacher.isfinite().all()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_bfloat16_autocast_keeps_the_softmax_in_float32(objective: Objective):
    """Only the matrix products lose precision: the loss is float32 and within bfloat16's 3 digits of the exact one."""
    case = make_case(tokens=64, vocabulary=200, dtype=torch.float32)
    case.weight = torch.full_like(case.weight, 1 / 64)
    exact = chunked_loss(case, objective, 16)
    exact_gradients = gradients(exact, case)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = chunked_loss(case, objective, 16)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, exact, rtol=2e-2, atol=1e-3)
    # Of tokens that are nearly equally likely, another one may be among the k.
    tolerance = 0.25 if isinstance(objective, TopK) else 3e-2
    for ours, theirs in zip(gradients(loss, case), exact_gradients, strict=True):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() < tolerance * theirs.norm()


def test_shared_head_under_autocast_still_trains():
    """A teacher that shares the student's head casts the same weight without gradient: the cache must not keep that."""
    case = make_case(dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss, _ = distillation_loss(
            FULL, case.student_hidden, case.student_head,
            WholeTeacher(torch.zeros_like(case.student_hidden), case.student_head), case.token, case.weight, chunk_tokens=4,
        )  # fmt: skip
    assert all(gradient.norm() > 0.1 for gradient in gradients(loss, case))


def test_sums_over_chunks_are_float32_for_bfloat16_parameters():
    """Summed in bfloat16, many small chunks would lose what one large chunk keeps."""
    case = make_case(tokens=512, dtype=torch.bfloat16)
    case.weight = torch.full((512,), 1 / 512)
    one, many = (gradients(chunked_loss(case, FULL, size), case)[1] for size in (512, 4))
    assert many.dtype == torch.bfloat16
    assert (many.float() - one.float()).norm() < 4e-3 * one.float().norm()


class LiveRows(TorchDispatchMode):
    """Counts the rows of V columns that are alive at a time, whoever holds them; weights of the given heights aside."""

    def __init__(self, vocabulary: int, weight_rows: tuple[int, ...]) -> None:
        super().__init__()
        self.vocabulary, self.weight_rows = vocabulary, weight_rows
        self.alive: dict[int, tuple[StorageWeakRef, int]] = {}
        self.most = 0

    @override
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.alive = {key: entry for key, entry in self.alive.items() if not entry[0].expired()}
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.ndim == 2 and tensor.shape[1] == self.vocabulary:
                reference = StorageWeakRef(tensor.untyped_storage())
                if tensor.shape[0] not in self.weight_rows:
                    self.alive[reference.cdata] = (reference, tensor.shape[0])
        self.most = max(self.most, sum(rows for _, rows in self.alive.values()))
        return result


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_logits_of_a_few_chunks_at_most_are_alive(objective: Objective):
    tokens, chunk_tokens = 64, 2
    case = make_case(tokens=tokens, vocabulary=50)
    with LiveRows(vocabulary=50, weight_rows=(6, 9)) as plain:
        case.plain_loss(objective).backward()
    assert plain.most >= 4 * tokens  # the counter sees what the plain formula keeps
    with LiveRows(vocabulary=50, weight_rows=(6, 9)) as chunked:
        loss = chunked_loss(case, objective, chunk_tokens)
        between_passes = sum(rows for reference, rows in chunked.alive.values() if not reference.expired())
        loss.backward()
    assert between_passes == 0
    assert 0 < chunked.most <= (14 if objective.needs_reference else 12) * chunk_tokens


@pytest.mark.parametrize("chunk_tokens", [1, 5, 100])
def test_measures_only_equal_those_of_the_loss(chunk_tokens: int):
    case = make_case()
    heads: tuple[Head, Head] = (case.student_head, case.teacher_head)
    _, with_loss = distillation_loss(
        SAMPLED, case.student_hidden, heads[0], case.teacher, case.token, case.weight,
        chunk_tokens=4,
    )  # fmt: skip
    alone = measures_only(case.student_hidden, heads[0], case.teacher, case.token, chunk_tokens=chunk_tokens)
    logp, logq = heads[0](case.student_hidden).log_softmax(-1), heads[1](case.teacher_hidden).log_softmax(-1)
    direct = TokenMeasures.cat([measure(logp, logq, case.token, 16)])
    for name, value in vars(alone).items():
        torch.testing.assert_close(value, getattr(with_loss, name), equal_nan=True, msg=name)
        torch.testing.assert_close(value, getattr(direct, name), equal_nan=True, msg=name)
        assert not value.requires_grad


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_no_tokens_give_a_zero_that_can_be_differentiated(objective: Objective):
    case = make_case(tokens=0)
    loss = chunked_loss(case, objective, 4)
    assert loss.item() == 0.0
    assert all(gradient.abs().sum() == 0.0 for gradient in gradients(loss, case))
    assert measures_only(case.student_hidden, case.student_head, case.teacher, case.token).k1.shape == (0,)


@pytest.mark.parametrize("objective", OBJECTIVES[2:4])
def test_a_missing_reference_is_refused(objective: Objective):
    case = make_case()
    with pytest.raises(ValueError, match="needs the reference"):
        distillation_loss(objective, case.student_hidden, case.student_head, case.teacher, case.token, case.weight)


def test_sizes_that_do_not_fit_are_refused():
    case = make_case()
    case.weight = case.weight[:1]
    with pytest.raises(ValueError, match="one entry per response token"):
        chunked_loss(case, FULL, 4)
    case = make_case()
    case.teacher_weight = case.teacher_weight[:-2]
    with pytest.raises(ValueError, match="same vocabulary"):
        chunked_loss(case, FULL, 4)
    with pytest.raises(ValueError, match="chunk_tokens"):
        chunked_loss(make_case(), FULL, 0)
