"""What training does to the weights, module by module: norms each step, spectra and subspaces at a cadence.

Subspaces of earlier snapshots are kept (half precision, on disk and in memory) and all of them are measured again
against each new one, so that the alignment curves always refer to the latest snapshot (03, Subspace alignment).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from opdboard.domain.measures import ALIGNMENT_DEPTHS
from opdboard.domain.modules import Module, module_of
from opdboard.domain.records import ModuleVector
from opdboard.domain.run_config import Monitoring
from opdboard_worker.core.extrapolation import is_power_of_two
from opdboard_worker.core.krylov import Subspace
from opdboard_worker.core.spectral import LIVE, group_by_shape, spectral_panel
from opdboard_worker.core.statistics import difference_norms, frobenius_norms, norm_share, visible_sparsity
from opdboard_worker.core.subspace import alignments, direction_cosine_low_rank
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
        self._groups = _of_equal_shape(self.modules)
        # By step, one of each group.
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
        gradients = [matrix.gradients() for matrix in self._matrices]
        norms = frobenius_norms([gradient for of_matrix in gradients for gradient in of_matrix])
        of_matrices = norms.split([len(of_matrix) for of_matrix in gradients])
        self._gradients = torch.stack([torch.linalg.vector_norm(norms_n) for norms_n in of_matrices])
        if self._previous is None:
            self._previous = [matrix.now().clone() for matrix in self._matrices]
        else:
            now = [matrix.now() for matrix in self._matrices]
            torch._foreach_copy_(self._previous, now)  # pyright: ignore[reportPrivateImportUsage]

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
        values: dict[tuple[str, int | None], Tensor] = {}
        snapshot: list[Subspace] = []
        for group, indices in enumerate(self._groups):
            update_BMN = torch.stack([weights[i].float() - self._base[i].float() for i in indices])
            panel = spectral_panel(update_BMN, self._settings.subspace_rank, tolerance=LIVE)
            measures = {name: value_B for name, value_B in panel.values.items() if name != "update_norm"}
            measures["visible_sparsity"] = torch.tensor(
                [visible_sparsity(self._matrices[i].value(), self._matrices[i].initial) for i in indices]
            )
            of_group: dict[tuple[str, int | None], Tensor] = {(name, None): value for name, value in measures.items()}
            of_group |= self._align(group, panel.subspace, update_BMN, update_norm[indices])
            snapshot.append(_half(panel.subspace))
            for key, value_B in of_group.items():
                values.setdefault(key, torch.full((len(self.modules),), torch.nan))[indices] = value_B.float().cpu()
        self._snapshots[step] = snapshot
        self._save(step)
        return [
            ModuleVector(name, step, value.tolist()) if at is None else ModuleVector(name, at, value.tolist(), step)
            for (name, at), value in values.items()
        ]

    def _align(
        self, group: int, latest: Subspace, update_BMN: Tensor, update_norm_B: Tensor
    ) -> dict[tuple[str, int | None], Tensor]:
        """Alignment of every earlier snapshot to the one being taken, by (statistic, earlier step)."""
        values: dict[tuple[str, int | None], Tensor] = {}
        for at, snapshot in self._snapshots.items():
            earlier = _whole(snapshot[group], update_BMN.device)
            for depth, (affinity_B, cosine_B) in alignments(earlier.u_BMk, latest.u_BMk, ALIGNMENT_DEPTHS).items():
                values[f"subspace_affinity@{depth}", at] = affinity_B
                values[f"paired_cosine@{depth}", at] = cosine_B
            values["direction_cosine", at] = direction_cosine_low_rank(earlier, update_BMN, update_norm_B)
        return values

    def _save(self, step: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        tensors = {}
        for indices, part in zip(self._groups, self._snapshots[step], strict=True):
            for place, name in enumerate(self.modules[index].name for index in indices):
                one = slice(place, place + 1)
                tensors |= {f"{name}|u": part.u_BMk[one], f"{name}|s": part.s_Bk[one], f"{name}|v": part.v_BNk[one]}
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
                _stored([[tensors[f"{self.modules[index].name}|{kind}"] for index in indices] for kind in "usv"])
                for indices in self._groups
            ]


def _of_equal_shape(modules: list[Module]) -> list[list[int]]:
    """Indices of the modules, small matrices of equal shape together."""
    place = {module.name: index for index, module in enumerate(modules)}
    shapes = {module.name: torch.empty(module.shape, device="meta") for module in modules}
    return [[place[name] for name in names] for names, _ in group_by_shape(shapes)]


def _half(subspace: Subspace) -> Subspace:
    return replace(
        subspace,
        u_BMk=subspace.u_BMk.half().cpu(),
        s_Bk=subspace.s_Bk.float().cpu(),
        v_BNk=subspace.v_BNk.half().cpu(),
        residual_B=subspace.residual_B.float().cpu(),
    )


def _whole(subspace: Subspace, device: torch.device) -> Subspace:
    return replace(
        subspace,
        u_BMk=subspace.u_BMk.to(device).float(),
        s_Bk=subspace.s_Bk.to(device),
        v_BNk=subspace.v_BNk.to(device).float(),
    )


def _stored(of_modules: list[list[Tensor]]) -> Subspace:
    u_BMk, s_Bk, v_BNk = (torch.cat(tensors) for tensors in of_modules)
    return Subspace(u_BMk, s_Bk, v_BNk, torch.full((len(s_Bk),), torch.nan), estimator="stored")
