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


def _read_response(response: str, marked: str | None, wants_words: bool) -> Form | None:
    """The form of what the response says in the end; which place is read does not depend on the value that is wanted."""
    if marked is not None:
        if len(marked) > LONGEST:
            return None
        form = read(marked)
        if not isinstance(form, Words) and not _is_prose(form):
            return form
        if "boxed" in response or wants_words:
            return form
        quantity = leading_quantity(marked) or last_quantity(marked)
        return form if quantity is None else read(quantity)
    tails = [tail for tail in (response, *said(response)) if len(tail) <= LONGEST]
    if wants_words:
        formula = last_formula(response)
        forms = [form for tail in (*tails, formula or "") if isinstance(form := read(tail), Words)]
        return min(forms, key=lambda form: len(form.text.split()), default=None)
    for tail in tails[:4]:
        form = read(tail)
        if not isinstance(form, Words) and not _is_prose(form):
            return form
    quantity = last_quantity(response)
    return None if quantity is None else read(quantity)


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
