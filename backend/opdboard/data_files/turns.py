"""Conversations: lists of {role, content}, and which part of one is asked, answered or to be continued."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opdboard.data_files.values import kind_of, text_of
from opdboard.domain.errors import DataProblem

_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Turn:
    """A turn of a conversation; `role` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True)
class Asked:
    """A conversation up to a response: `prompt` is its last user turn, `before` what stands in front of it.

    `prefix` is the start of an answer that is to be continued, `solution` the whole answer of a finished conversation.
    """

    before: tuple[Turn, ...]
    prompt: str
    prefix: str = ""
    solution: str | None = None


def asked_in(value: Any, name: str, where: str, *, finished: bool) -> Asked:
    """What a list of turns asks. finished: an assistant's turn at its end is the solution, else the prefix. DataProblem else."""
    turns = _turns(value, name, where)
    last = turns.pop() if turns and turns[-1].role == "assistant" else None
    if not turns or turns[-1].role != "user":
        found = f"a turn of the {turns[-1].role}" if turns else "no turn"
        raise DataProblem(f"{name} has {found} where the user's last turn must stand; end it with one", where=where)
    if last is not None and not last.content.strip():
        last = None
    *before, question = turns
    text = text_of(question.content, f"the user's last turn in {name}", where)
    said = None if last is None else text_of(last.content, f"the last turn in {name}", where)
    if finished:
        return Asked(tuple(before), text, solution=said)
    return Asked(tuple(before), text, prefix=said or "")


def answered_in(value: Any, name: str, where: str) -> str | None:
    """The content of a completion that is written as turns: one of the assistant. DataProblem else."""
    turns = _turns(value, name, where)
    if [turn.role for turn in turns] != ["assistant"]:
        raise DataProblem(
            f"{name} must be a text, or one turn of the assistant; it has {len(turns)} turns", where=where
        )
    return turns[0].content or None


def is_turns(value: Any) -> bool:
    """Whether a value is a list of turns, also written as an object of two lists."""
    return isinstance(value, list) or (isinstance(value, Mapping) and {"role", "content"} <= value.keys())


def _turns(value: Any, name: str, where: str) -> list[Turn]:
    if isinstance(value, Mapping):  # a Sequence of datasets: {"role": [...], "content": [...]}
        roles, contents = value.get("role"), value.get("content")
        if not isinstance(roles, list) or not isinstance(contents, list) or len(roles) != len(contents):
            raise DataProblem(f"{name} is no list of turns {{role, content}}", where=where)
        value = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=True)]
    return [_turn(one, f"{name}.{place}", where) for place, one in enumerate(value)]


def _turn(value: Any, name: str, where: str) -> Turn:
    if not isinstance(value, Mapping) or "role" not in value or "content" not in value:
        found = f"an object of {', '.join(map(str, value))}" if isinstance(value, Mapping) else kind_of(value)
        raise DataProblem(f"{name} is {found}; a turn is an object of role and content", where=where)
    role = value["role"]
    if role not in _ROLES:
        raise DataProblem(f"{name}.role is {str(role)[:80]!r}, which is none of {', '.join(_ROLES)}", where=where)
    if value.get("tool_calls"):
        raise DataProblem(f"{name} calls tools, which are not read; leave such rows out", where=where)
    content = value["content"]
    if isinstance(content, list):
        content = "".join(_part(part, f"{name}.content.{place}", where) for place, part in enumerate(content))
    blank = content is None or (isinstance(content, str) and not content.strip())
    return Turn(role, "" if blank else text_of(content, f"{name}.content", where))


def _part(value: Any, name: str, where: str) -> str:
    text = value.get("text") if isinstance(value, Mapping) and value.get("type", "text") == "text" else None
    if not isinstance(text, str):
        found = value.get("type") if isinstance(value, Mapping) else kind_of(value)
        raise DataProblem(f"{name} is no text but {str(found)[:80]}; only texts are read", where=where)
    return text
