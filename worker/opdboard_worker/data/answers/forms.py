"""The form of an answer: a word, a quantity, a time, a ratio, a list, a bracket, a matrix, a relation.

Reading decides by the writing alone, never by the other answer: what is a word stays one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from opdboard_worker.data.answers.plain import plain
from opdboard_worker.data.answers.units import MONEY, Unit, unit_of

LONGEST = 1000
"""Characters of an answer that is read; longer ones are compared as text."""
_DEEPEST = 30
"""Brackets in brackets of an answer that is read."""


class Unreadable(Exception):
    """No answer that a person would write."""


@dataclass(frozen=True)
class Words:
    """Letters that stand for themselves; quoted: \\text{...} or in brackets, like a choice."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Quantity:
    """A formula, perhaps with a unit."""

    formula: str
    unit: Unit | None = None


@dataclass(frozen=True)
class Clock:
    """A time of day; half: 'am', 'pm' or neither."""

    hour: int
    minute: int
    second: int = 0
    half: str = ""


@dataclass(frozen=True)
class Ratio:
    """a:b:c"""

    parts: tuple["Form", ...]


@dataclass(frozen=True)
class Several:
    """Items between commas, 'and' or 'or', in no brackets; a plus-minus is two of them."""

    items: tuple["Form", ...]


@dataclass(frozen=True)
class Bracketed:
    """Items in brackets: a set with braces, else a tuple, a vector or an interval."""

    left: str
    items: tuple["Form", ...]
    right: str


@dataclass(frozen=True)
class Union:
    """Sets joined."""

    parts: tuple["Form", ...]


@dataclass(frozen=True)
class Matrix:
    """Rows of entries."""

    rows: tuple[tuple["Form", ...], ...]


@dataclass(frozen=True)
class Relation:
    """sides[0] signs[0] sides[1] ..., each side as plain text."""

    sides: tuple[str, ...]
    signs: tuple[str, ...]


Form = Words | Quantity | Clock | Ratio | Several | Bracketed | Union | Matrix | Relation

_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*\"?\s*([ap])?\.?\s?(?:m\.?)?\"?", re.IGNORECASE)
_GROUPED = re.compile(r"[-+]?\s*[$€£¥₹]?\s*[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])")
_OPENING, _CLOSING = (
    ("\\{", "\\lfloor", "\\lceil", "(", "[", "{", "⟨"),
    ("\\}", "\\rfloor", "\\rceil", ")", "]", "}", "⟩"),
)
_SET = (("\\{", "\\}"), ("{", "}"))


def read(text: str) -> Form:
    """The form of an answer in LaTeX, Unicode or words. Raises Unreadable for brackets in brackets without end."""
    written = plain(text)
    if _deepest(written) > _DEEPEST:
        raise Unreadable
    return read_plain(written)


def read_plain(text: str) -> Form:
    """See read; of plain text."""
    text = _undelimited(text)
    return (
        _words(text)
        or _clock(text)
        or _several(text)
        or _relation(text)
        or _union(text)
        or _matrix(text)
        or _bracketed(text)
        or _ratio(text)
        or _quantity(text)
    )


def items_of(form: Form) -> tuple[Form, ...]:
    """Those of several answers, else the one."""
    return form.items if isinstance(form, Several) else (form,)


def _undelimited(text: str) -> str:
    before = None
    while before != text:
        before = text
        text = re.sub(r"^(?:=>?|\\Rightarrow|⇒|→)\s*", "", text.strip().strip("`").strip())
        text = re.sub(r"^\*{1,2}(?=[^*])(.*[^*])\*{1,2}$", r"\1", text)
        text = (
            re.sub(r"[.,;:!。]+$", "", text) if not re.search(r"\b[ap]\.m\.$", text) and not _factorial(text) else text
        )
        text = re.sub(r'^"[^"]*\b(?:is|are|=|:)\s*"\s*:?(?=\S)', "", text)
        for left, right in (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$")):
            inside = text[len(left) : -len(right)]
            if text.startswith(left) and text.endswith(right) and inside and left not in inside and "$" not in inside:
                text = inside
                break
    if text.startswith("{") and _closing_of(text, 0) == len(text) - 1:
        return _undelimited(text[1:-1]) if "," not in text else text
    return text


def _factorial(text: str) -> bool:
    return text.endswith("!") and not re.search(r"[a-z]{3,}\"?!$", text)


# --- words ---------------------------------------------------------------------------------------

_LETTERS = re.compile(r"[^\W\d_][^\W\d_]*(?:'[^\W\d_]*)?(?:(?: +|(?<=\w\w)-(?=\w\w))[^\W\d_]+(?:'[^\W\d_]*)?)*")
_CHOICE = re.compile(r"\(?\s*\"?\s*\(?([A-Z])\s*\)?\s*\"?\s*[).:]\s*(?:\S.*)?|\(([a-z])\)")
_NAMED_CHOICE = re.compile(r"(?:the )?(?:option|choice|answer|statement)\s+\(?([A-Za-z])\)?", re.IGNORECASE)


def _words(text: str) -> Words | None:
    quoted = '"' in text
    inside = text.replace('"', " ").strip()
    if chosen := _CHOICE.fullmatch(text) or _CHOICE.fullmatch(inside) or _NAMED_CHOICE.fullmatch(inside):
        letter = next(part for part in chosen.groups() if part)
        if not re.match(r"\(?[a-zA-Z]\s*:", inside) or inside[-1:] == ":":
            return Words(letter, marked=True)
    if inside.startswith("(") and inside.endswith(")"):
        inside = inside[1:-1].strip()
    if not _LETTERS.fullmatch(inside) or re.search(r'"[^"]*"\s*[\^_]', text):
        return None
    if re.search(r"(?:^|\s)(?:and|or)\s", inside):
        return None
    if not quoted and _is_product(inside):
        return None
    return Words(re.sub(r"[\s\-]+", " ", inside), marked=quoted)


def _is_product(letters: str) -> bool:
    """'xy' and 'abc' are products of variables, 'ABC', 'no' and 'cat' are not; one letter is a word until compared."""
    if not re.fullmatch(r"[a-z]{2,3}", letters) or len(set(letters)) < len(letters):
        return False
    return set(letters) <= set("abcd") or not set(letters) & set("aeiou")


# --- times and ratios ----------------------------------------------------------------------------


def _clock(text: str) -> Clock | None:
    found = _CLOCK.fullmatch(text)
    if not found or (found[2] is None and not found[4]):
        return None
    if found[4] and not re.search(r"[ap]\.?\s?m\.?\"?$", text, re.IGNORECASE):
        return None
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if hour > 24 or minute > 59 or second > 59:
        return None
    return Clock(hour, minute, second, f"{found[4]}m".lower() if found[4] else "")


def _ratio(text: str) -> Ratio | None:
    parts = _split(text, (":", '" to "'))
    return Ratio(tuple(read_plain(part) for part in parts)) if len(parts) > 1 and all(parts) else None


# --- several, sets, matrices ---------------------------------------------------------------------


def _several(text: str) -> Several | None:
    if _GROUPED.match(text) and not re.search(r",\s|;", text) and len(_split(text, (",",))) == _grouped_parts(text):
        return _plus_minus(text)
    parts = _split(text, (";",))
    if len(parts) == 1:
        spaced = _split(text, (", ",)) if _GROUPED.search(text) and ", " in text else _split(text, (",",))
        parts = spaced
    parts = [piece for part in parts for piece in _split_words(part)]
    parts = [part for part in parts if part.strip(' "')]
    if len(parts) < 2:
        return _plus_minus(text)
    items = [item for part in parts for item in items_of(read_plain(part))]
    return Several(tuple(_without_leading_name(items)))


def _grouped_parts(text: str) -> int:
    found = _GROUPED.match(text)
    return 1 + found[0].count(",") if found else 0


def _split_words(text: str) -> list[str]:
    """At 'and' and 'or' outside brackets, quoted or not."""
    pieces = _split(text, ('" or "', '" and "', '"or"', '"and"', " or ", " and ", '" and " ', "\\vee", "\\lor"))
    return [piece.strip() for piece in pieces]


def _without_leading_name(items: list[Form]) -> list[Form]:
    """'x = 2, 3' names x once."""
    first = items[0]
    if (
        isinstance(first, Relation)
        and len(first.sides) == 2
        and first.signs in (("=",), ("∈",))
        and all(isinstance(item, Quantity) for item in items[1:])
        and is_name(first.sides[0])
    ):
        return [read_plain(first.sides[1]), *items[1:]]
    return items


def _plus_minus(text: str) -> Several | None:
    if "±" not in text or _split(text, ("=", "<", ">", "≤", "≥", "≠", "∈"))[1:] or text.startswith(_OPENING[:1]):
        return None
    if len(_split(text, ("∪",))) > 1 or text[0] in "([":
        return None
    both = (text.replace("±", "+").replace("∓", "-"), text.replace("±", "-").replace("∓", "+"))
    return Several(tuple(read_plain(one) for one in both))


def _union(text: str) -> Union | None:
    parts = _split(text, ("∪",))
    return Union(tuple(read_plain(part) for part in parts)) if len(parts) > 1 and all(parts) else None


def _matrix(text: str) -> Matrix | None:
    found = re.fullmatch(
        r"(?:\(|\[|\{)?\s*\\begin\s*\{([pbvBV]?matrix|array|smallmatrix)\}(?:\s*\{[lcr| ]*\})?(.*)\\end\s*\{\1\}\s*(?:\)|\]|\})?",
        text,
    )
    if not found or "\\begin" in found[2] or found[1] in ("vmatrix", "Vmatrix"):
        return None
    rows = [row for row in re.split(r"\\\\", found[2].replace("\\hline", "")) if row.strip()]
    return Matrix(tuple(tuple(read_plain(entry) for entry in re.split(r"(?<!\\)&", row)) for row in rows))


def _bracketed(text: str) -> Bracketed | None:
    left = next((sign for sign in _OPENING if text.startswith(sign)), None)
    right = next((sign for sign in _CLOSING if text.endswith(sign)), None)
    if left is None or right is None or "floor" in left or "ceil" in left:
        return None
    if _closing_of(text, 0) != len(text) - len(right):
        return None
    inside = text[len(left) : -len(right)].strip()
    if (left, right) in _SET:
        left, right = "{", "}"
    parts = _split(inside, (",", ";")) if not re.fullmatch(r"[^,]*, [^,]*,[^, ]*", inside) else _split(inside, (", ",))
    if (left, right) in (("(", ")"), ("[", "]")) and len(parts) < 2:
        return None
    items = [item for part in parts if part for item in items_of(read_plain(part))]
    return Bracketed(left, tuple(items), right)


# --- relations and quantities --------------------------------------------------------------------

_SIGNS = ("=", "<", ">", "≤", "≥", "≠", "∈", "\\equiv", "\\approx", "\\sim", "\\to")
_NAME = re.compile(
    r"\((?:\s*[a-z]\s*,)+\s*[a-z]\s*\)|m?\\(?:angle|triangle|overline)\s*\{?[A-Z]+\}?|\\?[a-zA-Z]+(?:_\{?\w+\}?)?'*(?:\s?\([^()]{0,20}\))?|\"[^\"]*\"(?:_\{?\w+\}?)?|[A-Za-z][A-Za-z ]{0,40}"
)


def is_name(text: str) -> bool:
    """Whether a side of an equation is only the name of the other: x, f(x), A_1, 'Area'."""
    return _NAME.fullmatch(text.strip()) is not None and text.strip() not in ("\\pi", "\\infty", "e", "i")


def _relation(text: str) -> Relation | None:
    sides = _split(text, _SIGNS, keep=True)
    if len(sides) < 3 or not all(sides[::2]):
        return None
    return Relation(tuple(sides[::2]), tuple(sides[1::2]))


def _quantity(text: str) -> Form:
    while text.startswith("(") and _closing_of(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    money = re.match(rf"([-+]?)\s*([{MONEY}]|\"?(?:USD|EUR|GBP|JPY|INR|Rs\.?)(?![a-zA-Z])\"?)\s*", text)
    unit = None
    if money and len(text) > money.end():
        unit = unit_of(money[2], apart=True)
        text = money[1] + text[money.end() :]
    for start in _tails(text):
        before, behind = text[:start], text[start:]
        found = unit_of(behind, apart=behind[:1] in ' "°%' or before.endswith(" "))
        if found is not None and re.search(r"[\d})\].]\s*$|\\pi\s*$|\\infty\s*$", before):
            if unit is not None and found.kind:
                continue
            return Quantity(before.strip(), unit or found)
    return Quantity(text, unit)


def _tails(text: str) -> list[int]:
    """Where a unit may begin, the longest first: behind the last digit or bracket, or at the first quotes."""
    places = [place.start() for place in re.finditer(r'"|%|°|¢|[€£¥₹]', text)]
    letters = re.search(r"\s*[^\W\d_][^\d\\{}()\[\]=+*_]*(?:\^\{?[23]\}?)?$", text)
    if letters:
        places.append(letters.start())
    return sorted({place for place in places if place > 0})


# --- splitting -----------------------------------------------------------------------------------


def _closing_of(text: str, start: int) -> int:
    """Index of the bracket that closes the one at `start`, brackets of any kind counted alike; -1 without."""
    for at, depth in _depths(text, start):
        if depth == 0:
            return at
    return -1


def _depths(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """(index, depth after it) of every bracket from `start` on."""
    depth, at = 0, start
    while at < len(text):
        opened = next((sign for sign in _OPENING if text.startswith(sign, at)), None)
        closed = None if opened else next((sign for sign in _CLOSING if text.startswith(sign, at)), None)
        if opened:
            depth += 1
        elif closed:
            depth -= 1
        if opened or closed:
            yield at, depth
        at += len(opened or closed or " ")


def _deepest(text: str) -> int:
    return max((depth for _, depth in _depths(text)), default=0)


def _split(text: str, signs: tuple[str, ...], *, keep: bool = False) -> list[str]:
    """Parts between signs that stand in no bracket and in no environment; keep: the signs among them."""
    parts: list[str] = []
    depth = environment = at = begin = 0
    ordered = sorted(signs, key=len, reverse=True)
    while at < len(text):
        if text.startswith("\\begin", at):
            environment += 1
        elif text.startswith("\\end", at):
            environment -= 1
        sign = next((one for one in ordered if depth == 0 and environment == 0 and text.startswith(one, at)), None)
        if sign is not None and not (sign[0] == "\\" and text[at + len(sign) : at + len(sign) + 1].isalpha()):
            parts += [text[begin:at].strip(), sign] if keep else [text[begin:at].strip()]
            at += len(sign)
            begin = at
            continue
        bracket = next((one for one in (*_OPENING, *_CLOSING) if text.startswith(one, at)), None)
        if bracket:
            depth += 1 if bracket in _OPENING else -1
        at += len(bracket or " ")
    return [*parts, text[begin:].strip()]
