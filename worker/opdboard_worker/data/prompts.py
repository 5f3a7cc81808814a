"""What student and teacher read before a response, as token ids, and response tokens back as text.

An example becomes a conversation, a template or none writes it as text, and the side's own tokenizer makes ids of it; those of both
sides are of one vocabulary, and the teacher's tokens on the response are the student's.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

from transformers import PreTrainedTokenizerBase

from opdboard.domain.data import ArithmeticData, Data
from opdboard.domain.errors import BadInput, DataProblem
from opdboard.domain.reading import Reading
from opdboard.domain.teachers import ModelTeacher, Teacher
from opdboard_worker.data.conversation import Conversation, Speaker, in_plain_text
from opdboard_worker.data.examples import Example
from opdboard_worker.data.templates import ALWAYS_GIVEN, ChatTemplate, left_out, squeezed
from opdboard_worker.data.tokens import Pieces, Tokens
from opdboard_worker.data.unreadable import Unreadable

Read = TypeVar("Read", Conversation, str)

log = logging.getLogger(__name__)

_KEPT = 16384
"""Examples whose ids are kept: student, teacher, probes and every epoch read the same prompts."""
_READ_BACK = 64
"""Prompts whose ids are decoded again before the first step."""
_MOST_UNKNOWN = 0.1
"""Share of a prompt's tokens that may stand for what the tokenizer does not know."""


class _Reader:
    """One side: its tokenizer, and the template that writes for it, None where it reads plain text."""

    def __init__(self, tokens: Tokens, template: ChatTemplate | None) -> None:
        self.tokens = tokens
        self.template = template

    def text(self, turns: Conversation) -> str:
        """What is read. Raises Unreadable."""
        return in_plain_text(turns) if self.template is None else self.template.written(turns)

    def ids(self, turns: Conversation) -> list[int]:
        """What is read, as tokens. Raises Unreadable."""
        ids, bos = self.tokens.ids(self.text(turns)), self.tokens.bos
        # A chat template that wants the token writes it itself; a plain text may come with it as well.
        return ids if bos is None or self.template or ids[:1] == [bos] else [bos, *ids]


class PromptBuilder:
    """Prompts of one run; `tokenizer` is the student's, whose tokens are those of every teacher."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        data: Data,
        teacher: Teacher,
        reading: Reading,
        *,
        teachers: Mapping[str, PreTrainedTokenizerBase] | None = None,
        route: Callable[[Example], str] | None = None,
        launched: datetime | None = None,
    ) -> None:
        """Raises DataProblem when a template is asked of a tokenizer that has none, BadInput for arguments that none asks for.

        teachers: the tokenizers of those that read through another template than the student, by name, of one alone by '';
        a teacher that is not named has the student's. route: which of several an example is of. launched: the run's own date,
        which templates that write today's get to see, on every day that the run takes; now if not given.
        """
        self.tokenizer = tokenizer
        self._reading = reading
        self._lends = isinstance(teacher, ModelTeacher)
        self._route = route
        self._launched = launched or datetime.now(UTC)
        self._speaker = Speaker(data, reading.system_prompt, teacher.reads)
        self._tokens = Tokens(tokenizer, "the student's")
        others = {
            name: Tokens(one, f"the teacher {name!r}'s" if name else "the teacher's")
            for name, one in (teachers or {"": tokenizer}).items()
        }
        self._lender = others.get("") if reading.student.template == "teacher" else None
        plain = isinstance(data, ArithmeticData) or reading.student.template == "plain"
        self._student = _Reader(
            self._tokens, None if plain else self._template(self._lender or self._tokens, "student")
        )
        self._teachers: dict[str, _Reader] = {}
        if teacher.scores and reading.teacher.template != "student":
            own = reading.teacher.template == "own"
            self._teachers = {
                name: _Reader(one, self._template(one, "teacher") if own else None) for name, one in others.items()
            }
        self._check_arguments()
        self._student_ids = lru_cache(_KEPT)(self._read_by_student)
        differs = self._teachers or teacher.reads is not None
        self._teacher_ids = lru_cache(_KEPT)(self._read_by_teacher) if differs else self._student_ids

    def student_ids(self, example: Example) -> list[int]:
        """Token ids that the student continues."""
        return self._student_ids(example)

    def teacher_ids(self, example: Example) -> list[int]:
        """Token ids that stand before the response when the teacher scores it."""
        return self._teacher_ids(example)

    def turns(self, example: Example) -> Conversation:
        """What is said to the student, before any template writes it."""
        return self._speaker.to_student(example)

    def longest(self, examples: Sequence[Example], *, teacher: bool = False) -> int:
        """Tokens of the longest prompt that the student, or the teacher, reads."""
        ids = self.teacher_ids if teacher else self.student_ids
        return max((len(ids(example)) for example in examples), default=0)

    def check(self, examples: Sequence[Example]) -> None:
        """Raise DataProblem unless prompts come back from their ids and different prompts have different ids."""
        read: dict[tuple[int, ...], Example] = {}
        for example in examples:
            ids = tuple(self.student_ids(example))
            first = read.setdefault(ids, example)
            if first.asked == example.asked:
                continue
            other, turns = self._speaker.to_student(first), self._speaker.to_student(example)
            if [squeezed(one.content) for one in turns] != [squeezed(one.content) for one in other]:
                raise DataProblem(
                    f"the prompts {_last(other)!r} and {_last(turns)!r} become the same {len(ids)} tokens; the student's "
                    "tokenizer does not tell them apart. Choose data it has the characters for, or another student",
                    where="data",
                )
        unknown = self.tokenizer.unk_token_id
        partly = 0
        for example in examples[:: max(1, len(examples) // _READ_BACK)]:
            turns, ids = self._speaker.to_student(example), self.student_ids(example)
            lost = ids.count(unknown) if isinstance(unknown, int) else 0
            partly += bool(lost)
            if lost > _MOST_UNKNOWN * len(ids) or (not lost and left_out(turns, self.text(ids))):
                raise DataProblem(
                    f"the student's tokenizer does not keep the prompt {_last(turns)!r}: its ids say {self.text(ids)[:120]!r}. "
                    "Choose data it has the characters for, or another student",
                    where="data",
                )
            if self._lender and self._lender.ids(text := self._student.text(turns)) != self._tokens.ids(text):
                raise DataProblem(
                    f"the student's tokenizer makes other tokens of {text[:120]!r}, which the teacher's chat template has written: "
                    "it does not know that template's special tokens. Choose reading.student.template 'plain'",
                    where="reading.student.template",
                )
        if partly:
            log.warning("in %d prompts the student's tokenizer does not know a character", partly)

    def solution_ids(self, example: Example, end: int) -> list[int]:
        """Token ids of the worked solution, or else the answer, with an end token: what supervised training learns.

        A solution that begins with what is to be continued goes on behind it.
        """
        return [*_read(self._tokens.ids, example.worked.removeprefix(example.prefix), example), end]

    def text(self, ids: Sequence[int]) -> str:
        """Exactly what the ids say, special tokens included."""
        return self._tokens.text(ids)

    def texts(self, responses: Sequence[Sequence[int]]) -> list[str]:
        """Responses as text, without special tokens."""
        return self._tokens.texts(responses)

    def decode_tokens(self, ids: Sequence[int]) -> list[str]:
        """See Tokens.pieces."""
        return self._tokens.pieces(ids)

    def coming(self) -> Pieces:
        """The same for tokens that come one by one."""
        return Pieces(self._tokens)

    def _read_by_student(self, example: Example) -> list[int]:
        return _read(self._student.ids, self._speaker.to_student(example), example)

    def _read_by_teacher(self, example: Example) -> list[int]:
        reader = self._teachers[self._route(example) if self._route else ""] if self._teachers else self._student
        return _read(reader.ids, self._speaker.to_teacher(example), example)

    def _template(self, tokens: Tokens, side: str) -> ChatTemplate:
        """Of the tokenizer that has it, for the side that reads it."""
        chosen = self._reading.student if side == "student" else self._reading.teacher
        where = f"reading.{side}.template"
        if not tokens.tokenizer.chat_template:
            instead = {
                "own": "'teacher', to read through the teacher's where that has one, or " if self._lends else "",
                "teacher": "'own' or ",
            }
            offered = (
                instead[chosen.template] if side == "student" else "'student', to read what the student reads, or "
            )
            raise DataProblem(
                f"{tokens.whose} tokenizer has no chat template; choose {where} {offered}'plain', or a model that has one",
                where=where,
            )
        try:
            return ChatTemplate(tokens.tokenizer, tokens.whose, chosen.template_arguments, where, self._launched)
        except Unreadable as problem:
            raise DataProblem(str(problem), where=where) from problem

    def _check_arguments(self) -> None:
        sides = (
            ("student", self._reading.student.template_arguments, [self._student]),
            ("teacher", self._reading.teacher.template_arguments, list(self._teachers.values())),
        )
        for side, arguments, readers in sides:
            templates = [reader.template for reader in readers if reader.template is not None]
            known = {name for template in templates for name in template.asks_for}
            unused = [name for name in arguments if name not in known]
            if templates and unused:
                raise BadInput(
                    f"{templates[0].whose} chat template never asks for {', '.join(unused)}; it asks for "
                    f"{', '.join(sorted(known - ALWAYS_GIVEN)) or 'nothing'}: correct the name, or leave it out",
                    where=f"reading.{side}.template_arguments",
                )


def _read(ids: Callable[[Read], list[int]], what: Read, example: Example) -> list[int]:
    """ids(what), or a sentence that names the row."""
    try:
        return ids(what)
    except Unreadable as problem:
        row = example.where or f"row {example.id + 1}"
        raise DataProblem(f"{row}: {problem}", where=problem.where) from problem


def _last(turns: Conversation) -> str:
    """The start of the user's last turn."""
    return next(turn.content for turn in reversed(turns) if turn.role == "user")[:60]
