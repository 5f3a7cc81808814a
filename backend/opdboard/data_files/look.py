"""A look into data before any launch: what their rows are recognised as, how long they are, what is amiss with them."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from opdboard.data_files.recognition import Recogniser, Row
from opdboard.domain.data_look import (
    DataLook,
    Format,
    FoundField,
    HeldOutLook,
    Lengths,
    ShownRow,
    ShownTurn,
)
from opdboard.domain.errors import OpdboardError

MOST_ROWS = 50_000
_MOST_SECONDS = 5.0
_MEASURED = 2000
_SHOWN = 5
_LONGEST_SHOWN = 2000
_BINS = 24


@dataclass(frozen=True)
class Measure:
    """How long prompts are; see domain.data_look.Lengths."""

    unit: Literal["tokens", "characters"]
    as_read: bool
    lengths: Callable[[Sequence[Row]], list[int]]
    limit: int | None


@dataclass
class _Seen:
    """Of one source of rows."""

    asked: Counter[int] = field(default_factory=Counter)
    first: list[Row] = field(default_factory=list)
    without_answer: int = 0
    problem: OpdboardError | None = None
    complete: bool = True


def look(
    rows: Iterator[Row], recogniser: Recogniser, measure: Measure, held_out: Iterator[Row] | None = None
) -> DataLook:
    """From the first rows, as many as can be read in a moment; a row that is refused ends it with its sentence.

    recogniser: which reads `rows`, and counts what it finds. held_out: rows of a file or split of their own.
    """
    seen = _read(rows)
    apart = None if held_out is None else _read(held_out)
    asked = seen.asked
    return DataLook(
        rows=asked.total(),
        complete=seen.complete,
        problem=seen.problem and seen.problem.detail,
        where=seen.problem and seen.problem.where,
        formats=[Format(name=name, rows=rows) for name, rows in recogniser.formats.most_common()],
        fields=[
            FoundField(field=found, column=column, rows=rows)
            for found, columns in recogniser.found.items()
            for column, rows in columns.most_common()
        ],
        duplicates=asked.total() - len(asked),
        lengths=_measured(seen.first, measure) if seen.first else None,
        first=[_shown(row) for row in seen.first[:_SHOWN]],
        held_out=apart
        and HeldOutLook(
            rows=apart.asked.total(),
            complete=apart.complete,
            problem=apart.problem and apart.problem.detail,
            where=apart.problem and apart.problem.where,
            without_answer=apart.without_answer,
            shared=sum(asked[one] for one in apart.asked),
        ),
    )


def texts_of(rows: Sequence[Row]) -> list[str]:
    """All that is asked in each row, without template and instruction."""
    asked = ([*(turn.content for turn in row.before), row.prompt, row.prefix] for row in rows)
    return ["\n".join(filter(None, parts)) for parts in asked]


def _read(rows: Iterator[Row]) -> _Seen:
    seen, until = _Seen(), None
    try:
        for row in rows:
            # From the first row on, which the hub takes a while to send.
            until = until or time.monotonic() + _MOST_SECONDS
            seen.asked[hash((row.before, row.prompt, row.prefix))] += 1
            seen.without_answer += row.answer is None
            if len(seen.first) < _MEASURED:
                seen.first.append(row)
            if seen.asked.total() == MOST_ROWS or time.monotonic() > until:
                seen.complete = False
                break
    except OpdboardError as refused:
        seen.problem, seen.complete = refused, False
    return seen


def _measured(rows: Sequence[Row], measure: Measure) -> Lengths:
    lengths, limit = measure.lengths(rows), measure.limit
    width = max(1, -(-max(*lengths, limit or 0, 1) // _BINS))
    bins = Counter(length // width for length in lengths)
    return Lengths(
        unit=measure.unit,
        as_read=measure.as_read,
        rows=len(lengths),
        width=width,
        counts=[bins[place] for place in range(max(bins) + 1)],
        longest=max(lengths),
        limit=limit,
        beyond=None if limit is None else sum(length > limit for length in lengths),
    )


def _shown(row: Row) -> ShownRow:
    turns = [ShownTurn(role=turn.role, content=_cut(turn.content)) for turn in row.before]
    turns.append(ShownTurn(role="user", content=_cut(row.prompt)))
    turns += [ShownTurn(role="assistant", content=_cut(row.prefix))] if row.prefix else []
    answer, solution = (None if text is None else _cut(text) for text in (row.answer, row.solution))
    return ShownRow(where=row.where, turns=turns, answer=answer, solution=solution)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
