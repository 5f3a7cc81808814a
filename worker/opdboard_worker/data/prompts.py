"""What student and teacher read before a response, as token ids, and response tokens back as text.

A prompt is the example's text with the instruction behind it, through the tokenizer's chat template or as it is. A privileged
teacher reads the same with the worked answer around it (OPSD, arXiv:2601.18734); its tokens on the response are the student's.
"""

import json
import logging
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from opdboard.domain.data import Data, FileData
from opdboard.domain.errors import DataProblem
from opdboard.domain.reading import Reading, StudentReading
from opdboard.domain.teachers import Teacher
from opdboard_worker.data.examples import Example

log = logging.getLogger(__name__)

_DATE = re.compile(r"""strftime_now\s*\(\s*(?:"([^"\\\\]*)"|'([^'\\\\]*)')\s*\)""")
_SLOTS = re.compile(r"\{(prompt|solution)\}")
_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"
_KEPT = 16384
"""Texts whose ids are kept: student, teacher, probes and every epoch read the same prompts."""
_READ_BACK = 64
"""Prompts whose ids are decoded again before the first step."""
_MOST_UNKNOWN = 0.1
"""Share of a prompt's tokens that may stand for what the tokenizer does not know."""


class PromptBuilder:
    """Prompts of one run; the tokenizer is the student's, which the teacher's must equal."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        data: Data,
        teacher: Teacher,
        reading: Reading,
        launched: datetime | None = None,
    ) -> None:
        """Raises DataProblem when the chat format is asked of a tokenizer that has no chat template.

        launched: the run's own date, which templates that write today's get to see, on every day that the run takes; now if
        not given.
        """
        self.tokenizer = tokenizer
        self._launched = launched or datetime.now(UTC)
        if (
            reading != Reading(student=StudentReading(template=reading.student.template))
            or reading.student.template == "teacher"
        ):
            raise DataProblem("of reading only student.template own and plain can be used so far", where="reading")
        self._chat = isinstance(data, FileData) and reading.student.template == "own"
        self._instruction = data.instruction.strip() if isinstance(data, FileData) else ""
        self._first = isinstance(data, FileData) and data.instruction_place == "before"
        self._context = teacher.reads
        if self._chat and not tokenizer.chat_template:
            raise DataProblem(
                "the student's tokenizer has no chat template; choose reading.student.template 'plain', or a model that has one",
                where="reading.student.template",
            )
        # What a fast tokenizer comes down to, which takes a fraction of the time on short texts.
        self._backend = tokenizer.backend_tokenizer if isinstance(tokenizer, PreTrainedTokenizerFast) else None
        if self._backend:
            self._backend.no_truncation()
            self._backend.no_padding()
        self._bos = _bos_in_front(tokenizer)
        self._ids = lru_cache(_KEPT)(self._read)

    def student_ids(self, example: Example) -> list[int]:
        """Token ids that the student continues."""
        return self._ids(self._student_text(example))

    def teacher_ids(self, example: Example) -> list[int]:
        """Token ids that stand before the response when the teacher scores it."""
        if self._context is None:
            return self.student_ids(example)
        filling = {"prompt": self._student_text(example), "solution": example.solution or example.answer}
        # In one pass and not by str.format: the context may hold other braces, the solution may hold '{prompt}'.
        return self._ids(_SLOTS.sub(lambda slot: filling[slot.group(1)], self._context))

    def longest(self, examples: Sequence[Example], *, teacher: bool = False) -> int:
        """Tokens of the longest prompt that the student, or the teacher, reads."""
        ids = self.teacher_ids if teacher else self.student_ids
        return max((len(ids(example)) for example in examples), default=0)

    def check(self, examples: Sequence[Example]) -> None:
        """Raise DataProblem unless prompts come back from their ids and different prompts have different ids."""
        texts: dict[tuple[int, ...], str] = {}
        for example in examples:
            text, ids = self._student_text(example), tuple(self.student_ids(example))
            other = texts.setdefault(ids, text)
            if _squeezed(other) != _squeezed(text):
                raise DataProblem(
                    f"the prompts {other[:60]!r} and {text[:60]!r} become the same {len(ids)} tokens; the student's "
                    "tokenizer does not tell them apart. Choose data it has the characters for, or another student",
                    where="data",
                )
        unknown = self.tokenizer.unk_token_id
        partly = 0
        for example in examples[:: max(1, len(examples) // _READ_BACK)]:
            text, ids = self._student_text(example), self.student_ids(example)
            lost = ids.count(unknown) if isinstance(unknown, int) else 0
            partly += bool(lost)
            if lost > _MOST_UNKNOWN * len(ids) or (not lost and not _kept(text, self._decode(ids))):
                raise DataProblem(
                    f"the student's tokenizer does not keep the prompt {text[:60]!r}: its ids say {self._decode(ids)[:120]!r}. "
                    "Choose data it has the characters for, or another student",
                    where="data",
                )
        if partly:
            log.warning("in %d prompts the student's tokenizer does not know a character", partly)

    def solution_ids(self, example: Example) -> list[int]:
        """Token ids of the worked solution, or else the answer, with the end token: what supervised training learns."""
        end = self.tokenizer.eos_token_id
        assert isinstance(end, int), "a model without an end token is refused before"
        return [*self._encoded(example.solution or example.answer), end]

    def texts(self, responses: Sequence[Sequence[int]]) -> list[str]:
        """Responses as text, without special tokens."""
        if self._backend and not self.tokenizer.clean_up_tokenization_spaces:
            return self._backend.decode_batch(responses, skip_special_tokens=True)
        return self.tokenizer.batch_decode([list(ids) for ids in responses], skip_special_tokens=True)

    def decode_tokens(self, ids: Sequence[int]) -> list[str]:
        """One piece of text per token, special tokens included; together they are the decoded sequence.

        A character that several tokens make up stands at the last of them, the others are empty.
        """
        pieces: list[str] = []
        # Each token is decoded behind the last completed one, since a token's text may depend on what is before it (a leading
        # space); `start` is that token and `fresh` the first one whose text is not yet out.
        start = fresh = 0
        for end in range(1, len(ids) + 1):
            before, text = self._decode(ids[start:fresh]), self._decode(ids[start:end])
            if text.endswith(_INCOMPLETE) and end < len(ids):
                pieces.append("")
                continue
            pieces.append(text[len(before) :])
            start, fresh = fresh, end
        return pieces

    def _student_text(self, example: Example) -> str:
        if not self._instruction:
            return example.prompt
        parts = (example.prompt, self._instruction)
        return "\n\n".join(reversed(parts) if self._first else parts)

    def _read(self, text: str) -> list[int]:
        if self._chat:
            text = self._in_chat(text)
        ids = self._encoded(text)
        if self._bos is None:
            return ids
        # A chat template that wants the token writes it itself; a plain text may come with it as well.
        return ids if self._chat or ids[:1] == [self._bos] else [self._bos, *ids]

    def _encoded(self, text: str) -> list[int]:
        try:
            if self._backend:
                return self._backend.encode(text, add_special_tokens=False).ids
            return self.tokenizer(text, add_special_tokens=False)["input_ids"]
        except Exception as error:  # raised as such by tokenizers without an unknown token, like the demo's
            raise DataProblem(
                f"the student's tokenizer cannot encode {text[:80]!r} ({error}); choose data it has the characters for",
                where="data",
            ) from error

    def _in_chat(self, text: str) -> str:
        failed: Exception | None = None
        rendered = ""
        # Templates of models that also see want a message in parts.
        for content in (text, [{"type": "text", "text": text}]):
            try:
                rendered = self._rendered(content)
            except Exception as error:  # a template is a program: it raises whatever it likes
                failed = failed or error
                continue
            if _kept(text, rendered):
                return rendered
        if failed is not None and not rendered:
            raise DataProblem(
                f"the student's chat template cannot render a user message ({type(failed).__name__}: {failed}); "
                "choose reading.student.template 'plain'",
                where="reading.student.template",
            ) from failed
        raise DataProblem(
            f"the student's chat template leaves the user's message out: of {text[:60]!r} it makes {rendered[:120]!r}. "
            "Choose reading.student.template 'plain', or mend the template",
            where="reading.student.template",
        )

    def _rendered(self, content: Any) -> str:
        rendered = str(
            self.tokenizer.apply_chat_template(
                [{"role": "user", "content": content}],
                chat_template=self._template(),
                tokenize=False,
                add_generation_prompt=True,
            )
        )
        if isinstance(content, list) and "'type': 'text'" in rendered:
            raise ValueError("it writes the parts of a message as a Python list")
        return rendered

    def _template(self) -> str:
        """The chat template with the run's date written into it, for which transformers would put in today's."""
        template = str(self.tokenizer.get_chat_template())
        dated = _DATE.sub(lambda call: json.dumps(self._launched.strftime(call[1] or call[2])), template)
        if re.search(r"strftime_now\s*\(", dated):
            raise ValueError("it asks for today's date in a form that is not plain text")
        return dated

    def _decode(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))


def _kept(text: str, within: str) -> bool:
    """Whether a text stands within another, spaces, case and the writing of characters aside, plain or escaped as in JSON."""
    whole = _squeezed(within)
    return _squeezed(text) in whole or _squeezed(json.dumps(text)[1:-1]) in whole


def _squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _bos_in_front(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The id of the begin-of-sequence token if this tokenizer puts one before a text, else None.

    Asked of the tokenizer itself, because many that define one do not use it; what it would put at the end is left out.
    """
    bos = tokenizer.bos_token_id
    return bos if isinstance(bos, int) and tokenizer("")["input_ids"][:1] == [bos] else None
