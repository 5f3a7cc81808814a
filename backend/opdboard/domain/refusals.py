"""Words for what pydantic refuses: one short sentence by the kind of error, with the numbers that it is about.

Errors that opdboard raises itself come with their own sentence and keep it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from opdboard.domain.patterns import PATTERNS

_Context = Mapping[str, Any]

_WHOLE, _NUMBER, _TRUTH, _LIST = "must be a whole number", "must be a number", "must be true or false", "must be a list"
_GROUP = "must hold fields of its own, each with its name"

_WORDS: dict[str, str | Callable[[_Context], str]] = {
    "missing": "is required",
    "string_type": "must be text",
    "string_too_short": lambda c: (
        "must not be empty" if c["min_length"] == 1 else f"must have at least {c['min_length']} characters"
    ),
    "string_too_long": lambda c: f"must have at most {c['max_length']} characters",
    "string_pattern_mismatch": lambda c: PATTERNS.get(c["pattern"], "has a form that is not allowed here"),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "must be a smaller number",
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "must be a finite number",
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "greater_than": lambda c: f"must be above {_number(c['gt'])}",
    "greater_than_equal": lambda c: f"must be at least {_number(c['ge'])}",
    "less_than": lambda c: f"must be below {_number(c['lt'])}",
    "less_than_equal": lambda c: f"must be at most {_number(c['le'])}",
    "literal_error": lambda c: f"must be {c['expected']}",
    "enum": lambda c: f"must be {c['expected']}",
    "union_tag_invalid": lambda c: f"'{c['tag']}' is none of {c['expected_tags']}",
    "union_tag_not_found": "needs a kind",
    "model_type": _GROUP,
    "model_attributes_type": _GROUP,
    "dict_type": _GROUP,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "too_short": lambda c: f"needs at least {_entries(c['min_length'])}",
    "too_long": lambda c: f"takes at most {_entries(c['max_length'])}",
    "extra_forbidden": "there is no such key",
}

_EMPTY = {
    ("folder", "path"): "give {owner} a folder",
    ("gguf", "path"): "give {owner} a GGUF file",
    ("file", "path"): "give {owner} a file",
    ("upload", "file"): "choose a file to upload",
    ("hub", "repo_id"): "give {owner} a name on the hub, such as org/name",
    ("run", "run_id"): "choose the run whose weights {owner} has",
    ("model", "source"): "choose a model",
    ("remote", "url"): "give the server's address, such as http://gpu1:8000/v1",
    ("remote", "model"): "give the name under which the server has the model",
}
"""What to do where nothing was given, by the kind that was chosen and its field."""


def in_words(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors as the rest of a sentence about its field: 'must be at least 1'."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing" or kind == "string_too_short" or (kind == "string_pattern_mismatch" and error["input"] == ""):
        location = [str(part) for part in error["loc"]]
        wanted = _EMPTY.get((location[-2], location[-1])) if len(location) > 1 else None
        if wanted is not None:
            return wanted.format(owner=_owner(location))
    words = _WORDS.get(kind)
    if words is not None:
        return words if isinstance(words, str) else words(context)
    return re.sub(r"^Input should (be|have)\b", r"must \1", error["msg"].removeprefix("Value error, "))


def _owner(location: list[str]) -> str:
    owners = [part for part in location if part in ("student", "teacher", "data")]
    return f"the {owners[-1]}" if owners else "it"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _entries(count: int) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"
