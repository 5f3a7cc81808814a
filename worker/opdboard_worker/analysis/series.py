"""From the words of a configuration to a base and the checkpoints to compare with it, opened when they are wanted."""

import logging
import os
import re
from contextlib import suppress
from pathlib import Path

from opdboard.checkpoint_folders import (
    CheckpointFormat,
    format_of,
    holds_model,
    numbered,
    series_in,
    step_of,
    unfinished,
    weights_in,
)
from opdboard.db import evidence
from opdboard.db.database import Database
from opdboard.domain.errors import ModelProblem, NotFound
from opdboard.domain.import_config import ImportConfig
from opdboard.model_roots import checked_place, place
from opdboard.settings import Settings
from opdboard_worker.analysis.stored import SafetensorsFiles, Stored
from opdboard_worker.analysis.weights import Updated, Weights, check_same_matrices
from opdboard_worker.checksums import check_weights
from opdboard_worker.models.matrices import Layout
from opdboard_worker.models.stored_names import StoredNames, architecture
from opdboard_worker.models.weight_files import check_no_adapter, read_json, weight_files

log = logging.getLogger(__name__)

_RUN = re.compile(r"([0-9a-f]{8})(?:@(\d{1,9}))?")
_HUB = re.compile(r"[\w.-]+/[\w.-]+")


class Places:
    """Finds folders by the words that name them."""

    def __init__(self, settings: Settings, database: Database) -> None:
        """settings: whose roots are kept to; database: where runs are."""
        self._settings = settings
        self._database = database

    def base(self, text: str) -> Path:
        """The folder with the weights that training began from; ModelProblem where there is none."""
        of_run = self._of_run(text)
        if of_run is not None:
            return of_run[-1]
        folder = place(text)
        if not folder.is_dir() and _HUB.fullmatch(text):
            from opdboard_worker.models.hub import download

            return download(text, "main")
        return self._weights(folder)

    def series(self, config: ImportConfig) -> list[tuple[int, Path]]:
        """Each checkpoint with its step, ascending; ModelProblem or BadInput names the place that is none."""
        named: dict[Path, Path] = {}
        for text in config.checkpoints:
            for name, weights in self._named(text):
                if weights not in named or step_of(named[weights]) is None:
                    named[weights] = name
        weights_of = {name: weights for weights, name in named.items()}
        return [(step, weights_of[name]) for step, name in numbered(list(weights_of))]

    def _named(self, text: str) -> list[tuple[Path, Path]]:
        """(what tells the step, the folder of the weights): a link's own name counts, or else that of what it points to."""
        of_run = self._of_run(text)
        if of_run is not None:
            return [(folder, folder) for folder in of_run]
        folder = place(text)
        part = unfinished(self._allowed(folder)) or unfinished(folder)
        if part is not None:
            raise ModelProblem(
                f"{part} was not written to its end, as its name says; give a checkpoint that was, or rename it if it is whole",
                where=str(folder),
            )
        found = series_in(folder)
        for left_out, why in sorted(found.left_out.items()):
            log.warning("%s is left out: %s", left_out, why)
        pairs = [(checkpoint, self._weights(checkpoint)) for checkpoint in found.folders or [folder]]
        return [(weights if step_of(name) is None else name, weights) for name, weights in pairs]

    def _of_run(self, text: str) -> list[Path] | None:
        """The checkpoints of a run, all or one; None where the text names no run."""
        match = _RUN.fullmatch(text)
        if match is None:
            return None
        with self._database.read() as session:
            try:
                if match[2] is not None:
                    found = [evidence.checkpoint_at(session, match[1], int(match[2]))]
                else:
                    evidence.checkpoint_at(session, match[1], None)
                    found = [one for one in evidence.checkpoints_of(session, match[1]) if not one.removed]
            except NotFound as problem:
                if Path(text).is_dir():
                    return None
                raise ModelProblem(problem.detail, where=text) from problem
        folders = [self._settings.root / one.path for one in found]
        for folder in folders:
            check_weights(folder)
        return folders

    def _allowed(self, folder: Path) -> Path:
        resolved = checked_place(folder, self._settings)
        if not os.path.isdir(resolved):  # noqa: PTH112  # a name that no system takes is none, too
            raise ModelProblem(f"there is no folder {folder} on this worker", where=str(folder))
        return resolved

    def _weights(self, folder: Path) -> Path:
        folder = self._allowed(folder)
        found = weights_in(folder)
        if found is None:
            weight_files(folder)  # says what is missing, or that there are only pickles
        return self._allowed(found or folder)


def open_base(folder: Path) -> Weights:
    """The matrices of W_0; ModelProblem names what cannot be read."""
    if format_of(folder) is CheckpointFormat.ADAPTER:
        check_no_adapter(folder)
        raise ModelProblem(f"the base {folder} is an adapter; give the model it was trained on", where=str(folder))
    where = folder / "huggingface" if not (folder / "config.json").is_file() else folder
    config = read_json(where / "config.json", "it tells how the model's matrices are cut")
    model = architecture(where)
    layout = Layout.of_config(config) if model is None else Layout.of(model)
    return Weights(_stored(folder, format_of(folder)), StoredNames(model), layout)


def open_checkpoint(folder: Path, base: Weights) -> Updated:
    """A checkpoint of the same model as its base; ModelProblem names the first difference, or what cannot be read."""
    if format_of(folder) is CheckpointFormat.ADAPTER:
        from opdboard_worker.analysis.adapters import Adapter
        from opdboard_worker.analysis.beside import open_beside

        if holds_model(folder):
            return open_beside(folder, base, Weights(_stored(folder, CheckpointFormat.MODEL), base.names, base.layout))
        return Adapter(folder, base)
    for file in (folder / "config.json", folder / "huggingface" / "config.json"):
        if file.is_file():
            model_type = Layout.of_config(read_json(file, "")).model_type
            if model_type != base.layout.model_type:
                raise ModelProblem(
                    f"{folder} is of type {model_type} but the base {base.where} of type {base.layout.model_type}; give the base "
                    "that training began from",
                    where=str(file),
                )
    checkpoint = Weights(_stored(folder, format_of(folder)), base.names, base.layout)
    check_same_matrices(base, checkpoint)
    return checkpoint


def adapter_near(folder: Path) -> Path | None:
    """An adapter in a checkpoint's folder, below it or beside it, as far as folders may be read."""
    for parent in (folder, folder.parent):
        with suppress(OSError):
            for one in (parent, *sorted(parent.iterdir())):
                if (one / "adapter_config.json").is_file():
                    return one
    return None


def _stored(folder: Path, kind: CheckpointFormat | None) -> Stored:
    if kind is CheckpointFormat.SHARDS:
        from opdboard_worker.analysis.fsdp_shards import FsdpShards

        stored: Stored = FsdpShards(folder)
    else:
        stored = SafetensorsFiles.of_model(folder)
    _check_merged(stored)
    return stored


def _check_merged(stored: Stored) -> None:
    """The matrices of a model that is being trained with LoRA are not those that it computes with."""
    factor = next((name for name in stored.shapes if ".lora_A." in name or ".lora_B." in name), None)
    if factor is None:
        return
    beside = stored.where / "lora_adapter"
    instead = f"give {beside}" if beside.is_dir() else "give the adapter that the trainer saves (verl: lora_adapter)"
    raise ModelProblem(
        f"{stored.where} holds a model with LoRA factors that are not merged, such as {factor}: its matrices do not have what was "
        f"learnt. Merge it and save the whole model, or {instead}",
        where=str(stored.where),
    )
