"""One HTML page about some runs that needs no server and no network: the same panels, and the tables beside them."""

from collections.abc import Iterator, Sequence

from opdboard.answers import DecisionOut, RunDetail
from opdboard.client import Client, RequestRefused
from opdboard.domain.interventions import INTERVENTIONS
from opdboard.export.html import document, in_section, note, picture, section, spectral_table, table, text

MOST_SAMPLES = 6
_CURVES = ("eval/reverse_kl", "eval/accuracy", "reverse_kl", "loss", "grad_norm")


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
        yield from in_section(f"{run.name} ({run.id})", _about(client, run))


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
    columns = ("run", "id", "state", "method", "student", "teacher", "step", "held-out KL", "accuracy", "seconds")
    rows = [
        (
            run.name, run.id, run.state, run.method, run.student, run.teacher,
            f"{run.step} of {run.total_steps}", run.latest.get("eval/reverse_kl"),
            run.latest.get("eval/accuracy"), run.latest.get("seconds"),
        )
        for run in runs
    ]  # fmt: skip
    failed = [(run.name, run.error["detail"]) for run in runs if run.error]
    return table(columns, rows) + (table(("failed", "why"), failed) if failed else "")


def _speedup(client: Client, runs: Sequence[RunDetail]) -> str:
    try:
        found = client.speedup([run.id for run in runs], runs[0].id)
    except RequestRefused as problem:
        return note(problem.detail)
    names = {run.id: run.name for run in runs}
    rows = [
        (
            names.get(row.key, row.key),
            ("yes" if row.reached else "no") if row.evaluated else "not evaluated",
            *(getattr(row.costs, cost) for cost in ("steps", "tokens", "search_tokens", "seconds", "search_seconds")),
        )
        for row in found.rows
    ]
    about = note(
        f"Cost until {found.metric} reached the final score of {runs[0].name} and held it, search included; evaluations "
        "as running medians of three."
    )
    return about + table(("run", "reached", "steps", "tokens", "of them search", "seconds", "of them search"), rows)


def _differences(client: Client, runs: Sequence[RunDetail]) -> str:
    found = client.differences([run.id for run in runs]).differing
    if not found:
        return note("The configurations are the same.")
    rows = [(key.path, *(", ".join(map(str, key.values.get(run.id, "–"))) for run in runs)) for key in found]
    return table(("key", *(run.name for run in runs)), rows)


def _curve(client: Client, runs: Sequence[RunDetail], key: str) -> str:
    if not any(key in run.latest for run in runs):
        return ""
    return f"<h3>{text(key)}</h3>" + picture(client, "scalars", [run.id for run in runs], {"keys": key}, titled=False)


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
