"""Updates changed on purpose: what the paper's interventions put in the place of dW (arXiv:2605.11739).

An update is {parameter name: dW}; a name that it lacks stays at the base weights W_0. Every function gives a new update
and leaves its arguments alone. Which checkpoint dW belongs to, and how W_0 + dW is judged, is the caller's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard_worker.core.statistics import frobenius_norms

Update = Mapping[str, Tensor]


def norms(update: Update) -> dict[str, float]:
    """||dW||_F by name, float64."""
    return dict(zip(update, frobenius_norms(list(update.values())).tolist(), strict=True))


def whole_norm(update: Update) -> float:
    """||dW||_F over all parameters together; 0 for an update without any."""
    return sum(norm**2 for norm in norms(update).values()) ** 0.5


def scale_final(update: Update, factor: float) -> dict[str, Tensor]:
    """a dW: the norm of the update shrunk to a ||dW||_F, its direction kept; a = 0 is the base, a = 1 the trained model."""
    return {name: factor * delta for name, delta in update.items()}


def without(update: Update, names: Collection[str]) -> dict[str, Tensor]:
    """The update with these parameters put back to the base: `reset_embeddings`, where the names are the embeddings'."""
    return {name: delta for name, delta in update.items() if name not in names}


def half_width_for(layers: int) -> int:
    """Layers to each side of a window's centre: the paper's 8 from the 28 of its shallowest model on, below that an eighth of the depth.

    A window of 17 layers would cover a shallow model whole, and every place of it would look alike.
    """
    return 8 if layers >= 28 else max(1, layers // 8)


def sliding_window(update: Update, layer_of: Mapping[str, int], centre: int, half_width: int) -> dict[str, Tensor]:
    """dW of the layers centre - half_width .. centre + half_width alone, cut at the ends; all else stays at the base.

    layer_of: the layer of each parameter that may be injected (those of the MLP only, or of attention only).
    """
    return {name: update[name] for name, layer in layer_of.items() if abs(layer - centre) <= half_width}


def rescaled(update: Update, wanted: Mapping[str, float]) -> dict[str, Tensor]:
    """Every module's dW brought to the wanted norm, its direction kept: `rescale_early` with the norms of the final update.

    A module that has not moved has no direction and stays at the base.
    """
    have = norms(update)
    return {name: delta * (wanted[name] / have[name] if have[name] else 0.0) for name, delta in update.items()}


def beta_rescaled(update: Update, final: Mapping[str, float], beta: float) -> dict[str, Tensor]:
    """dW (1 + beta (n_final - n) / n) per module, n its norm: 0 is the early update itself, 1 `rescaled` to the final norms.

    Beyond 1 the final norm is overshot in the early direction. A module that has not moved stays at the base.
    """
    have = norms(update)
    return {
        name: delta * (1.0 + beta * (final[name] - have[name]) / have[name] if have[name] else 0.0)
        for name, delta in update.items()
    }


@dataclass(frozen=True)
class SingularBasis:
    """Singular directions of every 2-D update, from which any share of its components is taken without another SVD.

    Kept are the eigenvectors of the short side's Gram matrix, r x r per matrix: for a wide dW = U S V^T its k leading
    components are U_k U_k^T dW, so V is never needed.
    """

    update: Update
    directions_rr: Mapping[str, Tensor]
    """Columns by rising singular value, in the update's precision (at least float32)."""

    @classmethod
    @torch.no_grad()
    def of(cls, update: Update) -> SingularBasis:
        """Decompose; by the Gram matrix in float64. ValueError for a tensor that is not a matrix."""
        directions: dict[str, Tensor] = {}
        for name, delta in update.items():
            if delta.ndim != 2:
                raise ValueError(f"{name} has shape {tuple(delta.shape)}; singular components are those of a matrix")
            wide_rm = _wide(delta).double()
            kept = torch.promote_types(delta.dtype, torch.float32)
            directions[name] = torch.linalg.eigh(wide_rm @ wide_rm.mT).eigenvectors.to(kept)
        return cls(update, directions)

    def top_k_rank(self, share: float) -> dict[str, Tensor]:
        """The leading share of each matrix' r components, ceil(share r) of them, rescaled to the full ||dW||_F."""
        full = norms(self.update)
        return rescaled({name: self._leading(name, self._count(name, share)) for name in self.update}, full)

    def bottom_k_rank(self, share: float) -> dict[str, Tensor]:
        """The trailing share of each matrix' r components, ceil(share r) of them, not rescaled."""
        kept: dict[str, Tensor] = {}
        for name, delta in self.update.items():
            rank = self.directions_rr[name].shape[0]
            kept[name] = delta - self._leading(name, rank - self._count(name, share))
        return kept

    def _count(self, name: str, share: float) -> int:
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"a share of the rank lies between 0 and 1, not at {share}")
        rank = self.directions_rr[name].shape[0]
        return min(rank, -int(-share * rank // 1))

    @torch.no_grad()
    def _leading(self, name: str, count: int) -> Tensor:
        delta, directions_rr = self.update[name], self.directions_rr[name]
        u_rk = directions_rr[:, directions_rr.shape[0] - count :]
        wide_rm = _wide(delta).to(u_rk.dtype)
        projected_rm = u_rk @ (u_rk.mT @ wide_rm)
        return (projected_rm if delta.shape[0] <= delta.shape[1] else projected_rm.mT).to(delta.dtype)


def _wide(matrix: Tensor) -> Tensor:
    return matrix if matrix.shape[0] <= matrix.shape[1] else matrix.mT


def embedding_shift(base_VH: Tensor, trained_VH: Tensor, token_n: Tensor) -> Tensor:
    """cos(base row, trained row) of each token's embedding, (n,), float64; NaN where one of the two is zero."""
    base_nH, trained_nH = base_VH[token_n].double(), trained_VH[token_n].double()
    lengths_n = torch.linalg.vector_norm(base_nH, dim=-1) * torch.linalg.vector_norm(trained_nH, dim=-1)
    return (base_nH * trained_nH).sum(-1) / lengths_n
