"""What can be stored and read again by every database and every client: JSON of finite numbers and of whole Unicode texts."""

import math
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from opdboard.domain.errors import BadInput

DEEPEST = 64  # levels of objects and lists; what reads and writes JSON gives up somewhere beyond 200
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def problems_in(value: Any) -> Iterator[tuple[str, str]]:
    """(dotted path, why) of each part that cannot be stored."""
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    while waiting:
        path, one, depth = waiting.pop()
        if isinstance(one, str):
            if _NO_TEXT.search(one):
                yield (
                    path,
                    "must not contain the NUL character, nor half of a surrogate pair (a lone \\ud800 to \\udfff)",
                )
        elif one is None or isinstance(one, bool):
            pass
        elif isinstance(one, float):
            if not math.isfinite(one):
                yield path, f"{one} is no finite number; null says that there is none"
        elif isinstance(one, int):
            if abs(one) > sys.float_info.max:
                yield path, "must be less than 1.8e308 in size"
        elif not isinstance(one, Mapping | list | tuple):
            yield path, f"is of type {type(one).__name__}, for which JSON has no word"
        elif depth == DEEPEST:
            yield path, f"is nested more than {DEEPEST} levels deep"
        elif isinstance(one, Mapping):
            for key, inner in one.items():
                if isinstance(key, str) and not _NO_TEXT.search(key):
                    waiting.append((f"{path}.{key}" if path else key, inner, depth + 1))
                else:
                    yield path, f"has the key {key!a}, which is no text that can be stored"
        else:
            waiting += (
                (f"{path}.{index}" if path else str(index), inner, depth + 1) for index, inner in enumerate(one)
            )


def check_storable(value: Any) -> None:
    """BadInput names the first part that cannot be stored."""
    for path, why in problems_in(value):
        raise BadInput(f"{path}: {why}", where=path)


def readable_text(text: str) -> str:
    """The text with the replacement character for whatever no database holds: NUL, half of a surrogate pair."""
    return _NO_TEXT.sub("\ufffd", text) if _NO_TEXT.search(text) else text
