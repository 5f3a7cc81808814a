"""The README.md of exported weights, written from the run: what it is, how it was made, what was measured, how to do it again."""

from collections.abc import Mapping
from typing import Any

from huggingface_hub import ModelCard, ModelCardData
from sqlalchemy.orm import Session

from opdboard.db import evidence, provenance, series
from opdboard.db.tables import Run
from opdboard.domain.exports import Export, ExportAdapter, ExportGguf, ExportModel
from opdboard.domain.model_sources import HubModel
from opdboard.domain.run_config import RunConfig
from opdboard.domain.scalar_measures import SCALARS
from opdboard_worker.evaluation.card import evaluated

_HELD_OUT = ("eval/reverse_kl", "eval/reverse_kl_k3", "eval/accuracy", "eval/teacher_accuracy")
_MOST_ROWS = 20


def model_card(session: Session, run: Run, asked: Export, facts: Mapping[str, Any]) -> str:
    """Markdown with the hub's metadata in front. facts: of the export, see `exports.Written`."""
    config = RunConfig.model_validate(run.config)
    adapter = isinstance(asked, ExportAdapter)
    data = ModelCardData(
        base_model=config.student.repo_id if isinstance(config.student, HubModel) else None,
        library_name="gguf" if isinstance(asked, ExportGguf) else "peft" if adapter else "transformers",
        pipeline_tag="text-generation",
        tags=["opdboard", "on-policy-distillation", *(["lora"] if adapter else [])],
    )
    text = "\n\n".join(
        [
            f"# {run.name}",
            _opening(run, asked, facts),
            *_use(asked, facts),
            "## How it was trained",
            _table(["", ""], [[name, str(value)] for name, value in _recipe(run, config).items()]),
            *_evaluation(session, run, asked),
            *_held_out(session, run, asked),
            *_jumps(session, run, asked),
            *_made_with(session, run),
            "## Do it again",
            "`opdboard.yaml` beside this file is the run's whole configuration:",
            "```sh\nopdboard run opdboard.yaml\n```",
        ]
    )
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}\n"))


def _opening(run: Run, asked: Export, facts: Mapping[str, Any]) -> str:
    which = f"the checkpoint of step {asked.step}"
    if asked.factor is not None:
        which = f"the candidate W + {asked.factor:g} D that was tried at step {asked.step}"
    taught = f", taught by {run.teacher}" if run.teacher else ""
    told = f"{run.student} after {run.method}{taught}: {which} of {run.total_steps}, by opdboard."
    if not isinstance(asked, ExportAdapter):
        return f"{told} Weights in {facts['precision']}."
    return (
        f"{told} This is a LoRA adapter of rank {facts['rank']} on {facts['matrices']} matrices of `{facts['base']}`, "
        f"taken from the finished update by truncated singular value decompositions. It misses {facts['missed']:.2%} of the "
        f"update's Frobenius norm; {facts['left_out']:.2%} lies in weights that no adapter of this kind holds."
    )


def _use(asked: Export, facts: Mapping[str, Any]) -> list[str]:
    if not isinstance(asked, ExportGguf):
        return []
    where = f"-hf {asked.push_to}" if asked.push_to else f"-m {facts['file']}"
    return [
        "## Use it",
        f"With [llama.cpp](https://github.com/ggml-org/llama.cpp):\n\n```sh\nllama-cli {where}\nllama-server {where}\n```",
    ]


def _recipe(run: Run, config: RunConfig) -> dict[str, Any]:
    budget, optimizer = config.budget, config.optimizer
    return {
        "method": run.method,
        "student": run.student,
        "teacher": run.teacher or "none",
        "data": getattr(config.data, "label", config.data.kind),
        "objective": config.objective.kind,
        "strategy": config.strategy.kind,
        "trained": config.adapter.kind,
        "steps": budget.steps,
        "batch size": budget.batch_size,
        "longest response": f"{budget.max_response_tokens} tokens",
        "temperature": budget.temperature,
        "learning rate": f"{optimizer.learning_rate:g}, {optimizer.schedule}",
        "seed": config.seed,
        "precision": config.precision,
        "device": run.device or "",
    }


def _evaluation(session: Session, run: Run, asked: Export) -> list[str]:
    """Of a checkpoint: nobody evaluates candidates."""
    found = None if asked.factor is not None else evaluated(session, run, asked.step)
    if found is None:
        return []
    told = "Shares have 95% intervals over prompts; gains over the base are paired, prompt by prompt, on the same random numbers."
    if isinstance(asked, ExportAdapter):
        told += " The checkpoint was evaluated with its whole update, not with what this adapter keeps of it."
    elif isinstance(asked, ExportModel | ExportGguf) and asked.precision not in ("float32", "f32"):
        told += f" The checkpoint was evaluated before its weights were rounded to {asked.precision}."
    return ["## Evaluation", _table([*found.head], [[*row] for row in found.rows]), "\n".join([told, *found.sets])]


def _held_out(session: Session, run: Run, asked: Export) -> list[str]:
    found = series.read_scalars(session, run.id, _HELD_OUT, within=(None, asked.step), timed=False)
    told = {key: one.by_step() for key, one in found.items()}
    steps = sorted({step for one in told.values() for step in one})
    if not steps:
        return []
    every = -(-len(steps) // _MOST_ROWS)
    shown = [*steps[:-1:every], steps[-1]]
    head = ["step", *(f"{SCALARS[key].title} [{SCALARS[key].unit}]" for key in told)]
    rows = [[str(step), *(f"{one[step]:.4g}" if step in one else "" for one in told.values())] for step in shown]
    return ["## Held-out prompts", _table(head, rows)]


def _jumps(session: Session, run: Run, asked: Export) -> list[str]:
    before = [one for one in evidence.decisions_of(session, run.id) if asked.step is None or one.step <= asked.step]
    taken = [one for one in before if one.accepted_factor and not one.vetoed]
    if not before:
        return []
    named = ", ".join(f"factor {one.accepted_factor:g} at step {one.step}" for one in taken) or "none"
    return ["## Extrapolations", f"{len(before)} were tried, {len(taken)} taken: {named}."]


def _made_with(session: Session, run: Run) -> list[str]:
    """Of each attempt that was made with anything else than the one before; files by their names, for folders are private."""
    told = [
        [f"attempt {attempt.number}", name, text]
        for attempt, found in provenance.of_runs(session, [run.id])[run.id]
        for name, text in [
            *found.software.items(),
            *found.models.items(),
            *((path.rsplit("/", 1)[-1], text) for path, text in found.files.items()),
        ]
    ]
    return ["## Made with", _table(["", "", "version, commit or SHA-256"], told)] if told else []


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)
