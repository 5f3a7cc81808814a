"""Benchmarks by the LM Evaluation Harness: its tasks, prompts, filters and metrics are its own, only the weights are ours.

A task file may name Python functions, which the library runs: a folder of such files is read only below
OPDBOARD_CODE_ROOTS. Names are looked up in the library's index, never handed on as paths, which it would read as well.
"""

import logging
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from opdboard.db import evidence, runs
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.errors import BadInput
from opdboard.domain.lm_eval import INSTALL, LmEval
from opdboard.domain.model_sources import ModelSource, RunModel
from opdboard.domain.records import Batch, VariantRecord
from opdboard.model_roots import code_folder
from opdboard_worker.analysis.job import Job
from opdboard_worker.analysis.variants import BASE
from opdboard_worker.models.loading import load
from opdboard_worker.process import Attempt
from opdboard_worker.training.assembly import device_of
from opdboard_worker.training.ranks import Alone

log = logging.getLogger(__name__)

_RESAMPLES = 1000
"""For the standard errors of metrics that are no means."""
_OFFERED = 20


def lm_eval_job(attempt: Attempt, config: AnalysisConfig) -> Job:
    """A step for the base weights, and one for each checkpoint."""
    asked = LmEval.model_validate(config.parameters)
    tasks = _tasks(asked, attempt)
    with attempt.database.read() as session:
        subject = runs.config_of(runs.get(session, config.run_id))
    device = device_of(subject.model_copy(update={"device": config.device}), Alone())

    def run_folder(source: RunModel) -> Path:
        with attempt.database.read() as session:
            return attempt.settings.root / evidence.weights_path(session, source)

    weights: list[tuple[str, float, str, ModelSource]] = [(BASE, 0.0, "base weights", subject.student)]
    weights += [
        ("checkpoint", step, f"checkpoint of step {step}", RunModel(run_id=config.run_id, step=step))
        for step in asked.steps
    ]

    def steps(after: int) -> Iterator[Batch]:
        for index, (family, x, label, source) in enumerate(weights, 1):
            if index <= after:
                continue
            loaded = load(source, settings=attempt.settings, run_folder=run_folder)
            found = _evaluated(loaded.model.to(device), loaded.tokenizer, asked, tasks)  # pyright: ignore[reportArgumentType]
            told = "  ".join(f"{one['task']} {one['metric']} {one['value']:.4f}" for one in found)
            log.info("%d/%d  %s  %s", index, len(weights), label, told)
            details = {"metrics": found, "version": version("lm_eval")}
            yield Batch(step=index, at=0.0, variants=[VariantRecord(index, family, x, label, None, (), details)])

    return Job(steps, len(weights), device=str(device))


def _tasks(asked: LmEval, attempt: Attempt) -> Any:
    """The library's index of tasks; BadInput where it is not installed, knows no such task, or may not read the folder."""
    folder = code_folder(asked.folder, attempt.settings, "parameters.folder") if asked.folder else None
    try:
        library: Any = import_module("lm_eval.tasks")
    except ImportError as missing:
        raise BadInput(f"this worker has no lm-eval: {INSTALL} installs it", where="kind") from missing
    known = library.TaskManager(include_path=folder, include_defaults=folder is None)
    names = known.all_tasks
    if unknown := [name for name in asked.tasks if name not in set(names)]:
        like = ", ".join(names[:_OFFERED] if folder else get_close_matches(unknown[0], names)) or "none like it"
        raise BadInput(
            f"{folder or 'lm-eval'} has no task {unknown[0]!r}; it has {like}",
            where="parameters.tasks",
        )
    return known


def _evaluated(model: Any, tokenizer: Any, asked: LmEval, tasks: Any) -> list[dict[str, Any]]:
    """Every metric of every task and group."""
    library: Any = import_module("lm_eval.evaluator")
    models: Any = import_module("lm_eval.models.huggingface")
    results = library.simple_evaluate(
        models.HFLM(pretrained=model, tokenizer=tokenizer, batch_size=asked.batch_size),
        tasks=list(asked.tasks),
        task_manager=tasks,
        num_fewshot=asked.num_fewshot,
        limit=asked.limit,
        apply_chat_template=asked.chat_template,
        bootstrap_iters=_RESAMPLES,
        log_samples=False,
    )
    return metrics_of(results)


def metrics_of(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each as task, metric, filter, value and stderr (None where the library knows none), better, examples and version."""
    found: list[dict[str, Any]] = []
    for task, values in {**results["results"], **results.get("groups", {})}.items():
        for key, value in values.items():
            metric, comma, chosen = key.partition(",")
            if not comma or metric.endswith("_stderr") or not isinstance(value, int | float):
                continue
            error = values.get(f"{metric}_stderr,{chosen}")
            higher = results.get("higher_is_better", {}).get(task, {}).get(metric)
            found.append(
                {
                    "task": task,
                    "metric": metric,
                    "filter": chosen,
                    "value": float(value),
                    "stderr": float(error) if isinstance(error, int | float) else None,
                    "better": None if higher is None else "higher" if higher else "lower",
                    "examples": results.get("n-samples", {}).get(task, {}).get("effective"),
                    "version": results.get("versions", {}).get(task),
                }
            )
    return found
