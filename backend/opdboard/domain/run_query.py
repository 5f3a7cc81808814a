"""The query language of the runs table: `method = effopd and accuracy > 0.5 and not tag = old`.

    a = b, a != b, a > b, a >= b, a < b, a <= b     comparisons; a run without the value equals nothing
    a ~ b                                           contains, whatever the case
    a in (b, c), a not in (b, c)                    one of several
    a is empty, a is not empty                      has no value, has one
    and, or, not, ( )                               two conditions side by side are joined by 'and'
    word, "several words"                           found in the name, id, group, tags, notes, student or teacher

Fields are those of run_fields; times are ISO dates (UTC unless they say otherwise) or distances from now such as -2d.
"""

import re
import time
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError

from opdboard.domain.errors import BadInput, QueryProblem
from opdboard.domain.query_values import Value, read_value
from opdboard.domain.run_fields import PROPERTIES, Field, Stored, find_field, nothing_more
from opdboard.domain.run_kinds import UNLISTED

Operator = Literal["=", "!=", ">", ">=", "<", "<=", "~"]
LONGEST = 4000
DEEPEST = 50
MOST_CONDITIONS = 100


@dataclass(frozen=True)
class Words:
    """Text that may be anywhere in a run's descriptions."""

    text: str


@dataclass(frozen=True)
class Comparison:
    """A field against a value."""

    field: Field
    operator: Operator
    value: Value


@dataclass(frozen=True)
class OneOf:
    """A field against several values."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Empty:
    """A field without a value."""

    field: Field


@dataclass(frozen=True)
class Not:
    """The opposite."""

    condition: "Condition"


@dataclass(frozen=True)
class Both:
    """All of them."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True)
class Either:
    """At least one of them."""

    conditions: tuple["Condition", ...]


Condition = Words | Comparison | OneOf | Empty | Not | Both | Either

LISTED: Condition = Not(OneOf(PROPERTIES["kind"], tuple(Value(kind, words=(kind,)) for kind in UNLISTED)))
"""What a table shows where nothing is asked for: all runs but analyses and checks."""

_GRAMMAR = r"""
?start: either
?either: both (OR both)*
?both: negation (AND? negation)*
?negation: NOT+ atom -> negated
    | atom
?atom: "(" either ")"
    | word OPERATOR word -> comparison
    | word IN "(" word ("," word)* ")" -> one_of
    | word NOT_IN "(" word ("," word)* ")" -> none_of
    | word IS EMPTY -> empty
    | word IS NOT EMPTY -> not_empty
    | word -> words
word: WORD | STRING

OPERATOR: "!=" | ">=" | "<=" | "=" | ">" | "<" | "~"
NOT_IN.3: /not\s+in(?=[\s(])/i
AND.2: /and(?![^\s()=!<>~,"'])/i
OR.2: /or(?![^\s()=!<>~,"'])/i
NOT.2: /not(?![^\s()=!<>~,"'])/i
IN.2: /in(?=[\s(])/i
IS.2: /is(?![^\s()=!<>~,"'])/i
EMPTY.2: /empty(?![^\s()=!<>~,"'])/i
STRING: /"(\\.|[^"\\])*"/s | /'(\\.|[^'\\])*'/s
WORD: /[^\s()=!<>~,"']+/
%ignore /\s+/
"""

_PARSER = Lark(_GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=True)

_CONDITIONS = ("comparison", "one_of", "none_of", "empty", "not_empty", "words")

_IN_WORDS = {
    "OPERATOR": "= != > >= < <= ~",
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "NOT_IN": "'not in'",
    "$END": "the end",
}


def parse_query(text: str, *, stored: Stored = nothing_more, now: float | None = None) -> Condition | None:
    """The condition, or None for an empty text; QueryProblem says at which character something else was expected.

    stored: as for find_field; now: the moment that relative times count from.
    """
    if len(text) > LONGEST:
        raise QueryProblem(
            f"a query has at most {LONGEST} characters, this one {len(text)}", start=LONGEST, end=len(text)
        )
    if not text.strip():
        return None
    _check_depth(text)
    try:
        tree = _PARSER.parse(text)
    except UnexpectedInput as problem:
        _refuse(text, problem)
    if len(list(tree.find_pred(lambda part: part.data in _CONDITIONS))) > MOST_CONDITIONS:
        raise QueryProblem(f"a query has at most {MOST_CONDITIONS} conditions", start=0, end=len(text))
    try:
        return _Builder(stored, time.time() if now is None else now).transform(tree)
    except VisitError as problem:
        raise problem.orig_exc from None


def listed(condition: Condition | None) -> Condition:
    """The condition, and LISTED unless it asks for a kind itself."""
    if condition is None:
        return LISTED
    return condition if _asks_for(condition, "kind") else Both((condition, LISTED))


def _asks_for(condition: Condition, name: str) -> bool:
    match condition:
        case Both(parts) | Either(parts):
            return any(_asks_for(part, name) for part in parts)
        case Not(part):
            return _asks_for(part, name)
        case Words():
            return False
        case Comparison(field) | OneOf(field) | Empty(field):
            return field == PROPERTIES[name]


def quoted(text: str) -> str:
    """The text as a value that a query reads back as it is."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def equals(field: Field, value: str | None) -> str:
    """The query for runs whose field has this value, or has none."""
    return f"{field.name} is empty" if value is None else f"{field.name} = {quoted(value)}"


def _check_depth(text: str) -> None:
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth > DEEPEST:
            raise QueryProblem(f"parentheses go {DEEPEST} deep at most", start=position, end=position + 1)


def _refuse(text: str, problem: UnexpectedInput) -> NoReturn:
    start = end = len(text)
    found = "the end"
    expected: set[str] = set()
    if isinstance(problem, UnexpectedToken) and problem.token.type != "$END":
        start, end, found = problem.token.start_pos, problem.token.end_pos, repr(str(problem.token))
        expected = set(problem.accepts or problem.expected)
    elif isinstance(problem, UnexpectedCharacters):
        start, end, found = problem.pos_in_stream, problem.pos_in_stream + 1, repr(text[problem.pos_in_stream])
        expected = set(problem.allowed or ())
    elif isinstance(problem, UnexpectedToken | UnexpectedEOF):
        expected = set(problem.expected)
        if isinstance(problem, UnexpectedToken):
            expected = set(problem.accepts or expected)
    if found in ("'\"'", '"\'"'):
        raise QueryProblem(
            f"the quotation that begins at character {start + 1} does not end", start=start, end=len(text)
        )
    raise QueryProblem(f"character {start + 1}: expected {_in_words(expected)}, found {found}", start=start, end=end)


def _in_words(expected: set[str]) -> str:
    if {"WORD", "LPAR"} <= expected:
        return "a condition (method = effopd) or a word to look for"
    if "WORD" in expected:
        return "a value"
    return " or ".join(_IN_WORDS.get(name, f"'{name.lower()}'") for name in sorted(expected))


@v_args(inline=True)
class _Builder(Transformer[Token, Condition]):
    """Names become fields, words become values of the field's type."""

    def __init__(self, stored: Stored, now: float) -> None:
        super().__init__()
        self._stored = stored
        self._now = now

    def word(self, token: Token) -> Token:
        return token

    def words(self, word: Token) -> Condition:
        return Words(_text(word))

    def comparison(self, name: Token, operator: Token, value: Token) -> Condition:
        field = self._field(name)
        return Comparison(field, str(operator), self._value(field, value, str(operator)))  # pyright: ignore[reportArgumentType]

    def one_of(self, name: Token, _in: Token, *values: Token) -> Condition:
        field = self._field(name)
        return OneOf(field, tuple(self._value(field, value, "=") for value in values))

    def none_of(self, name: Token, _in: Token, *values: Token) -> Condition:
        return Not(self.one_of(name, _in, *values))

    def empty(self, name: Token, *_words: Token) -> Condition:
        return Empty(self._field(name))

    def not_empty(self, name: Token, *_words: Token) -> Condition:
        return Not(Empty(self._field(name)))

    def negated(self, *parts: Any) -> Condition:
        *nots, condition = parts
        return Not(condition) if len(nots) % 2 else condition

    def both(self, *parts: Any) -> Condition:
        return Both(tuple(part for part in parts if not isinstance(part, Token)))

    def either(self, *parts: Any) -> Condition:
        return Either(tuple(part for part in parts if not isinstance(part, Token)))

    def _field(self, name: Token) -> Field:
        try:
            return find_field(_text(name), self._stored)
        except BadInput as problem:
            raise _at(name, problem) from None

    def _value(self, field: Field, value: Token, operator: str) -> Value:
        try:
            return read_value(field, _text(value), operator, self._now)
        except BadInput as problem:
            raise _at(value, problem) from None


def _text(token: Token) -> str:
    return re.sub(r"\\([\"'\\])", r"\1", token[1:-1]) if token.type == "STRING" else str(token)


def _at(token: Token, problem: BadInput) -> QueryProblem:
    start, end = token.start_pos or 0, token.end_pos or 0
    return QueryProblem(f"character {start + 1}: {problem.detail}", start=start, end=end)
