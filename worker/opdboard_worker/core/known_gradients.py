"""Gradients formed during the forward pass, handed to autograd as those of a scalar.

A loss over large intermediate values (logits) can be differentiated piece by piece while each piece is there. What
remains for the backward pass is to scale the sums of those gradients. The idea is that of fused linear cross-entropy
kernels; here it works for any differentiable function of a piece, whose parameters are found by walking its graph.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from typing_extensions import override


def leaves_of(output: Tensor) -> list[Tensor]:
    """The tensors at the ends of the autograd graph of `output`, which collect its gradients; each once."""
    found: dict[Tensor, None] = {}
    seen: set[Any] = set()
    waiting: list[Any] = [output.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found[node.variable] = None
        waiting.extend(following for following, _ in node.next_functions)
    return list(found)


def pull_back(output: Tensor, output_gradient: Tensor, source: Tensor, sums: dict[Tensor, Tensor]) -> Tensor | None:
    """One piece's vector-Jacobian product: returns the gradient of `source`, adds those of all other leaves to `sums`.

    `source` is the piece's own detached leaf; None is returned if it needs no gradient. Sums are at least float32. The
    graph is kept, since pieces may share a part of it (a weight that was merged beforehand); a piece's own part goes
    with its output. Where memory does not suffice for all of it, the sums are left as they were.
    """
    parameters = [leaf for leaf in leaves_of(output) if leaf is not source]
    targets = [*parameters, source] if source.requires_grad else parameters
    gradients = torch.autograd.grad(output, targets, output_gradient, retain_graph=True)
    pieces = dict(zip(parameters, gradients, strict=False))
    first = {
        parameter: gradient.to(torch.promote_types(parameter.dtype, torch.float32), copy=True)
        for parameter, gradient in pieces.items()
        if parameter not in sums
    }
    for parameter, gradient in pieces.items():
        if parameter in sums:
            sums[parameter] += gradient
    sums |= first
    return gradients[-1] if source.requires_grad else None


def with_known_gradients(value: Tensor, gradients: dict[Tensor, Tensor]) -> Tensor:
    """The scalar `value` with the given derivatives by the given tensors, in their dtypes; differentiable once."""
    if not gradients:
        return value
    known = tuple(gradient.to(leaf.dtype) for leaf, gradient in gradients.items())
    return _WithKnownGradients.apply(value, known, *gradients)


class _WithKnownGradients(torch.autograd.Function):
    @staticmethod
    @override
    def forward(ctx: Any, value: Tensor, gradients: tuple[Tensor, ...], *_leaves: Tensor) -> Tensor:
        ctx.save_for_backward(*gradients)
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, scale: Tensor
    ) -> tuple[Tensor | None, ...]:
        return (None, None, *(scale.to(gradient.dtype) * gradient for gradient in ctx.saved_tensors))
