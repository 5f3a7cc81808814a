"""One HTML page about some runs that needs no server and no network: the same panels, and the tables beside them."""

from collections.abc import Iterator, Sequence

from opdboard.answers import CellOut, DecisionOut, RunDetail, SpeedupOut
from opdboard.client import Client, RequestRefused
from opdboard.domain.interventions import INTERVENTIONS
from opdboard.domain.measures import scalar
from opdboard.domain.speedup_words import TELL
from opdboard.export.html import document, in_section, note, picture, section, spectral_table, table, text
from opdboard.panels.look import run_mark

MOST_SAMPLES = 6
_CURVES = ("eval/reverse_kl", "eval/accuracy", "reverse_kl", "loss", "grad_norm")
_COSTS = {"steps": "steps", "tokens": "tokens", "seconds": "time", "gpu_seconds": "GPU time"}
_LATEST = ("eval/reverse_kl", "eval/accuracy", "seconds")


def page(client: Client, run_ids: Sequence[str]) -> Iterator[str]:
    """The page, part after part, each drawn when it is asked for. An unknown run is refused before the first."""
    runs = [client.run(run_id) for run_id in run_ids]
    return document(", ".join(run.name for run in runs), _parts(client, runs))


def _parts(client: Client, runs: Sequence[RunDetail]) -> Iterator[str]:
    yield _overview(runs)
    if len(runs) > 1:
        yield section("Speed-up", _speedup(client, runs))
        yield section("What differs", _differences(client, runs))
    yield from in_section("Curves", (_curve(client, runs, key) for key in _CURVES))
    for run in runs:
        yield from in_section(f"{named(run)} ({run.id})", _about(client, run))


def _about(client: Client, run: RunDetail) -> Iterator[str]:
    for panel in ("module_allocation", "alignment", "decisions", "spectrum"):
        yield picture(client, panel, [run.id])
    yield spectral_table(client, [run.id])
    for panel in _analysed(client, run):
        yield picture(client, panel, [run.id])
    yield _decisions(client, run)
    yield _alerts(client, run)
    yield _samples(client, run)
    yield _made_with(client, run)
    yield _configuration(run)


def _analysed(client: Client, run: RunDetail) -> list[str]:
    """The pictures of the analyses that the run has."""
    found = {one.kind for one in client.analyses([run.id]).analyses if one.step > 0}
    return list(dict.fromkeys(one.panel for kind, one in INTERVENTIONS.items() if one.panel and kind in found))


def _overview(runs: Sequence[RunDetail]) -> str:
    columns = ("run", "id", "state", "method", "student", "teacher", "step", *(scalar(key).title for key in _LATEST))
    rows = [
        (
            named(run), run.id, run.state, run.method_name, run.student, run.teacher,
            f"{run.step} of {run.total_steps}", *(run.latest.get(key) for key in _LATEST),
        )
        for run in runs
    ]  # fmt: skip
    failed = [(named(run), run.error["detail"]) for run in runs if run.error]
    return table(columns, rows) + (table(("failed", "why"), failed) if failed else "")


def _speedup(client: Client, runs: Sequence[RunDetail]) -> str:
    """The page's table and its sentences."""
    try:
        found = client.speedup([run.id for run in runs], runs[0].id)
    except RequestRefused as problem:
        return note(problem.detail)
    names = {run.id: named(run) for run in runs}
    sides = {"ratios": f" against {names[found.reference]}", "costs": ""}
    if found.best not in (None, found.reference):
        sides = {"against_best": f" against the best rate, {names[found.best]}"} | sides
    told = [(side, cost) for side in sides for cost in TELL if cost != "gpu_seconds" or _gpus(found)]
    rows = [
        (
            names[row.key],
            row.words.rate,
            *(_told(getattr(getattr(row.words, side), cost)) for side, cost in told),
            row.words.standing,
        )
        for row in found.rows
    ]
    heads = ("run", "learning rate", *(_COSTS[cost] + sides[side] for side, cost in told), "target")
    notes = "".join(map(note, found.notes))
    return note(found.told) + table(heads, rows) + notes + note(found.method)


def _gpus(found: SpeedupOut) -> bool:
    return any(row.costs.gpu_seconds is not None for row in found.rows)


def _told(cell: CellOut) -> str:
    return " ".join(filter(None, (cell.text, cell.bracket, f"({cell.more})" if cell.more else "")))


def named(run: RunDetail) -> str:
    """A run's name behind the mark that it has in every picture."""
    return f"{run_mark(run).glyph} {run.name}"


def _differences(client: Client, runs: Sequence[RunDetail]) -> str:
    found = client.differences([run.id for run in runs]).differing
    if not found:
        return note("The configurations are the same.")
    rows = [(key.path, *(", ".join(map(str, key.values.get(run.id, "–"))) for run in runs)) for key in found]
    return table(("key", *map(named, runs)), rows)


def _curve(client: Client, runs: Sequence[RunDetail], key: str) -> str:
    if not any(key in run.latest for run in runs):
        return ""
    return f"<h3>{text(scalar(key).title)}</h3>" + picture(
        client, "scalars", [run.id for run in runs], {"keys": key}, titled=False
    )


def _decisions(client: Client, run: RunDetail) -> str:
    found = client.decisions(run.id).decisions
    if not found:
        return ""
    rows = [
        (
            one.step, ", ".join(f"{tried.factor:.3g}" for tried in one.candidates if tried.factor), *_taken(one),
            one.outcome + (" (taken back)" if one.vetoed else ""), one.tokens, one.seconds,
        )
        for one in found
    ]  # fmt: skip
    heads = ("step", "tried", "taken", "gain over W_t", "95% from", "to", "outcome", "tokens", "seconds")
    return "<h3>Extrapolation decisions</h3>" + table(heads, rows)


def _taken(decision: DecisionOut) -> tuple[float | None, ...]:
    """The factor, and its gain with the ends of the interval; None for what there is not."""
    taken = next((one for one in decision.candidates if one.factor == decision.accepted_factor != 0), None)
    return (None,) * 4 if taken is None else (taken.factor, taken.gain, taken.gain_low, taken.gain_high)


def _alerts(client: Client, run: RunDetail) -> str:
    found = client.alerts(run.id).alerts
    rows = [(one.step, one.severity, one.title, one.message) for one in found]
    return "<h3>Alerts</h3>" + table(("step", "severity", "what", "why"), rows) if rows else ""


def _samples(client: Client, run: RunDetail) -> str:
    found = client.samples(run.id)
    rows = [
        (
            one.prompt,
            one.response,
            "–" if one.answer is None else one.answer,
            {True: "correct", False: "wrong", None: "–"}[one.correct],
        )
        for one in found.samples[:MOST_SAMPLES]
    ]
    return (
        f"<h3>Samples at step {found.step}</h3>" + table(("prompt", "response", "answer", "verdict"), rows)
        if rows
        else ""
    )


def _made_with(client: Client, run: RunDetail) -> str:
    rows = [
        (told.from_step, path, text)
        for told in client.history(run.id).provenance
        for path, text in told.flat().items()
    ]  # fmt: skip
    return "<h3>Versions, weights and data</h3>" + table(("from step", "what", "which"), rows) if rows else ""


def _configuration(run: RunDetail) -> str:
    import yaml

    config = run.config.model_dump(mode="json") if run.config else run.reported_config or run.job_config
    return (
        f"<details><summary>Configuration</summary><pre>{text(yaml.safe_dump(config, sort_keys=False))}</pre></details>"
    )
