"""Chunks that shrink where memory does not suffice: nothing is lost, counted twice, or tried larger again."""

import pytest
import torch
from torch import Tensor
from typing_extensions import override

from opdboard_worker.core.chunks import in_chunks
from opdboard_worker.core.losses import distillation_loss, measures_only
from opdboard_worker.core.objectives import FullVocabulary
from opdboard_worker.core.teachers import WholeTeacher


class SmallHead(torch.nn.Module):
    """An output layer that has memory for `most` rows of logits; counts the rows it made."""

    def __init__(self, weight: Tensor, most: int) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(weight)
        self.most, self.rows = most, 0

    @override
    def forward(self, hidden: Tensor) -> Tensor:
        if len(hidden) > self.most:
            raise torch.OutOfMemoryError(f"{len(hidden)} rows")
        self.rows += len(hidden)
        return hidden @ self.weight.T


@pytest.mark.parametrize(("count", "size", "most", "told"), [(20, 16, 3, [8, 4, 2]), (5, 1000, 2, [2])])
def test_a_chunk_too_large_is_halved_and_later_ones_stay_small(count: int, size: int, most: int, told: list[int]):
    """From what there is, where that is less than the chunk."""
    done: list[int] = []
    sizes: list[int] = []

    def work(chunk: slice) -> None:
        if chunk.stop - chunk.start > most:
            raise torch.OutOfMemoryError
        done.extend(range(chunk.start, chunk.stop))

    in_chunks(count, size, work, sizes.append)
    assert done == list(range(count))
    assert sizes == told


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("even one"), RuntimeError("shape")])
def test_one_token_that_does_not_fit_is_the_end_and_other_errors_pass(error: Exception):
    def work(chunk: slice) -> None:
        raise error

    with pytest.raises(type(error), match=str(error)):
        in_chunks(4, 4, work)


@pytest.mark.parametrize("fails_in", ["student", "teacher"])
def test_the_loss_after_running_out_of_memory_is_the_same(fails_in: str):
    generator = torch.Generator().manual_seed(1)
    hidden = torch.randn(21, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = [torch.randn(17, 6, generator=generator, dtype=torch.float64) for _ in range(2)]
    token = torch.randint(17, (21,), generator=generator)
    even = torch.full((21,), 1 / 21, dtype=torch.float64)
    results = []
    for most in (100, 3):
        student = SmallHead(weights[0], most if fails_in == "student" else 100)
        teacher = SmallHead(weights[1], most if fails_in == "teacher" else 100)
        sizes: list[int] = []
        loss, measures = distillation_loss(
            FullVocabulary(), hidden, student, WholeTeacher(hidden.detach(), teacher), token, even,
            chunk_tokens=12, on_smaller=sizes.append,
        )  # fmt: skip
        assert sizes == ([] if most == 100 else [6, 3])
        assert (student if fails_in == "student" else teacher).rows == 21
        results.append((loss.detach(), *torch.autograd.grad(loss, [hidden, student.weight]), measures.reverse_kl))
        alone = measures_only(
            hidden, student, WholeTeacher(hidden, teacher), token, chunk_tokens=12, on_smaller=sizes.append
        )
        torch.testing.assert_close(alone.reverse_kl, measures.reverse_kl)
    torch.testing.assert_close(results[0], results[1], rtol=1e-12, atol=1e-13)


def test_an_objective_that_fails_once_more_in_the_backward_counts_each_token_once():
    """Memory may also run out when a chunk's gradient is formed, after its losses are known."""

    class Stumbling(torch.autograd.Function):
        tries = 0

        @staticmethod
        @override
        def forward(ctx, logits):  # pyright: ignore[reportIncompatibleMethodOverride]
            return logits.clone()

        @staticmethod
        @override
        def backward(ctx, gradient):  # pyright: ignore[reportIncompatibleMethodOverride]
            Stumbling.tries += 1
            if len(gradient) > 4:
                raise torch.OutOfMemoryError("in the backward pass")
            return gradient

    generator = torch.Generator().manual_seed(2)
    hidden = torch.randn(14, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(9, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    teacher = WholeTeacher(torch.randn(14, 9, generator=generator, dtype=torch.float64), lambda logits: logits)
    token, even = torch.zeros(14, dtype=torch.long), torch.full((14,), 1 / 14, dtype=torch.float64)
    results = []
    for head in (lambda h: h @ weight.T, lambda h: Stumbling.apply(h @ weight.T)):
        loss, _ = distillation_loss(FullVocabulary(), hidden, head, teacher, token, even, chunk_tokens=14)
        results.append((loss.detach(), *torch.autograd.grad(loss, [hidden, weight])))
    assert Stumbling.tries > 2
    torch.testing.assert_close(results[0], results[1], rtol=1e-12, atol=1e-13)
