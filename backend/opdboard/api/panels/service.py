"""Loads what a panel needs, lets it draw, and turns the drawing into bytes, which are kept for the next browser."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from math import isfinite
from typing import Any

from plotly.utils import PlotlyJSONEncoder
from pydantic import ValidationError
from sqlalchemy.orm import Session

from opdboard.api.arrays import encode
from opdboard.api.context import Context
from opdboard.api.entries import within_limit
from opdboard.api.panels.loading import load_all, runs_of
from opdboard.api.panels.recent import Answer
from opdboard.api.panels.schemas import PanelMeta, PanelOut
from opdboard.api.parameters import LARGEST_INTEGER, split_list
from opdboard.api.problems import FieldProblem, InvalidFields, problems
from opdboard.api.rows import filled
from opdboard.db import groups
from opdboard.db.groups import Entry
from opdboard.db.tables import Run
from opdboard.domain.errors import BadInput
from opdboard.export.cells import cells
from opdboard.panels import registry
from opdboard.panels.extension import Extension, as_json, extend
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.table import ROWS_AT_ONCE, Cell, Row, Table

MOST_ROWS = 20_000
"""Of a table that a page shows: more than anybody reads."""


def listed() -> list[PanelOut]:
    """Every panel with the schema that draws its controls."""
    return [
        filled(PanelOut, panel, params_schema=panel.params.model_json_schema(), topics=list(panel.topics))
        for panel in registry.PANELS
    ]


def figure(context: Context, name: str, run_ids: str, given: dict[str, str]) -> bytes:
    """The JSON of a PanelFigure."""
    panel, params = _asked(name, given)

    def draw(session: Session, entries: list[Entry]) -> bytes:
        drawn = as_json(panel.draw(load_all(session, entries, panel.needs(params)), params))
        meta = drawn["layout"].pop("meta")
        return _json(
            {
                "figure": {"data": drawn["data"], "layout": drawn["layout"]},
                "cursors": _cursors(runs_of(entries)),
                "meta": _meta(meta),
            }
        )

    return _answer(context, panel, run_ids, (name, params), draw).body


def table(context: Context, name: str, run_ids: str, given: dict[str, str]) -> bytes:
    """The JSON of a PanelTable."""
    panel, params = _asked(name, given)

    def tell(session: Session, entries: list[Entry]) -> bytes:
        told = panel.tell(load_all(session, entries, panel.needs(params)), params)
        return _json(
            {
                "columns": [{"heading": column.heading, "numeric": column.numeric} for column in told.columns],
                "rows": [[_cell(cell) for cell in row] for row in islice(told.rows(), MOST_ROWS)],
                "count": told.count,
            }
        )

    return _answer(context, panel, run_ids, ("table", name, params), tell).body


def csv_lines(context: Context, name: str, run_ids: str, given: dict[str, str]) -> Iterator[str]:
    """The whole table as CSV, a block of lines at a time."""
    panel, params = _asked(name, given)
    with context.database.snapshot() as session:
        told = panel.tell(load_all(session, _entries(session, panel, run_ids), panel.needs(params)), params)
    return _csv(told)


def _csv(told: Table) -> Iterator[str]:
    rows: Iterator[Row] = chain([[column.heading for column in told.columns]], told.rows())
    while block := list(islice(rows, ROWS_AT_ONCE)):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(map(cells, block))
        yield text.getvalue()


def _cell(cell: Cell) -> Cell:
    """JSON has no numbers that are not finite."""
    return (
        repr(cell).replace("nan", "NaN").replace("inf", "Infinity")
        if isinstance(cell, float) and not isfinite(cell)
        else cell
    )


def extension(context: Context, name: str, run_ids: str, after: str, given: dict[str, str]) -> Answer:
    """The JSON of a PanelExtension, and how far the runs had come."""
    panel, params = _asked(name, given)
    cursors = _parsed(after)

    def draw(session: Session, entries: list[Entry]) -> bytes:
        found = runs_of(entries)
        if len(cursors) != len(found) and not any(entry.is_group for entry in entries):
            raise BadInput(f"after needs one cursor per run: {len(found)}, got {len(cursors)}", where="after")
        known = dict(zip([run.id for run in found], cursors, strict=False))
        if len(cursors) != len(found) or any(
            run.rewound_seq > known[run.id] or known[run.id] > run.seq for run in found
        ):
            return _extension(found, Extension(reset=True))
        if all(run.seq == known[run.id] for run in found):
            return _extension(found, Extension())
        loaded = load_all(session, entries, panel.needs(params))
        return _extension(found, extend(panel, loaded, params, [known[run.id] for run in loaded]))

    return _answer(context, panel, run_ids, (name, params, tuple(cursors)), draw)


def _asked(name: str, given: dict[str, str]) -> tuple[Panel[Any], PanelParams]:
    """The panel and its parameters; an empty value is the same as none."""
    panel = registry.panel(name)
    wanted = {key: value for key, value in given.items() if value != ""}
    unknown = wanted.keys() - panel.params.model_fields.keys()
    if unknown:
        known = ", ".join(("runs", *panel.params.model_fields))
        raise InvalidFields(
            [FieldProblem(path=key, message=f"{name} has no such parameter; it has {known}") for key in sorted(unknown)]
        )
    try:
        return panel, panel.params.model_validate(wanted)
    except ValidationError as error:
        raise InvalidFields(problems(error.errors(), wanted)) from None


def _parsed(after: str) -> list[int]:
    parts = [part.strip() for part in after.split(",")]
    if not all(
        part.isascii() and part.isdigit() and len(part) <= 10 and int(part) <= LARGEST_INTEGER for part in parts
    ):
        raise BadInput(
            f"after takes whole numbers from 0 to {LARGEST_INTEGER}, comma-separated, one per run", where="after"
        )
    return [int(part) for part in parts]


def _answer(
    context: Context, panel: Panel[Any], run_ids: str, question: tuple, draw: Callable[[Session, list[Entry]], bytes]
) -> Answer:
    """The answer for the runs as they are now: the same question at the same sequence numbers has the same answer."""
    with context.database.snapshot() as session:
        entries = _entries(session, panel, run_ids)
        shown = tuple((entry.key, entry.name, entry.color, _state(entry.runs)) for entry in entries)
        body = context.panel_cache.get_or_make((question, shown), lambda: draw(session, entries))
        return Answer(body, _cursors(runs_of(entries)))


def _entries(session: Session, panel: Panel[Any], run_ids: str) -> list[Entry]:
    wanted = split_list(run_ids, where="runs", at_most=1000)
    if not panel.min_runs <= len(wanted) <= panel.max_runs:
        allowed = str(panel.min_runs) if panel.min_runs == panel.max_runs else f"{panel.min_runs} to {panel.max_runs}"
        raise BadInput(f"{panel.name} draws {allowed} runs or groups, got {len(wanted)}", where="runs")
    return within_limit(groups.resolve(session, wanted, lazily=True))


def _state(members: Sequence[Run]) -> tuple:
    return tuple((run.id, run.created_at, run.seq, run.name, run.color) for run in members)


def _cursors(found: list[Run]) -> dict[str, int]:
    return {run.id: run.seq for run in found}


def _meta(meta: Any) -> dict[str, Any]:
    return PanelMeta.model_validate(dict(meta)).model_dump()


def _extension(found: list[Run], made: Extension) -> bytes:
    return _json(
        {
            "cursors": _cursors(found),
            "reset": made.reset,
            "append": {
                uid: {"x": encode(x).model_dump(), "y": encode(y).model_dump()} for uid, (x, y) in made.append.items()
            },
            "traces": made.traces,
            "layout": made.layout,
            "meta": None if made.meta is None else _meta(made.meta),
        }
    )


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, cls=PlotlyJSONEncoder, separators=(",", ":")).encode()
