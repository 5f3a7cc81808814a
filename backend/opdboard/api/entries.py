"""Runs and groups as a client asks for them."""

from sqlalchemy.orm import Session

from opdboard.api.parameters import split_list
from opdboard.db import groups
from opdboard.db.groups import Entry
from opdboard.domain.errors import BadInput

MOST_ENTRIES = 8
MOST_RUNS = 50


def entries(session: Session, text: str) -> list[Entry]:
    """The runs behind every entry; BadInput beyond MOST_ENTRIES of them or MOST_RUNS runs in all."""
    return within_limit(groups.resolve(session, wanted(text)))


def wanted(text: str) -> list[str]:
    """Comma-separated run ids and groups, each once, in order."""
    keys = split_list(text, where="runs", at_most=1000)
    if not 1 <= len(keys) <= MOST_ENTRIES:
        raise BadInput(
            f"runs takes 1 to {MOST_ENTRIES} run ids or groups, comma-separated, got {len(keys)}", where="runs"
        )
    return keys


def within_limit(found: list[Entry]) -> list[Entry]:
    """The entries as they are; BadInput when their groups hold too many runs."""
    count = sum(len(entry.runs) for entry in found)
    if count > MOST_RUNS:
        raise BadInput(f"these groups hold {count} runs; at most {MOST_RUNS} can be drawn at once", where="runs")
    return found
