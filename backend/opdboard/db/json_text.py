"""JSON columns as text: what is written can be read by both engines, and what an older version wrote is read as far as it can be."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from opdboard.domain.storable import DEEPEST, readable_text

log = logging.getLogger(__name__)

# Made once: json.dumps and json.loads make a new one for every call that has an option.
_ENCODER = json.JSONEncoder(allow_nan=False)
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


def dumped(value: Any) -> str:
    """JSON without NaN and infinities (ValueError), NUL and halves of surrogate pairs (replaced)."""
    text = _ENCODER.encode(value)
    return json.dumps(_readable(value)) if _suspicious(text) else text


def loaded(text: str | bytes) -> Any:
    """The value; null for NaN and infinities, an object that says so for what cannot be read at all."""
    text = text if isinstance(text, str) else text.decode("utf-8", "replace")
    try:
        value = _DECODER.decode(text)
        if text.count("[") + text.count("{") <= DEEPEST or not _is_too_deep(value):
            return _readable(value) if _suspicious(text) else value
        error = f"more than {DEEPEST} levels"
    except (ValueError, RecursionError) as problem:
        error = problem
    log.warning("stored JSON cannot be read: %s", error)
    return {"unreadable": f"{len(text)} characters of JSON that cannot be read"}


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _suspicious(text: str) -> bool:
    """Whether there may be NUL or half of a surrogate pair, which JSON spells as \\u0000 and \\ud8.. to \\udf.."""
    return "\\u0000" in text or "\\ud" in text or "\\uD" in text


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return readable_text(value)
    if isinstance(value, Mapping):
        return {readable_text(key): _readable(inner) for key, inner in value.items()}
    return [_readable(inner) for inner in value] if isinstance(value, list | tuple) else value
