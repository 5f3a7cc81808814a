"""The speed-up meter's table for a spreadsheet: numbers in full, and the words of the page beside them."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from opdboard.api.compare.schemas import CellsOut, RatiosOut, SpeedupOut, SpeedupRowOut
from opdboard.domain.speedup_words import TELL
from opdboard.export.cells import cells


def speedup_csv(found: SpeedupOut) -> str:
    """A row per entry; an upper end without bound is told as inf."""
    rows = [dict(_row(found, row)) for row in found.rows]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows(cells(row.values()) for row in rows)
    return text.getvalue()


def _row(found: SpeedupOut, row: SpeedupRowOut) -> Iterator[tuple[str, Any]]:
    yield from (("run", row.name), ("key", row.key), ("method", row.method_name), ("learning_rate", row.words.rate))
    if found.best is not None:
        yield from _ratios("against_best_rate", row.against_best, row.words.against_best)
    yield from _ratios("against_reference", row.ratios, row.words.ratios)
    yield from (("standing", row.words.standing), ("members", row.members), ("members_reached", row.reached))
    for cost in TELL:
        after, by = getattr(row.brackets, cost) or (None, None)
        yield from ((cost, getattr(row.costs, cost)), (f"{cost}_after", after), (f"{cost}_by", by))
    yield from (("search_tokens", row.costs.search_tokens), ("search_seconds", row.costs.search_seconds))
    yield from (
        ("metric", found.metric),
        ("start", found.start),
        ("target", found.target),
        ("within_noise", found.within_noise),
    )


def _ratios(side: str, ratios: RatiosOut | None, words: CellsOut | None) -> Iterator[tuple[str, Any]]:
    for cost in TELL:
        name, ratio = f"{side}_{cost}", ratios and getattr(ratios, cost)
        unbound = ratio is not None and ratio.at_least is not None and ratio.at_most is None
        yield name, ratio and ratio.value
        yield f"{name}_at_least", ratio and ratio.at_least
        yield f"{name}_at_most", "inf" if unbound else ratio and ratio.at_most
        yield f"{name}_seeds_low", ratio and ratio.low
        yield f"{name}_seeds_high", ratio and ratio.high
        yield f"{name}_verdict", words and getattr(words, cost).verdict
