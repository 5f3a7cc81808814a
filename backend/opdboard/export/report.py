"""One HTML page about some runs that needs no server and no network: the same panels, and the tables beside them."""

import html
import time
from collections.abc import Iterable, Sequence
from typing import Any

from plotly.offline import get_plotlyjs

from opdboard.client import Client, RequestRefused
from opdboard.export.figures import figure_of

Run = dict[str, Any]
MOST_SAMPLES = 6
_CURVES = ("eval/reverse_kl", "eval/accuracy", "reverse_kl", "loss", "grad_norm")
_STYLE = """
body { font: 14px/1.45 Inter, system-ui, sans-serif; color: #1b1f27; max-width: 1080px; margin: 32px auto; padding: 0 20px }
h1 { font-size: 24px } h2 { font-size: 18px; margin-top: 36px } h3 { font-size: 15px; margin-bottom: 4px }
p.note { color: #545c6b; margin: 4px 0 }
table { border-collapse: collapse; font-size: 12.5px; margin: 8px 0; width: 100% }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid #e8eaee; vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
pre { background: #f5f6f8; padding: 10px; white-space: pre-wrap; font-size: 12px }
.scroll { overflow-x: auto } figure { margin: 10px 0; break-inside: avoid }
@media print { body { margin: 0; max-width: none } h2 { break-after: avoid } tr { break-inside: avoid } }
"""


def page(client: Client, run_ids: Sequence[str]) -> str:
    """The whole page."""
    runs = [client.run(run_id) for run_id in run_ids]
    names = ", ".join(run["name"] for run in runs)
    parts = [_overview(runs)]
    if len(runs) > 1:
        parts += [_section("Speed-up", _speedup(client, runs)), _section("What differs", _differences(client, runs))]
    parts.append(_section("Curves", "".join(_curve(client, runs, key) for key in _CURVES)))
    for run in runs:
        one = [
            _picture(client, "module_allocation", [run], {}),
            _picture(client, "alignment", [run], {}),
            _picture(client, "decisions", [run], {}),
            _picture(client, "spectrum", [run], {}, table=True),
            _decisions(client, run),
            _alerts(client, run),
            _samples(client, run),
            _configuration(run),
        ]
        parts.append(_section(f"{run['name']} ({run['id']})", "".join(one)))
    made = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_text(names)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style><script>{get_plotlyjs()}</script></head><body>"
        f'<h1>{_text(names)}</h1><p class="note">Made by opdboard, {made}</p>{"".join(parts)}</body></html>'
    )


def _overview(runs: Sequence[Run]) -> str:
    columns = ("run", "id", "state", "method", "student", "teacher", "step", "held-out KL", "accuracy", "seconds")
    rows = [
        (
            run["name"], run["id"], run["state"], run["method"], run["student"], run["teacher"],
            f"{run['step']} of {run['total_steps']}", run["latest"].get("eval/reverse_kl"),
            run["latest"].get("eval/accuracy"), run["latest"].get("seconds"),
        )
        for run in runs
    ]  # fmt: skip
    failed = [(run["name"], run["error"]["detail"]) for run in runs if run["error"]]
    return _table(columns, rows) + (_table(("failed", "why"), failed) if failed else "")


def _speedup(client: Client, runs: Sequence[Run]) -> str:
    try:
        found = client.speedup([run["id"] for run in runs], runs[0]["id"])
    except RequestRefused as problem:
        return _note(problem.detail)
    names = {run["id"]: run["name"] for run in runs}
    rows = [
        (
            names.get(row["key"], row["key"]),
            "yes" if row["reached"] else "no",
            *(row["costs"][cost] for cost in ("steps", "tokens", "seconds", "search_seconds")),
        )
        for row in found["rows"]
    ]
    note = _note(f"Cost until {found['metric']} first reached the final score of {runs[0]['name']}, search included.")
    return note + _table(("run", "reached", "steps", "tokens", "seconds", "of them search"), rows)


def _differences(client: Client, runs: Sequence[Run]) -> str:
    found = client.differences([run["id"] for run in runs])["differing"]
    if not found:
        return _note("The configurations are the same.")
    rows = [(key["path"], *(", ".join(map(str, key["values"].get(run["id"], "–"))) for run in runs)) for key in found]
    return _table(("key", *(run["name"] for run in runs)), rows)


def _curve(client: Client, runs: Sequence[Run], key: str) -> str:
    if not any(key in run["latest"] for run in runs):
        return ""
    return f"<h3>{_text(key)}</h3>" + _picture(client, "scalars", runs, {"keys": key}, titled=False)


def _picture(
    client: Client, panel: str, runs: Sequence[Run], params: dict[str, str], *, table: bool = False, titled: bool = True
) -> str:
    """A panel's figure and its note; why there is none where it cannot be drawn."""
    title = next((each["title"] for each in client.panels() if each["name"] == panel), panel)
    heading = f"<h3>{_text(title)}</h3>" if titled else ""
    try:
        answer = client.panel(panel, [run["id"] for run in runs], params)
    except RequestRefused as problem:
        return heading + _note(problem.detail)
    meta = answer["meta"]
    if meta["empty"]:
        return heading + _note("Nothing is stored for this picture.")
    drawn = figure_of(answer).to_html(include_plotlyjs=False, full_html=False, default_height=380)
    beside = _table(meta["table"]["columns"], meta["table"]["rows"]) if table and meta.get("table") else ""
    return f"{heading}<figure>{drawn}</figure>{_note(meta['note'] or '')}{beside}"


def _decisions(client: Client, run: Run) -> str:
    found = client.decisions(run["id"])["decisions"]
    if not found:
        return ""
    rows = [
        (
            one["step"], ", ".join(f"{tried['factor']:g}" for tried in one["candidates"]), one["accepted_factor"],
            one["outcome"] + (" (vetoed)" if one["vetoed"] else ""), one["tokens"], one["seconds"],
        )
        for one in found
    ]  # fmt: skip
    return "<h3>Extrapolation decisions</h3>" + _table(
        ("step", "tried", "accepted", "outcome", "tokens", "seconds"), rows
    )


def _alerts(client: Client, run: Run) -> str:
    found = client.alerts(run["id"])["alerts"]
    rows = [(one["step"], one["severity"], one["title"], one["message"]) for one in found]
    return "<h3>Alerts</h3>" + _table(("step", "severity", "what", "why"), rows) if rows else ""


def _samples(client: Client, run: Run) -> str:
    found = client.samples(run["id"])
    rows = [
        (one["prompt"], one["response"], one["answer"], {True: "correct", False: "wrong"}.get(one["correct"], "–"))
        for one in found["samples"][:MOST_SAMPLES]
    ]
    return (
        f"<h3>Samples at step {found['step']}</h3>" + _table(("prompt", "response", "answer", "verdict"), rows)
        if rows
        else ""
    )


def _configuration(run: Run) -> str:
    import yaml

    config = run["config"] or run["reported_config"] or run["job_config"]
    return f"<details><summary>Configuration</summary><pre>{_text(yaml.safe_dump(config, sort_keys=False))}</pre></details>"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{_text(title)}</h2>{content}</section>"


def _note(text: str) -> str:
    return f'<p class="note">{_text(text)}</p>' if text else ""


def _table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    head = "".join(f"<th>{_text(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"<td>{_text('–' if value is None else str(value))}</td>"
    return f'<td class="n">{value:,.4g}</td>' if isinstance(value, float) else f'<td class="n">{value:,}</td>'


def _text(text: str) -> str:
    return html.escape(text)
