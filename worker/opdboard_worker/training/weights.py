"""What training does to the weights, module by module: norms each step, spectra and subspaces at a cadence.

Subspaces of earlier snapshots are kept (half precision, on disk and in memory) and all of them are measured again
against each new one, so that the alignment curves always refer to the latest snapshot (03, Subspace alignment).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from opdboard.domain.measures import ALIGNMENT_DEPTHS
from opdboard.domain.modules import Module, module_of
from opdboard.domain.records import ModuleVector
from opdboard.domain.run_config import Monitoring
from opdboard_worker.core.extrapolation import is_power_of_two
from opdboard_worker.core.krylov import Subspace, spectrum
from opdboard_worker.core.spectral import group_by_shape, spectral_measures
from opdboard_worker.core.statistics import difference_norms, frobenius_norms, norm_share, visible_sparsity
from opdboard_worker.core.subspace import direction_cosine_low_rank, paired_cosine, subspace_affinity
from opdboard_worker.training.trained import Matrix


class WeightMonitor:
    """Follows dW = W_t - W_0 of every attention and MLP matrix."""

    def __init__(self, matrices: Mapping[str, Matrix], settings: Monitoring, folder: Path) -> None:
        """matrices: by parameter name; folder: where snapshots of subspaces are kept."""
        self.modules: list[Module] = []
        for name, matrix in matrices.items():
            module = module_of(name, tuple(matrix.initial.shape))
            if module is not None:
                self.modules.append(module)
        self._matrices = [matrices[module.name] for module in self.modules]
        self._base = [matrix.origin for matrix in self._matrices]
        self._base_norm = frobenius_norms([matrix.initial for matrix in self._matrices])
        self._previous: list[Tensor] | None = None
        self._gradients: Tensor | None = None
        self._settings = settings
        self._folder = folder
        self._snapshots: dict[int, list[Subspace]] = {}

    @property
    def initial(self) -> dict[str, Tensor]:
        """W_0 by parameter name."""
        return {module.name: matrix.initial for module, matrix in zip(self.modules, self._matrices, strict=True)}

    def norms_due(self, step: int) -> bool:
        """Whether per-module norms are measured at this step."""
        return step % self._settings.modules_every == 0

    def spectra_due(self, step: int) -> bool:
        """Whether spectra and subspaces are: powers of two and every spectral_every steps."""
        return is_power_of_two(step) or step % self._settings.spectral_every == 0

    @torch.no_grad()
    def before_update(self, step: int) -> None:
        """Between backward pass and optimizer step: note gradient norms and W_{t-1}."""
        if not self.norms_due(step):
            return
        self._gradients = torch.stack(
            [torch.linalg.vector_norm(frobenius_norms(matrix.gradients())) for matrix in self._matrices]
        )
        if self._previous is None:
            self._previous = [matrix.now().clone() for matrix in self._matrices]
        else:
            for kept, matrix in zip(self._previous, self._matrices, strict=True):
                kept.copy_(matrix.now())

    @torch.no_grad()
    def measure(self, step: int) -> list[ModuleVector]:
        """Everything due at this step, after the update and any jump."""
        vectors: list[ModuleVector] = []
        weights = [matrix.now() for matrix in self._matrices]
        update_norm = None
        if self.norms_due(step):
            update_norm = difference_norms(weights, self._base)
            vectors += self._norms(step, weights, update_norm)
        if self.spectra_due(step):
            vectors += self._spectra(
                step, weights, update_norm if update_norm is not None else difference_norms(weights, self._base)
            )
        return vectors

    def _norms(self, step: int, weights: list[Tensor], update_norm: Tensor) -> Iterator[ModuleVector]:
        yield ModuleVector("update_norm", step, update_norm.tolist())
        yield ModuleVector("relative_update_norm", step, (update_norm / self._base_norm).tolist())
        yield ModuleVector("norm_share", step, norm_share(update_norm).tolist())
        if self._previous is not None:
            yield ModuleVector("step_norm", step, difference_norms(weights, self._previous).tolist())
        if self._gradients is not None:
            yield ModuleVector("grad_norm", step, self._gradients.tolist())

    def _spectra(self, step: int, weights: list[Tensor], update_norm: Tensor) -> list[ModuleVector]:
        measures: dict[str, Tensor] = {}
        snapshot: list[Subspace | None] = [None] * len(self.modules)
        aligned: dict[tuple[str, int], Tensor] = {}
        for indices, update_BMN in self._batches(weights):
            sigma_Br, subspace = spectrum(update_BMN, self._settings.subspace_rank)
            values = spectral_measures(sigma_Br, update_norm[indices])
            values["visible_sparsity"] = torch.tensor(
                [visible_sparsity(self._matrices[i].value(), self._matrices[i].initial) for i in indices]
            )
            for name, value_B in values.items():
                measures.setdefault(name, torch.full((len(self.modules),), torch.nan))[indices] = value_B.float().cpu()
            for place, index in enumerate(indices):
                snapshot[index] = _half(subspace, place)
            for key, value_B in self._align(indices, subspace, update_BMN).items():
                aligned.setdefault(key, torch.full((len(self.modules),), torch.nan))[indices] = value_B.float().cpu()
        self._snapshots[step] = [part for part in snapshot if part is not None]
        self._save(step)
        vectors = [ModuleVector(name, step, value.tolist()) for name, value in measures.items()]
        return vectors + [ModuleVector(name, at, value.tolist(), step) for (name, at), value in aligned.items()]

    def _batches(self, weights: list[Tensor]) -> Iterator[tuple[list[int], Tensor]]:
        """Module indices and their dW (B, M, N), small matrices of equal shape together."""
        place = {module.name: index for index, module in enumerate(self.modules)}
        shapes = {module.name: torch.empty(module.shape, device="meta") for module in self.modules}
        for names, _ in group_by_shape(shapes):
            indices = [place[name] for name in names]
            yield indices, torch.stack([weights[i].float() - self._base[i].float() for i in indices])

    def _align(self, indices: list[int], latest: Subspace, update_BMN: Tensor) -> dict[tuple[str, int], Tensor]:
        """Alignment of every earlier snapshot to the one being taken, by (statistic, earlier step)."""
        values: dict[tuple[str, int], Tensor] = {}
        for at, snapshot in self._snapshots.items():
            earlier = _stack([snapshot[index] for index in indices], update_BMN.device)
            for depth in ALIGNMENT_DEPTHS:
                if depth <= min(latest.u_BMk.shape[-1], earlier.u_BMk.shape[-1]):
                    values[f"subspace_affinity@{depth}", at] = subspace_affinity(earlier.u_BMk, latest.u_BMk, depth)
                    values[f"paired_cosine@{depth}", at] = paired_cosine(earlier.u_BMk, latest.u_BMk, depth)
            values["direction_cosine", at] = direction_cosine_low_rank(earlier, update_BMN)
        return values

    def _save(self, step: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        tensors = {}
        for module, part in zip(self.modules, self._snapshots[step], strict=True):
            tensors |= {f"{module.name}|u": part.u_BMk, f"{module.name}|s": part.s_Bk, f"{module.name}|v": part.v_BNk}
        target = self._folder / f"step-{step:06d}.safetensors"
        aside = target.with_suffix(".partial")
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, aside)
        aside.replace(target)

    def restore(self, step: int) -> None:
        """Take up the snapshots up to a checkpoint's step and drop later ones, which will be made again."""
        for path in sorted(self._folder.glob("step-*.safetensors")):
            at = int(path.stem.removeprefix("step-"))
            if at > step:
                path.unlink()
                continue
            tensors = load_file(path)
            self._snapshots[at] = [
                Subspace(
                    tensors[f"{m.name}|u"],
                    tensors[f"{m.name}|s"],
                    tensors[f"{m.name}|v"],
                    torch.zeros(1),
                    estimator="stored",
                )
                for m in self.modules
            ]


def _half(subspace: Subspace, place: int) -> Subspace:
    window = slice(place, place + 1)
    return Subspace(
        subspace.u_BMk[window].half().cpu(),
        subspace.s_Bk[window].float().cpu(),
        subspace.v_BNk[window].half().cpu(),
        subspace.residual_B[window].float().cpu(),
        estimator=subspace.estimator,
    )


def _stack(parts: list[Subspace], device: torch.device) -> Subspace:
    return Subspace(
        torch.cat([part.u_BMk for part in parts]).float().to(device),
        torch.cat([part.s_Bk for part in parts]).to(device),
        torch.cat([part.v_BNk for part in parts]).float().to(device),
        torch.cat([part.residual_B for part in parts]),
        estimator="stored",
    )
