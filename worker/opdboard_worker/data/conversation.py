"""What is said to each side before a response: turns, before any template writes them.

Both sides are told the same, but for a privileged teacher, who reads the worked answer around the user's last turn (OPSD,
arXiv:2601.18734). A conversation that ends with a turn of the assistant is to be continued there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from opdboard.domain.data import Data, RowData
from opdboard_worker.data.examples import Example, Turn

Conversation = tuple[Turn, ...]

_SLOTS = re.compile(r"\{(prompt|solution)\}")


@dataclass(frozen=True)
class Speaker:
    """From an example to its conversation. `context` is a privileged teacher's, with {prompt} and {solution} to be filled in."""

    data: Data
    system_prompt: str
    context: str | None

    def to_student(self, example: Example) -> Conversation:
        """System prompt, earlier turns, the question, and what of the answer is there."""
        return self._conversation(example, self._question(example))

    def to_teacher(self, example: Example) -> Conversation:
        """The same, with the answer known where the teacher is told it."""
        if self.context is None:
            return self.to_student(example)
        filling = {"prompt": self._question(example), "solution": example.worked}
        # In one pass and not by str.format: the context may hold other braces, the solution may hold '{prompt}'.
        return self._conversation(example, _SLOTS.sub(lambda slot: filling[slot[1]], self.context))

    @cached_property
    def _instruction(self) -> dict[str, str]:
        """By the place where it stands."""
        if not isinstance(self.data, RowData):
            return {}
        return {self.data.instruction_place: self.data.instruction.strip()}

    @cached_property
    def _system(self) -> str:
        """The system prompt of rows that have none."""
        return _joined(self.system_prompt, self._instruction.get("system", ""))

    def _question(self, example: Example) -> str:
        placed = self._instruction
        return _joined(placed.get("before", ""), example.prompt, placed.get("after", "")) if placed else example.prompt

    def _conversation(self, example: Example, question: str) -> Conversation:
        given = list(example.before)
        own = given.pop(0).content if given and given[0].role == "system" else None
        system = self._system if own is None else _joined(own, self._instruction.get("system", ""))
        return (
            *([Turn("system", system)] if system else []),
            *given,
            Turn("user", question),
            *([Turn("assistant", example.prefix)] if example.prefix else []),
        )


def in_plain_text(turns: Sequence[Turn]) -> str:
    """A conversation without a template: one question as it is, behind the system prompt and an empty line.

    Several turns are named, as the simple chat template of TRL does it: 'User: ...', an empty line, 'Assistant: ...'.
    """
    if len([turn for turn in turns if turn.role != "system"]) == 1:
        return "\n\n".join(turn.content for turn in turns)
    named = [f"{turn.role.capitalize()}: {turn.content}" for turn in turns]
    return "\n\n".join(named if turns[-1].role == "assistant" else [*named, "Assistant:"])


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part.strip())
