"""Exports as jobs: weights of a run in a form that other programs load, on disk and, where asked for, on the hub."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from peft import PeftModel, get_peft_model
from torch import Tensor
from transformers import PreTrainedModel

from opdboard.db import evidence, runs
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.errors import ModelProblem
from opdboard.domain.exports import Export, ExportAdapter, ExportGguf, ExportModel
from opdboard.domain.interventions import INTERVENTIONS
from opdboard.domain.model_sources import HubModel, ModelSource, RunModel
from opdboard.domain.optimizer import Lora
from opdboard.domain.records import Batch, VariantRecord
from opdboard.domain.run_config import RunConfig
from opdboard_worker.analysis.job import Job
from opdboard_worker.analysis.model_card import model_card
from opdboard_worker.core.interventions import whole_norm
from opdboard_worker.folders import size_of, written_aside
from opdboard_worker.models.gguf_file import write_gguf
from opdboard_worker.models.hub import upload
from opdboard_worker.models.loading import LoadedModel, load
from opdboard_worker.models.matrices import matrices_of
from opdboard_worker.models.saving import save
from opdboard_worker.process import Attempt
from opdboard_worker.training.lora import approximate, layers_of, settings_of

log = logging.getLogger(__name__)

_TOLERANCE = 1e-4
"""Of an adapter that is read back, relative to its own norm: float32 in, float32 out."""


@dataclass(frozen=True)
class Written:
    """What was written: its norm ||W - W_0||_F where that is known, and facts for the card and the job's result."""

    norm: float | None
    facts: dict[str, Any]


def export_job(attempt: Attempt, config: AnalysisConfig) -> Job:
    """A step that writes the folder `model` of the job's own folder, and one that pushes it."""
    asked = INTERVENTIONS[config.kind].read(config.parameters)
    with attempt.database.read() as session:
        subject = runs.config_of(runs.get(session, config.run_id))
    target = attempt.settings.run_folder(attempt.run_id) / "model"

    def steps(after: int) -> Iterator[Batch | None]:
        if after < 1:
            with written_aside(target, "the export") as aside:
                written = _WRITERS[type(asked)](_Source(attempt, config.run_id, subject, asked), asked, aside)
                (aside / "opdboard.yaml").write_text(
                    yaml.safe_dump(subject.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
                )
                with attempt.database.read() as session:
                    card = model_card(session, runs.get(session, config.run_id), asked, written.facts)
                (aside / "README.md").write_text(card)
            facts = written.facts | {
                "folder": target.relative_to(attempt.settings.root).as_posix(),
                "bytes": size_of(target),
            }
            log.info("%s: %.1f MB in %s", config.kind, facts["bytes"] / 1e6, target)
            yield Batch(
                step=1, at=0.0, variants=[VariantRecord(1, "written", None, "written", written.norm, (), facts)]
            )
        if asked.push_to and after < 2:
            yield None
            address = upload(target, asked.push_to, private=asked.private)
            log.info("pushed to %s", address)
            pushed = VariantRecord(2, "pushed", None, "pushed", None, (), {"address": address})
            yield Batch(step=2, at=0.0, variants=[pushed])

    return Job(steps, 2 if asked.push_to else 1)


class _Source:
    """The weights that are asked for, and those they began from."""

    def __init__(self, attempt: Attempt, run_id: str, subject: RunConfig, asked: Export) -> None:
        self._attempt = attempt
        self.trained_from = subject.student
        self._wanted = RunModel(run_id=run_id, step=asked.step, factor=asked.factor)

    def trained(self) -> LoadedModel:
        """W_t, or the candidate."""
        return self._load(self._wanted)

    def base(self) -> LoadedModel:
        """W_0."""
        return self._load(self.trained_from)

    def _load(self, source: ModelSource) -> LoadedModel:
        return load(source, settings=self._attempt.settings, run_folder=self._run_folder)

    def _run_folder(self, source: RunModel) -> Path:
        with self._attempt.database.read() as session:
            return self._attempt.settings.root / evidence.weights_path(session, source)


def _write_model(source: _Source, asked: ExportModel, folder: Path) -> Written:
    loaded = source.trained()
    if asked.precision == "bf16":
        loaded.model.bfloat16()  # pyright: ignore[reportCallIssue]
    save(loaded.model, loaded.tokenizer, folder)
    return Written(None, {"precision": asked.precision})


def _write_gguf(source: _Source, asked: ExportGguf, folder: Path) -> Written:
    loaded, name = source.trained(), f"model-{asked.precision}.gguf"
    write_gguf(loaded, folder / name, asked.precision, loaded.label)
    return Written(None, {"precision": asked.precision, "file": name})


def _write_adapter(source: _Source, asked: ExportAdapter, folder: Path) -> Written:
    base, changed = source.base(), dict(source.trained().model.named_parameters())
    update = {name: changed[name].detach() - weight.detach() for name, weight in base.model.named_parameters()}
    held = matrices_of(base.model)
    adapted, squares_k = approximated(base, {name: update[name] for name in held}, asked.rank)
    settings: Any = adapted.peft_config["default"]
    settings.base_model_name_or_path, settings.revision = _named(source.trained_from, base)
    settings.task_type = "CAUSAL_LM"
    adapted.save_pretrained(str(folder), save_embedding_layers=False)  # else peft looks for the base on the hub
    base.tokenizer.save_pretrained(folder)
    plain: Any = adapted.unload()  # pyright: ignore[reportCallIssue]
    norm, missed = whole_norm(update), _missed(plain, folder, update)
    left_out = whole_norm({name: one for name, one in update.items() if name not in held})
    by_rank_k = (norm**2 - squares_k.cumsum(0)).clamp_min(left_out**2).sqrt()
    if not abs(missed - float(by_rank_k[-1])) <= _TOLERANCE * norm:
        raise ModelProblem(
            f"PEFT makes another update of the adapter than the one that was written: it misses {missed:.3g} of {norm:.3g} instead "
            f"of {float(by_rank_k[-1]):.3g}; export the whole model",
            where=base.label,
        )
    relative = norm or 1.0  # without an update nothing is missed
    facts = {
        "rank": asked.rank,
        "missed": missed / relative,
        "missed_by_rank": (by_rank_k / relative).tolist(),
        "left_out": left_out / relative,
        "matrices": len(held),
        "base": settings.base_model_name_or_path,
    }
    return Written(norm, facts)


def approximated(base: LoadedModel, update: Mapping[str, Tensor], rank: int) -> tuple[PeftModel, Tensor]:
    """The base with factors that make the best approximation of an update of its matrices, and sigma^2 (rank,) summed over all.

    The base is a part of it until it is unloaded. ModelProblem where peft puts no factors on one of them.
    """
    asked = Lora(rank=rank, alpha=rank)
    adapted = get_peft_model(base.model, settings_of(base.model, list(update), asked))  # pyright: ignore[reportArgumentType]
    layers = layers_of(base.model, list(update))
    squares_k = torch.zeros(rank, dtype=torch.float64)
    for name, change in update.items():
        if not hasattr(layers[name], "lora_A"):
            raise ModelProblem(
                f"PEFT puts no adapter on {name} of {base.label}, whose name it takes for an expert's; export the whole model",
                where=name,
            )
        squares_k += approximate(layers[name], change)
    return adapted, squares_k


@torch.no_grad()
def _missed(base: PreTrainedModel, folder: Path, update: Mapping[str, Tensor]) -> float:
    """||dW - what PEFT makes of the adapter||_F over all weights; spends the base."""
    before = {name: weight.detach().clone() for name, weight in base.named_parameters()}
    merged: Any = PeftModel.from_pretrained(base, str(folder)).merge_and_unload()  # pyright: ignore[reportArgumentType, reportCallIssue]
    after = dict(merged.named_parameters())
    return whole_norm({name: update[name] - (after[name] - weight) for name, weight in before.items()})


def _named(source: ModelSource, base: LoadedModel) -> tuple[str, str | None]:
    """What an adapter calls its base, and its revision: a name of the hub, or the path that was configured."""
    if isinstance(source, HubModel):
        return source.repo_id, source.revision
    return getattr(source, "path", base.label), None


_WRITERS: Mapping[type[Export], Callable[[_Source, Any, Path], Written]] = {
    ExportModel: _write_model,
    ExportGguf: _write_gguf,
    ExportAdapter: _write_adapter,
}
