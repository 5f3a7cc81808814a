"""Is the final answer of a response the one of the data?"""

import re

from opdboard_worker.data.answers.equality import same
from opdboard_worker.data.answers.exact import TooLarge
from opdboard_worker.data.answers.final import last_formula, last_quantity, leading_quantity, of_data, said, stated
from opdboard_worker.data.answers.forms import (
    LONGEST,
    Bracketed,
    Form,
    Quantity,
    Ratio,
    Relation,
    Several,
    Union,
    Unreadable,
    Words,
    read,
)
from opdboard_worker.data.answers.plain import bare, plain

_FUNCTION = re.compile(r"(?<![a-zA-Z])(?:sin|cos|tan|cot|sec|csc|log|ln|exp|sqrt|pi|mod)(?![a-zA-Z])")
_PROSE = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z]{2,}\s+\S|\S\s+[a-zA-Z]{2,}(?![a-zA-Z])|\*\*|[$`]|\\[\[\]()]")


def answers_equal(response: str, answer: str) -> bool:
    """Whether the final answer of a response is the one of the data, which may be a whole solution itself."""
    wanted = of_data(answer)
    marked = stated(response)
    candidates = [marked] if marked is not None else [response, *said(response)]
    if any(_same_text(candidate, wanted) for candidate in candidates):
        return True
    if len(wanted) > LONGEST:
        return False
    try:
        expected = read(wanted)
        found = _read_response(response, marked, isinstance(expected, Words))
        return found is not None and same(expected, found)
    except (TooLarge, Unreadable):
        return False


def final_answer(response: str) -> str | None:
    """What a response says in the end, as it is written; None where nothing in it can be read as an answer."""
    try:
        return _final_text(response, stated(response), wants_words=False) or None
    except (TooLarge, Unreadable):
        return None


def _read_response(response: str, marked: str | None, wants_words: bool) -> Form | None:
    text = _final_text(response, marked, wants_words)
    return None if text is None else read(text)


def _final_text(response: str, marked: str | None, wants_words: bool) -> str | None:
    """What the response says in the end, of what can be read; which place that is does not depend on the value that is wanted."""
    if marked is not None:
        if len(marked) > LONGEST:
            return None
        form = read(marked)
        if not isinstance(form, Words) and not _is_prose(form):
            return marked
        if "boxed" in response or wants_words:
            return marked
        return leading_quantity(marked) or last_quantity(marked) or marked
    tails = [tail for tail in (response, *said(response)) if len(tail) <= LONGEST]
    if wants_words:
        read_tails = [
            (form, tail) for tail in (*tails, last_formula(response) or "") if isinstance(form := read(tail), Words)
        ]
        return min(read_tails, key=lambda one: len(one[0].text.split()), default=(None, None))[1]
    for tail in tails[:4]:
        form = read(tail)
        if not isinstance(form, Words) and not _is_prose(form):
            return tail
    return last_quantity(response)


def _is_prose(form: Form) -> bool:
    """Whether words stand where a formula should."""
    match form:
        case Quantity(formula=formula):
            return _PROSE.search(_FUNCTION.sub("", formula)) is not None
        case Several(items=items) | Bracketed(items=items):
            return any((isinstance(item, Words) and len(item.text.split()) > 3) or _is_prose(item) for item in items)
        case Relation(sides=sides):
            return any(_is_prose(Quantity(side)) or re.search(r"[a-zA-Z]{4,}", side) for side in sides)
        case Ratio(parts=parts) | Union(parts=parts):
            return any(isinstance(part, Words) or _is_prose(part) for part in parts)
        case _:
            return False


def _same_text(found: str, wanted: str) -> bool:
    if len(found) > 20 * LONGEST:
        return found.strip() == wanted.strip()
    texts = [bare(plain(text)).strip("$") for text in (found, wanted)]
    return bool(texts[0]) and texts[0] == texts[1]
