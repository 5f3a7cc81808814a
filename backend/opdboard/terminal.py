"""How runs look in a terminal."""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opdboard.domain.measures import scalar
from opdboard.domain.run_state import RunState

if TYPE_CHECKING:
    from opdboard.answers import DecisionOut, HubRepository, ProvenanceOut, RunDetail, RunSummary

PATIENCE_SECONDS = 5.0
STYLES = {
    RunState.QUEUED: "dim",
    RunState.STARTING: "cyan",
    RunState.RUNNING: "cyan",
    RunState.PAUSED: "yellow",
    RunState.STOPPING: "yellow",
    RunState.FINISHED: "green",
    RunState.STOPPED: "yellow",
    RunState.FAILED: "bold red",
}
SHOWN_SCALARS = ("eval/reverse_kl", "eval/accuracy", "reverse_kl", "loss")
SHOWN_COSTS = {
    "tokens": "tokens, search included",
    "search_tokens": "of which search",
    "seconds": "seconds",
    "search_seconds": "of which search",
}


# Controls (C0 but for line ends, C1), and marks that turn the direction of writing.
_NOT_SHOWN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: object) -> str:
    """A text of somebody else's as a terminal may show it: what would steer the terminal is spelt out, as \\x1b."""
    return _NOT_SHOWN.sub(lambda found: ascii(found[0])[1:-1], str(text))


def number(value: float | None, digits: int = 4) -> str:
    """A short number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}g}"


HUB_TOKENS = {
    "stored": "the server keeps a token of the hub",
    "environment": "the server has a token of the hub in its environment (HF_TOKEN)",
    "none": "the server has no token of the hub",
}


def state(run: "RunSummary") -> Text:
    """The state in its colour."""
    return Text(run.state, STYLES[run.state])


def _all_tokens(latest: dict[str, float | None]) -> dict[str, float | None]:
    """The tokens of the search counted in, as its seconds are in the seconds."""
    tokens, search = latest.get("tokens"), latest.get("search_tokens")
    return latest if tokens is None or search is None else {**latest, "tokens": tokens + search}


def runs_table(runs: "Iterable[RunSummary]") -> Table:
    """One line per run."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("id", "name", "method", "state"):
        table.add_column(heading, no_wrap=heading != "name")
    for heading in ("step", "rate", "KL", "accuracy", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("group")
    for run in runs:
        latest = run.latest
        table.add_row(
            run.id,
            plain(run.name),
            plain(run.method),
            state(run),
            f"{run.step}/{run.total_steps}",
            number(run.learning_rate),
            number(latest.get("eval/reverse_kl")),
            number(latest.get("eval/accuracy"), 3),
            number(latest.get("seconds"), 3),
            plain(run.group),
        )
    return table


def repositories_table(found: "Iterable[HubRepository]") -> Table:
    """One line per repository of the hub."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("id", "license", "access"):
        table.add_column(heading, no_wrap=heading == "id")
    for heading in ("weights", "downloads"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found:
        access = [word for word, told in (("private", one.private), ("asks for an agreement", one.gated)) if told]
        weights = "" if one.parameters is None else f"{one.parameters:,}"
        table.add_row(plain(one.id), plain(one.license or ""), ", ".join(access), weights, f"{one.downloads:,}")
    return table


def run_details(
    run: "RunDetail", decisions: "list[DecisionOut]", made_with: "Sequence[ProvenanceOut]" = ()
) -> RenderableType:
    """Everything one wants to know about a run without a browser."""
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(style="dim")
    facts.add_column()
    facts.add_row("run", f"{run.id}  {plain(run.name)}")
    facts.add_row("state", state(run))
    taught = f" -> {run.teacher}" if run.teacher else ""
    facts.add_row("method", plain(f"{run.method}: {run.student}{taught}"))
    facts.add_row("progress", _progress(run))
    facts.add_row("created", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.created_at)))
    if run.worker_id:
        facts.add_row(
            "worker",
            plain(f"{run.worker_id}, attempt {run.attempt}, {run.device or 'device not known yet'}"),
        )
    latest = _all_tokens(run.latest)
    titles = {key: f"{scalar(key).brief} {scalar(key).unit}".rstrip() for key in SHOWN_SCALARS}
    for key, title in (titles | SHOWN_COSTS).items():
        if key in latest:
            facts.add_row(title, number(latest[key]))
    for told in made_with:
        since = f" (from step {told.from_step})" if len(made_with) > 1 else ""
        facts.add_row("versions" + since, plain(", ".join(f"{name} {text}" for name, text in told.software.items())))
        for name, text in (told.models | told.files).items():
            facts.add_row(plain(name), plain(text))
    for command in run.commands_pending:
        facts.add_row("asked for", command.command)
    if run.error:
        facts.add_row("error", Text(plain(f"{run.error['error']}: {run.error['detail']}"), "red"))
    if run.notes:
        facts.add_row("notes", Text(plain(run.notes)))
    return Group(facts, Text(), _decisions_table(decisions)) if decisions else facts


class Progress:
    """Turns the changes of runs into lines: at each state and each evaluation, and else every few seconds."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: dict[str, tuple[object, int, float]] = {}

    def __call__(self, run: "RunSummary") -> None:
        """Say what is new about the run, if that is worth a line."""
        kl = run.latest.get("eval/reverse_kl")
        now = time.monotonic()
        told, step, at = self._said.get(run.id, (None, -1, 0.0))
        if told != (run.state, kl) or (run.step != step and now - at > PATIENCE_SECONDS):
            self._said[run.id] = ((run.state, kl), run.step, now)
            measured = f", held-out KL {number(kl)}" if kl is not None else ""
            failed = f": {run.error['detail']}" if run.error else ""
            self._say(plain(f"{run.name}: {run.state}, step {run.step}/{run.total_steps}{measured}{failed}"))


def _progress(run: "RunSummary") -> str:
    left = run.seconds_left
    return f"step {run.step} of {run.total_steps}" + (f", about {left:.0f} s left" if left else "")


def _decisions_table(decisions: "list[DecisionOut]") -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", title="Extrapolation decisions", title_justify="left")
    for heading in ("step", "tried", "accepted", "seconds"):
        table.add_column(heading, justify="right")
    table.add_column("outcome")
    for decision in decisions:
        tried = ", ".join(f"{candidate.factor:g}" for candidate in decision.candidates)
        accepted = f"{decision.accepted_factor:g}"
        table.add_row(str(decision.step), tried, accepted, number(decision.seconds, 3), plain(decision.outcome))
    return table
