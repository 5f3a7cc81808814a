"""LoRA adapters of PEFT as checkpoints: dW = scaling B A (arXiv:2106.09685), W_t = W_0 + dW, without a merged model.

scaling is alpha / r, or alpha / sqrt(r) with rank-stabilised LoRA (arXiv:2312.03732). With DoRA (arXiv:2402.09353) the rows
of W_0 + scaling B A are given the norms that the adapter holds, and dW is what then differs from W_0. Modules that the adapter holds whole
(modules_to_save) take the place of the base's. What is shown equals PEFT's own merge; an adapter that holds, sets or lacks
anything that we cannot vouch for is refused by name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor
from typing_extensions import override

from opdboard.domain.errors import ModelProblem
from opdboard.domain.modules import Module
from opdboard_worker.analysis.adapter_settings import AdapterSettings
from opdboard_worker.analysis.adapter_tensors import is_embedding, sort_tensors
from opdboard_worker.analysis.stored import SafetensorsFiles
from opdboard_worker.analysis.weights import Updated, Weights, replaced
from opdboard_worker.measuring.group import Moved
from opdboard_worker.models.matrices import matrices_in


class Adapter(Updated):
    """An adapter seen as the matrices of its base; see `weights.Updated`."""

    def __init__(self, folder: Path, base: Weights) -> None:
        """ModelProblem where the adapter is not understood, is not whole, or does not fit the base."""
        self.where = folder
        self.modules: Mapping[str, Module] = base.modules
        self._base = base
        self._settings = AdapterSettings.read(folder, base.layout.model_type)
        self._file = _weights_of(folder)
        self._stored = SafetensorsFiles(folder, [self._file])
        self._tensors = sort_tensors(self._stored.shapes, self._settings, self._file, base.names.in_memory)
        self._shapes = base.shapes
        places = [base.place(name) for name in base.modules]
        self._transposed = {name: view.transposed for name, view in places}
        self._check_fits()
        self._check_nothing_missing()

    @property
    def changed(self) -> list[str]:
        """Modules of the base that the adapter changes."""
        keys = self._tensors.low_rank.keys() | self._tensors.whole.keys()
        return [name for name in self.modules if self._base.place(name)[0] in keys]

    def _check_fits(self) -> None:
        """Each changed weight is one of the base's, of its shape."""
        for name, factors in self._tensors.low_rank.items():
            inner, out = self._stored.shapes[factors.a][1], self._stored.shapes[factors.b][0]
            has = self._shapes.get(name)
            if has is None and is_embedding(name):
                continue  # a head that is tied to the embeddings is not stored
            fitting = [(inner, out)] if self._transposed.get(name) else [(out, inner)]
            if name not in self._transposed:
                fitting.append((inner, out))  # no matrix that is shown; PEFT turns it by its layer's type
            if has not in fitting:
                self._refuse(f"changes {name} of shape {fitting[0]}", has)
        for name, stored in self._tensors.whole.items():
            shape, has = self._stored.shapes[stored], self._shapes.get(name)
            of_no_layer = has is None and not matrices_in(name, shape, self._base.layout) and not name.endswith(".bias")
            if has != shape and not is_embedding(name) and not of_no_layer:
                self._refuse(f"holds {name} of shape {shape}", has)
        for name in self._tensors.factor_biases:
            if name not in self._shapes:
                self._refuse(f"adds to {name}", None)

    def _refuse(self, change: str, has: tuple[int, ...] | None) -> NoReturn:
        raise ModelProblem(
            f"the adapter in {self.where} {change}, but the base {self._base.where} "
            f"{'does not have it' if has is None else f'has it as {has}'}: give the base that it was trained on",
            where=str(self.where),
        )

    def _check_nothing_missing(self) -> None:
        """Every matrix that the configuration names is in the file."""
        held = self._tensors.low_rank.keys() | self._tensors.whole.keys()
        experts_held = any(name in held for name, _ in self._matrices(experts=True))
        for name, path in (*self._matrices(experts=False), *(self._matrices(experts=True) if experts_held else ())):
            if name in held:
                continue
            if self._settings.keeps_whole(path) or self._settings.targets(path):
                raise ModelProblem(
                    f"{self._file} holds nothing of {name}, which adapter_config.json says it changes: the file is not whole. "
                    "Save the adapter again with all of its weights gathered",
                    where=str(self._file),
                )

    def _matrices(self, *, experts: bool) -> list[tuple[str, str]]:
        """(weight, path of its layer) of the base's attention and MLP matrices. Experts may be layers in one version of
        transformers and none in another, so that the same names target them or not."""
        of_kind = [module.name for module in self.modules.values() if (module.expert is not None) == experts]
        names = dict.fromkeys(self._base.place(name)[0] for name in of_kind)
        return [(name, name.removesuffix(".weight")) for name in names]

    @override
    def moved(self, name: str, base_MN: Tensor) -> Moved:
        """dW itself, without the rounding of W_t - W_0."""
        key, view = self._base.place(name)
        if key in self._tensors.whole:
            return replaced(view.of(self._stored.read(self._tensors.whole[key])), base_MN)
        factors = self._tensors.low_rank.get(key)
        if factors is None:
            return Moved(torch.zeros(base_MN.shape), base_MN, base_MN, subtracted=False)
        a, b = (self._stored.read(one).float() for one in (factors.a, factors.b))
        change = (b @ a).mul_(factors.scaling)

        def shown(whole: Tensor) -> Tensor:
            return view.of(whole.mT if view.transposed else whole)

        update_MN = shown(change)
        if factors.magnitude is not None:
            norm_M1 = shown(self._stored.read(factors.magnitude).float().unsqueeze(1).expand_as(change))[:, :1]
            moved_MN = update_MN + base_MN
            return replaced(moved_MN * (norm_M1 / torch.linalg.vector_norm(moved_MN, dim=1, keepdim=True)), base_MN)
        return Moved(update_MN, update_MN + base_MN, base_MN, subtracted=False)


def _weights_of(folder: Path) -> Path:
    file = folder / "adapter_model.safetensors"
    if file.is_file():
        return file
    pickled = (folder / "adapter_model.bin").is_file()
    why = (
        ", only adapter_model.bin, a pickle, which is not read: save the adapter with safe_serialization"
        if pickled
        else "; copy it there"
    )
    raise ModelProblem(f"{folder} has no {file.name}{why}", where=str(file))
