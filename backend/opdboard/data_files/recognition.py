"""What the columns of a row mean: the formats of the field told apart by their columns, or what the configuration maps."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import regex

from opdboard.data_files.boxes import last_boxed
from opdboard.data_files.turns import Asked, Turn, answered_in, asked_in, is_turns
from opdboard.data_files.values import columns_of, has, kind_of, text_of, value_at
from opdboard.domain.data import Columns
from opdboard.domain.errors import DataProblem

_PROMPTS = ("prompt", "messages", "problem", "question", "input")
_ANSWERS = ("final_answer", "reward_model.ground_truth", "answer", "target")
_SOLUTIONS = ("solution", "completion")
_HASHES = regex.compile(r"####[ \t]*([^\n]*\S)\s*\Z")
_PATTERN_SECONDS = 1.0
"""For one row: some expressions take for ever on some texts."""


@dataclass(frozen=True)
class Row:
    """One usable row; `answer` is text even where the file has a number, with its exact value: 0.00001, 2, 9007199254740993.

    where: the file and the line or row. The others: see opdboard_worker.data.examples.Example.
    """

    where: str
    prompt: str
    answer: str | None
    solution: str | None
    route: str | None = None
    before: tuple[Turn, ...] = ()
    prefix: str = ""


class Recogniser:
    """Reads rows of one data set. `formats` counts what it took them for, `found` where each field was found."""

    def __init__(self, columns: Columns, route_by: str = "") -> None:
        """columns: what the configuration maps; the rest is recognised. route_by: a column that each row must have."""
        self.formats: Counter[str] = Counter()
        self.found: dict[str, Counter[str]] = {name: Counter() for name in ("prompt", "answer", "solution", "system")}
        self._columns = columns
        self._route_by = route_by
        self._pattern = _compiled(columns.answer_pattern) if columns.answer_pattern else None
        self._hashed: bool | None = None

    @property
    def wanted(self) -> set[str]:
        """Top columns that may be needed."""
        mapped = [self._columns.prompt, self._columns.answer, self._columns.solution, self._columns.system]
        paths = {*_PROMPTS, *_ANSWERS, *_SOLUTIONS, *mapped, self._route_by} - {""}
        return paths | {path.partition(".")[0] for path in paths}

    def told(self) -> list[str]:
        """What was recognised, and where each field was found, in sentences."""
        formats = [
            f"{count} row{'' if count == 1 else 's'} read as {name}" for name, count in self.formats.most_common()
        ]
        sources = (
            f"{field} from {column}" if column else f"{count} without {'an' if field == 'answer' else 'a'} {field}"
            for field, columns in self.found.items()
            for column, count in columns.most_common()
        )
        return [*formats, "; ".join(sources)]

    def row(self, values: Mapping[str, Any], where: str) -> Row:
        """The row's fields. DataProblem names the column at fault."""
        name, asked = self._asked(values, where)
        answer_name, answer = self._answer(values, name, where)
        solution_name, solution = self._solution(values, name, asked, where)
        if not self._columns.answer and self._pattern is None:
            if answer_name == "answer" and answer is not None:
                answer_name, answer, worked = self._behind_hashes(answer, where)
                if worked is not None and solution is None:
                    solution_name, solution = answer_name, worked
            elif answer is None and solution is not None and (boxed := last_boxed(solution)) and boxed.strip():
                answer_name, answer = f"the last \\boxed{{}} of {solution_name}", boxed
        before = self._system(values, asked, where)
        route = None
        if self._route_by:
            route = self._required(values, self._route_by, "teacher.route_by", where, numbers=True)
        self.formats[self._format(values, name, answer_name, solution_name)] += 1
        self.found["prompt"][name] += 1
        self.found["answer"]["" if answer is None else answer_name] += 1
        self.found["solution"]["" if solution is None else solution_name] += 1
        return Row(where, asked.prompt, answer, solution, route, before, asked.prefix)

    def _asked(self, values: Mapping[str, Any], where: str) -> tuple[str, Asked]:
        name = self._columns.prompt
        if not name:
            wanted = [one for one in _PROMPTS if one != "input" or has(values, "target")]
            name = next((one for one in wanted if values.get(one) is not None), "")
        if not name:
            raise DataProblem(
                f"the row has no prompt (nor messages, problem, question, or input and target); it has {columns_of(values)}. "
                "Name the column in data.columns.prompt",
                where=where,
            )
        value = value_at(values, name)
        if is_turns(value):
            return name, asked_in(value, name, where, finished=name.rpartition(".")[2] != "prompt")
        if name == "messages":
            raise DataProblem(f"{name} is {kind_of(value)}; it must be a list of turns {{role, content}}", where=where)
        if self._columns.prompt:
            return name, Asked((), self._required(values, name, "data.columns.prompt", where))
        return name, Asked((), text_of(value, name, where))

    def _answer(self, values: Mapping[str, Any], prompt: str, where: str) -> tuple[str, str | None]:
        name = self._columns.answer
        if name:
            _check_there(values, name, "data.columns.answer", where)
        else:
            model = values.get("reward_model")
            if model is not None and not isinstance(model, Mapping):
                raise DataProblem(
                    f"reward_model is {kind_of(model)}; it must be an object with ground_truth", where=where
                )
            wanted = [one for one in _ANSWERS if one != "target" or prompt == "input"]
            name = next((one for one in wanted if value_at(values, one) is not None), "")
        value = value_at(values, name) if name else None
        if value is None or (isinstance(value, str) and not value.strip()):
            return name, None
        text = text_of(value, name, where, numbers=True)
        return name, text if self._pattern is None else self._matched(self._pattern, text, name, where)

    def _matched(self, pattern: "regex.Pattern[str]", text: str, name: str, where: str) -> str:
        try:
            found = pattern.search(text, timeout=_PATTERN_SECONDS)
        except TimeoutError:
            raise DataProblem(
                f"data.columns.answer_pattern took longer than {_PATTERN_SECONDS:g} s on {name}; write a simpler one",
                where=where,
            ) from None
        if found is None or not (found[1] or "").strip():
            raise DataProblem(
                f"data.columns.answer_pattern finds nothing in {name}, which is {text[:80]!r}; mend it, or leave the row out",
                where=where,
            )
        return str(found[1])

    def _behind_hashes(self, answer: str, where: str) -> tuple[str, str, str | None]:
        """GSM8K's: (where the number stands, the number, the worked text), for all rows of a data set or for none."""
        found = _HASHES.search(answer)
        if self._hashed is None:
            self._hashed = found is not None
        if self._hashed and found is None:
            raise DataProblem(
                "answer does not end with '#### number' as in the rows before; mend it, or set data.columns.answer",
                where=where,
            )
        if found is None:
            return "answer", answer, None
        if not self._hashed:
            raise DataProblem(
                "answer ends with '####', and those of the rows before do not; set data.columns.answer, and perhaps "
                "data.columns.answer_pattern",
                where=where,
            )
        return "answer behind ####", found[1], answer

    def _solution(self, values: Mapping[str, Any], prompt: str, asked: Asked, where: str) -> tuple[str, str | None]:
        name = self._columns.solution
        if name:
            _check_there(values, name, "data.columns.solution", where)
        else:
            wanted = [one for one in _SOLUTIONS if one != "completion" or prompt == "prompt"]
            name = next((one for one in wanted if values.get(one) is not None), "")
            if not name:
                return f"the last turn of {prompt}", asked.solution
        value = value_at(values, name)
        if is_turns(value) and (name == "completion" or self._columns.solution):
            return name, answered_in(value, name, where)
        if value is None or (isinstance(value, str) and not value.strip()):
            return name, None
        return name, text_of(value, name, where)

    def _system(self, values: Mapping[str, Any], asked: Asked, where: str) -> tuple[Turn, ...]:
        name = self._columns.system
        if not name:
            return asked.before
        text = self._required(values, name, "data.columns.system", where)
        if any(turn.role == "system" for turn in asked.before):
            raise DataProblem(f"the turns have a system turn, and {name} gives another; keep one", where=where)
        self.found["system"][name] += 1
        return (Turn("system", text), *asked.before)

    def _required(
        self, values: Mapping[str, Any], name: str, setting: str, where: str, *, numbers: bool = False
    ) -> str:
        value = value_at(values, name)
        if value is None:
            raise DataProblem(f"the row has no {name} ({setting}); it has {columns_of(values)}", where=where)
        return text_of(value, name, where, numbers=numbers)

    def _format(self, values: Mapping[str, Any], prompt: str, answer: str, solution: str) -> str:
        if self._columns.prompt:
            return "mapped columns"
        if prompt == "messages":
            return "TRL conversational (messages)"
        if answer.startswith("reward_model"):
            return "verl"
        if answer.endswith("####"):
            return "GSM8K"
        if prompt == "problem" and solution == "solution":
            return "MATH"
        if prompt == "prompt" and solution == "completion":
            return "prompt and completion"
        return f"{prompt} and {answer}" if answer else "TRL prompt-only" if prompt == "prompt" else f"{prompt} alone"


def _check_there(values: Mapping[str, Any], name: str, setting: str, where: str) -> None:
    if not has(values, name):
        raise DataProblem(
            f"the row has no {name} ({setting}); it has {columns_of(values)}. Null says that it has none", where=where
        )


def _compiled(pattern: str) -> "regex.Pattern[str]":
    try:
        return regex.compile(pattern)
    except regex.error as error:  # the few that the standard library, which the configuration is checked by, takes
        raise DataProblem(f"this is no regular expression: {error}", where="data.columns.answer_pattern") from error
