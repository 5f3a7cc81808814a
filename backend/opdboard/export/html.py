"""The parts of a page that needs no server and no network: pictures, tables, notes, and the document around them."""

import html
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from plotly.offline import get_plotlyjs

from opdboard.answers import PanelTable
from opdboard.client import Client, RequestRefused
from opdboard.export.figures import figure_of

MOST_ROWS = 200
"""Of a picture's table in a page."""
STYLE = """
body { font: 14px/1.45 Inter, system-ui, sans-serif; color: #1b1f27; max-width: 1080px; margin: 32px auto; padding: 0 20px }
h1 { font-size: 24px } h2 { font-size: 18px; margin-top: 36px } h3 { font-size: 15px; margin-bottom: 4px }
p.note { color: #545c6b; margin: 4px 0 }
table { border-collapse: collapse; font-size: 12.5px; margin: 8px 0; width: 100% }
th, td { text-align: left; padding: 4px 18px 4px 0; border-bottom: 1px solid #e8eaee; vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
pre { background: #f5f6f8; padding: 10px; white-space: pre-wrap; font-size: 12px }
.scroll { overflow-x: auto } figure { margin: 10px 0; break-inside: avoid }
@media print { body { margin: 0; max-width: none } h2 { break-after: avoid } tr { break-inside: avoid } }
"""


def document(title: str, parts: Iterable[str]) -> Iterator[str]:
    """The whole page, part after part: style, plotly and all."""
    made = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    yield (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style><script>{get_plotlyjs()}</script></head><body>"
        f'<h1>{text(title)}</h1><p class="note">Made by opdboard, {made}</p>'
    )
    yield from parts
    yield "</body></html>"


def picture(
    client: Client,
    panel: str,
    entries: Sequence[str],
    params: dict[str, str] | None = None,
    *,
    titled: bool = True,
    what: str = "",
) -> str:
    """A panel's figure of runs or groups, its note and its table; why there is none where it cannot be drawn.

    what: of it is drawn, where a picture comes more than once.
    """
    title = next((each.title for each in client.panels() if each.name == panel), panel)
    heading = f"<h3>{text(title + (f' · {what}' if what else ''))}</h3>" if titled else ""
    try:
        answer = client.panel(panel, entries, params or {})
    except RequestRefused as problem:
        return heading + note(problem.detail)
    meta = answer.meta
    if meta.empty:
        return heading + note("Nothing is stored for this picture.")
    drawn = figure_of(answer).to_html(include_plotlyjs=False, full_html=False, default_height=380)
    told = _folded(client.panel_table(panel, entries, params or {}))
    return f"{heading}<figure>{drawn}</figure>{note(meta.note or '')}{told}"


def spectral_table(client: Client, entries: Sequence[str]) -> str:
    """All spectral measures of the latest snapshot of each run or group, in sight; nothing before the first."""
    told = client.panel_table("spectrum", entries, {"numbers": "latest"})
    return table([column.heading for column in told.columns], told.rows) if told.rows else ""


def _folded(told: PanelTable) -> str:
    """The picture's numbers, out of sight until they are asked for."""
    shown = told.rows[:MOST_ROWS]
    rest = (
        f", of which the first {len(shown)} are here; `opdboard figure` writes all as CSV"
        if len(shown) < told.count
        else ""
    )
    columns = [column.heading for column in told.columns]
    summary = f"The numbers: {told.count:,} {'row' if told.count == 1 else 'rows'}{rest}"
    return f"<details><summary>{text(summary)}</summary>{table(columns, shown)}</details>"


def section(title: str, content: str) -> str:
    """A heading and what belongs below it."""
    return "".join(in_section(title, [content]))


def in_section(title: str, parts: Iterable[str]) -> Iterator[str]:
    """The same, part after part."""
    yield f"<section><h2>{text(title)}</h2>"
    yield from parts
    yield "</section>"


def note(sentence: str) -> str:
    """A quiet sentence; nothing for none."""
    return f'<p class="note">{text(sentence)}</p>' if sentence else ""


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Rows below headings; numbers to the right, a dash for what there is not."""
    columns, rows = list(columns), [list(row) for row in rows]
    numeric = [all(_is_number(value) or value is None for value in column) for column in zip(*rows, strict=True)]
    kinds = [' class="n"' if one else "" for one in numeric] or [""] * len(columns)
    head = "".join(f"<th{kind}>{text(column)}</th>" for kind, column in zip(kinds, columns, strict=True))
    cells = ((f"<td{kind}>{text(_shown(value))}</td>" for kind, value in zip(kinds, row, strict=True)) for row in rows)
    body = "".join("<tr>" + "".join(row) + "</tr>" for row in cells)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _shown(value: Any) -> str:
    if not _is_number(value):
        return "–" if value is None else str(value)
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.4g}"
    return f"{value:,}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text(plain: str) -> str:
    """Escaped."""
    return html.escape(plain)
