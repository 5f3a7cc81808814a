"""Chat templates: programs that come with a tokenizer and write a conversation as the text that a model reads."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, meta
from transformers import PreTrainedTokenizerBase

from opdboard_worker.data.examples import Turn
from opdboard_worker.data.unreadable import Unreadable

_DATE = re.compile(r"""strftime_now\s*\(\s*(?:"([^"\\\\]*)"|'([^'\\\\]*)')\s*\)""")
_GENERATION = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")
"""A tag of transformers that marks what the assistant says and writes nothing."""
ALWAYS_GIVEN = {"messages", "add_generation_prompt", "strftime_now", "raise_exception", "bos_token", "eos_token"}
"""What transformers tells every template by itself."""


class ChatTemplate:
    """One tokenizer's template with the arguments that it is given; `asks_for` are the names that it may be told by."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        whose: str,
        arguments: Mapping[str, Any],
        where: str,
        launched: datetime,
    ) -> None:
        """whose: 'the student's', for sentences; where: the field that chose it. launched: the run's own date, for today's.

        Raises Unreadable for one that cannot be made to write the run's date.
        """
        self.whose = whose
        self._tokenizer = tokenizer
        self._arguments = dict(arguments)
        self._where = where
        self._text = self._dated(launched)
        self.asks_for = _asked_for(self._text)

    def written(self, turns: Sequence[Turn]) -> str:
        """The text up to the response, or to the point where a last turn of the assistant is continued. Raises Unreadable."""
        failed: Exception | None = None
        rendered = ""
        # Templates of models that also see want a message in parts.
        for in_parts in (False, True):
            try:
                rendered = self._rendered(turns, in_parts=in_parts)
            except Exception as error:  # a template is a program: it raises whatever it likes
                failed = failed or error
                continue
            if left_out(turns, rendered) is None:
                return rendered
        if failed is not None and not rendered:
            roles = [turn.role for turn in turns]
            what = "a user message" if roles == ["user"] else f"the turns {', '.join(roles)}"
            unknown = "leave reading.system_prompt empty, put data.instruction before or after the prompt, or "
            raise Unreadable(
                f"{self.whose} chat template cannot render {what} ({type(failed).__name__}: {failed}); "
                f"{unknown if 'system' in roles else ''}choose {self._where} 'plain'",
                self._where,
            ) from failed
        missing = left_out(turns, rendered) or turns[-1]
        raise Unreadable(
            f"{self.whose} chat template leaves the {missing.role}'s message out: of {missing.content[:60]!r} it makes "
            f"{rendered[:120]!r}. Choose {self._where} 'plain', or mend the template",
            self._where,
        )

    def _rendered(self, turns: Sequence[Turn], *, in_parts: bool) -> str:
        continued = turns[-1].role == "assistant"
        messages: Any = [
            {"role": turn.role, "content": _parts(turn.content) if in_parts else turn.content} for turn in turns
        ]
        rendered = str(
            self._tokenizer.apply_chat_template(
                messages,
                chat_template=self._text,
                tokenize=False,
                add_generation_prompt=not continued,
                continue_final_message=continued,
                **self._arguments,
            )
        )
        if in_parts and "'type': 'text'" in rendered:
            raise ValueError("it writes the parts of a message as a Python list")
        return rendered

    def _dated(self, launched: datetime) -> str:
        """The template with the run's date written into it, for which transformers would put in today's."""
        text = str(self._tokenizer.get_chat_template(tools=self._arguments.get("tools")))
        dated = _DATE.sub(lambda call: json.dumps(launched.strftime(call[1] or call[2])), text)
        if re.search(r"strftime_now\s*\(", dated):
            raise Unreadable(
                f"{self.whose} chat template asks for today's date in a form that is not plain text, so that it would change "
                f"from day to day; choose {self._where} 'plain', or mend the template",
                self._where,
            )
        return dated


def left_out(turns: Sequence[Turn], text: str) -> Turn | None:
    """The first turn that a text does not keep; what the assistant said before is the template's to shorten."""
    within = squeezed(text)
    for place, turn in enumerate(turns):
        kept = any(squeezed(one) in within for one in (turn.content, json.dumps(turn.content)[1:-1]))
        if not kept and (turn.role != "assistant" or place == len(turns) - 1):
            return turn
    return None


def squeezed(text: str) -> str:
    """Without spaces, case, and differences in how a character is written."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _parts(content: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": content}]


def _asked_for(template: str) -> set[str]:
    """The variables that a template reads and does not set itself; none where it cannot be parsed, which rendering tells."""
    try:
        program = Environment(extensions=["jinja2.ext.loopcontrols"]).parse(_GENERATION.sub("", template))
    except TemplateSyntaxError:
        return set()
    return set(meta.find_undeclared_variables(program))
