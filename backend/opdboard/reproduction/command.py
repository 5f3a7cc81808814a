"""The command `opdboard reproduce`."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from opdboard import terminal
from opdboard.client import Client
from opdboard.domain.errors import BadInput
from opdboard.embedded.signals import signals_end_the_command
from opdboard.reproduction import plan
from opdboard.settings import Settings

if TYPE_CHECKING:
    from opdboard.answers import RunSummary

_err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def reproduce(
    out: Annotated[
        Path,
        typer.Option("--out", help="A new or empty folder: report.html, and the data to look at with `opdboard up`."),
    ],
    quick: Annotated[bool, typer.Option("--quick", help="Shorter runs, one seed: a first look.")] = False,
) -> None:
    """Run the paper's comparison of OPD and RL on the demo task, all analyses, and write a report that judges its claims."""
    from opdboard.embedded.stack import Stack  # imports the web side, which other commands do not need
    from opdboard.reproduction.experiment import carry_out
    from opdboard.reproduction.page import page

    scale = plan.QUICK if quick else plan.FULL
    began = time.monotonic()
    data = _made(out) / "data"
    settings = Settings(**_settings(data))
    _note(f"{scale.takes}; afterwards: OPDBOARD_DATA_DIR={data} opdboard up")
    with (
        signals_end_the_command(),
        Stack(settings, _note, any_port=True) as stack,
        Client(stack.url, settings.token) as client,
    ):
        _note(f"live: {stack.url}")
        evidence = carry_out(client, scale, _progress())
        text = page(evidence, scale)
    report = out / "report.html"
    report.write_text(text, encoding="utf-8")
    _note(f"{(time.monotonic() - began) / 60:.1f} minutes")
    typer.echo(str(report))


def _progress() -> "Callable[[RunSummary], None]":
    """Runs as they go, analyses when they end."""
    shown = terminal.Progress(_note)

    def report(run: "RunSummary") -> None:
        if run.kind != "analysis":
            shown(run)
        elif run.ended_at is not None:
            _note(f"{run.name}: {run.state}")

    return report


def _made(out: Path) -> Path:
    """The folder, absolute; BadInput when something is in it already."""
    folder = out.expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BadInput(f"{folder} is not empty; choose another folder", where="out")
    except OSError as error:
        raise BadInput(f"{folder} cannot be made: {error.strerror}", where="out") from error
    return folder


def _settings(data: Path) -> dict[str, Any]:
    """Everything below the folder, whatever installation the environment names."""
    port = int(os.environ.get("OPDBOARD_PORT", "0"))
    return {"data_dir": data, "database_url": "", "broker_url": "", "worker_queues": "", "port": port}


def _note(sentence: str) -> None:
    _err.print(sentence)
