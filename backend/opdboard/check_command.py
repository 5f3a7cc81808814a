"""`opdboard check CONFIG`: what a run would find out before its first step, in a process of this machine, without a server."""

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from opdboard import config_file
from opdboard.api.problems import InvalidFields, problems
from opdboard.domain.check import Check, PromptRead, ScoredResponse, Side
from opdboard.domain.errors import BadInput, OpdboardError
from opdboard.domain.run_config import RunConfig
from opdboard.terminal import number, plain

PROGRAM = "opdboard_worker.analysis.checking"
_STYLES = {"student": "bold blue", "teacher": "bold yellow"}


def check(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A run configuration as YAML or JSON.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole check as JSON.")] = False,
) -> None:
    """Load both models here and say what each side reads, how far apart they are, and what to beware of; nothing is trained.

    The exit code is 1 where the run could not begin; warnings leave it at 0.
    """
    content = config_file.read_config(config)
    try:
        valid = RunConfig.model_validate(content)
    except ValidationError as error:
        raise InvalidFields(problems(error.errors(), content, of_run=True)) from error
    found = checked(valid.model_dump_json())
    if as_json:
        print(found.model_dump_json())
    else:
        Console(highlight=False, markup=False).print(in_words(found))


def checked(config: str) -> Check:
    """The check of a configuration in JSON; the error that a run of it would have ended with."""
    if find_spec("opdboard_worker") is None:
        raise BadInput(
            "a check loads the models, for which this machine lacks the worker: pip install 'opdboard[worker]'"
        )
    done = subprocess.run([sys.executable, "-m", PROGRAM], input=config, stdout=subprocess.PIPE, text=True, check=False)
    last = done.stdout.splitlines()[-1:] or ["{}"]
    if done.returncode == 0:
        return Check.model_validate_json(last[0])
    try:
        told = json.loads(last[0])
        where = f" ({told['where']})" if told["where"] else ""
        raise OpdboardError(f"{told['detail']}{where}", where=told["where"])
    except (ValueError, KeyError):
        raise OpdboardError(f"the check ended with status {done.returncode}; its last words are above") from None


def in_words(check: Check) -> RenderableType:
    """The document for a terminal."""
    parts: list[RenderableType] = [Text(plain(f"! {trap.message}"), "yellow") for trap in check.warnings]
    parts += [Text("None of the known traps was found.", "green")] if not parts else []
    parts += [Text(), _sides(check.sides), Text(plain(check.ends)), Text(), _numbers(check), Text()]
    for place, prompt in enumerate(check.prompts, 1):
        parts += [Text(f"Prompt {place}", "bold"), *_prompt(prompt), Text()]
    for response in check.responses:
        parts += [Text(plain(f"Response to {response.prompt!r}"), "bold"), _response(response), Text()]
    return Group(*parts)


def _grid(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", show_header=bool(headings))
    for heading in headings or ("", ""):
        table.add_column(heading, style="dim" if heading == "" else None)
    return table


def _sides(sides: Sequence[Side]) -> Table:
    table = _grid("", *(side.who for side in sides))
    rows = {
        "model": [side.label for side in sides],
        "reads": [side.template for side in sides],
        "begins with": [side.begins_with.text if side.begins_with else "-" for side in sides],
        "end tokens": [", ".join(f"{one.text} ({one.id})" for one in side.end_tokens) or "-" for side in sides],
        "tokens, rows": [f"{side.tokens or '-'}, {side.rows or '-'}" for side in sides],
        "not used": [json.dumps(side.generation) if side.generation else "-" for side in sides],
    }
    for name, cells in rows.items():
        table.add_row(name, *map(plain, cells))
    return table


def _numbers(check: Check) -> Table:
    table = _grid()
    divergence, noise, expected = check.divergence, check.repeatability, check.expected
    if divergence is not None:
        told = f"{number(divergence.mean)} nats/token ({divergence.estimator}, {divergence.tokens} tokens)"
        table.add_row("distance to the teacher", told)
    if noise is not None:
        table.add_row("noise floor of the teacher", f"{number(noise.mean)} nats/token, {number(noise.largest)} at most")
    table.add_row("sampler against trainer", f"{number(check.sampler.mean)} nats/token")
    table.add_row("responses that ended", f"{check.ended} of {check.sampled}")
    if check.data is not None:
        formats = ", ".join(f"{one.rows} as {one.name}" for one in check.data.formats)
        repeated = f"; {check.data.duplicates} ask what an earlier one asks" if check.data.duplicates else ""
        table.add_row(
            "rows of the data", plain(f"{'' if check.data.complete else 'of the first: '}{formats}{repeated}")
        )
    table.add_row("prompts left out", f"{check.left_out} of {check.all_prompts}")
    for one in check.sets:
        told = f"{one.prompts} prompts, {one.samples} answers to each of at most {one.max_response_tokens} tokens"
        table.add_row(f"set {one.name}", told)
    table.add_row("temperature", f"{check.sampling_temperature:g}, of sampler, student and teacher's scores")
    table.add_row("a step, about", f"{number(expected.seconds_per_step, 2)} s: {expected.seconds_from}")
    table.add_row("memory, about", f"{expected.memory_bytes / 2**30:.2f} GiB: {expected.memory_from}")
    if check.parity:
        table.add_row("parity of the server", check.parity)
    if check.served is not None:
        far = check.served.apart
        told = f"{number(far.mean)} nats/token from {check.served.weights}, {number(far.largest)} at most"
        table.add_row("parity of the server", plain(told))
        for one in check.served.worst:
            told = f"{number(one.served)} by the server, {number(one.local)} by the weights, {one.times} times"
            table.add_row(f"  token {one.id} {plain(one.text)!r}", told)
    return table


def _prompt(prompt: PromptRead) -> list[Text]:
    if prompt.teacher is None or not prompt.differing:
        return [_tokens("both sides" if prompt.teacher else "the student", prompt, "student")]
    return [_tokens("student", prompt, "student"), _tokens("teacher", prompt, "teacher")]


def _tokens(title: str, prompt: PromptRead, side: str) -> Text:
    read = prompt.student if side == "student" else prompt.teacher
    assert read is not None
    text = Text(f"{title}: ", "dim")
    for token, apart in zip(read.texts, read.apart, strict=True):
        text.append(plain(token).replace("\n", "\\n"), _STYLES[side] if apart else "default")
        text.append("|", "dim")
    return text


def _response(response: ScoredResponse) -> Table:
    table = _grid("token", "student", *([] if response.teacher_logp is None else ["teacher"]))
    columns = [response.student_logp, *([] if response.teacher_logp is None else [response.teacher_logp])]
    for token, *scores in zip(response.tokens, *columns, strict=True):
        table.add_row(plain(repr(token)), *(number(score, 3) for score in scores))
    table.add_row("ended" if response.ended else "cut", *("" for _ in columns))
    return table
