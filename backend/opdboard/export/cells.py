"""Cells of a CSV that a spreadsheet may open: a text in it is never a formula."""

from collections.abc import Iterable
from typing import Any

_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last: full width


def cells(row: Iterable[Any]) -> list[Any]:
    """The row with an apostrophe before each text that a spreadsheet would run; numbers stay as they are."""
    return [f"'{cell}" if isinstance(cell, str) and cell.startswith(_BEGINS_FORMULA) else cell for cell in row]
