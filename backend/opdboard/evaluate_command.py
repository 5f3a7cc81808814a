"""`opdboard evaluate RUN [CONFIG]`: base, teacher and checkpoints of a run on named sets of prompts."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from opdboard import config_file, terminal
from opdboard.client import Client
from opdboard.domain.run_state import RunState

if TYPE_CHECKING:
    from opdboard.answers import AnalysisDetail, EstimateOut

_K = re.compile(r"^pass@(\d+)$")
_err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def evaluate(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, as `opdboard ls` shows it.")],
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG]", help="YAML or JSON with sets, steps, seed, ...; without, the run's own sets."
        ),
    ] = None,
    teacher: Annotated[bool, typer.Option(help="Also the teacher, where the worker loads it itself.")] = False,
    all_checkpoints: Annotated[
        bool, typer.Option("--all", help="Every checkpoint on disk, not the latest alone.")
    ] = False,
    follow: Annotated[bool, typer.Option(help="Wait for the end, and print the table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the server's JSON.")] = False,
) -> None:
    """Answer named sets of prompts with a run's weights; with --follow the exit code says whether all was done."""
    asked = {} if config is None else config_file.read_config(config)
    asked |= {"teacher": True} if teacher else {}
    asked |= {"all_checkpoints": True} if all_checkpoints else {}
    with Client() as client:
        queued = client.analyse(run, "evaluate", **asked)
        _err.print(terminal.plain(f"queued {queued.id} ({queued.name}): {client.url}/runs/{queued.id}"))
        if follow:
            progress = terminal.Progress(lambda sentence: _err.print(terminal.plain(sentence)))
            for change in client.follow([queued.id]):
                progress(change)
        found = client.analysis(queued.id)
    if as_json:
        print(found.model_dump_json())
    elif follow:
        Console(highlight=False, markup=False).print(in_words(found))
    else:
        print(found.id)
    if follow and found.state != RunState.FINISHED:
        raise typer.Exit(1)


def in_words(found: "AnalysisDetail") -> Table:
    """The table for a terminal: shares in percent with their 95% intervals, gains over the base in points."""
    measures = {score.measure for one in found.variants for score in one.scores}
    ks = sorted(int(match[1]) for match in map(_K.match, measures) if match and match[1] != "1")
    shares = ["avg", *(f"pass@{k}" for k in ks), "maj"]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("set", "weights"):
        table.add_column(heading)
    for heading in ("avg@n", *shares[1:-1], "maj@n", "cut off", "tokens", "over base"):
        table.add_column(heading, justify="right")
    for one in found.variants:
        scores = {score.measure: score for score in one.scores}
        told = [_told(scores[name].score, "{:.1f}") if name in scores else "" for name in shares]
        gain = _told(scores["avg"].over_base, "{:+.1f}") if "avg" in scores and one.family != "base" else ""
        cut, tokens = scores["truncated"].score.value or 0.0, scores["length"].score.value or 0.0
        name = terminal.plain(str(one.details["set"]))
        table.add_row(name, terminal.plain(one.label), *told, f"{100 * cut:.1f}", f"{tokens:.1f}", gain)
    return table


def _told(estimate: "EstimateOut", form: str) -> str:
    """Hundredths, with the interval where there is one."""
    if estimate.value is None:
        return ""
    ends = [form.format(100 * end) for end in (estimate.low, estimate.high) if end is not None]
    return form.format(100 * estimate.value) + (f" ({' to '.join(ends)})" if len(ends) > 1 else "")
