"""Rows of prompts and answers from JSONL and Parquet files that others wrote, so nothing about them is taken for granted."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from opdboard.domain.errors import DataProblem
from opdboard.regular_files import open_regular

_LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of a JSONL row; a file without line ends would otherwise be read into memory whole."""
_MOST_ZEROS = 400


@dataclass(frozen=True)
class Row:
    """One usable row; `answer` is text even where the file has a number, with the number's exact value: 0.00001, 2, 9007199254740993."""

    prompt: str
    answer: str
    solution: str | None
    route: str | None = None


def read_rows(path: str, route_by: str = "") -> list[Row]:
    """All rows of a .jsonl or .parquet file. Raises DataProblem whose `where` is the file, with ':line' where one is at fault.

    route_by: a field that each row must have, for Row.route.
    """
    file = Path(path).expanduser()
    readers = {".jsonl": _jsonl, ".parquet": _parquet}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise DataProblem(
            f"'{file.name}' is neither a .jsonl nor a .parquet file; convert it to one of them", where=path
        )
    if not file.exists():
        raise DataProblem(f"there is no file {file} on this worker; give a path that the worker can read", where=path)
    if not file.is_file():
        raise DataProblem(f"{file} is not a file; name the .jsonl or .parquet file itself", where=path)
    try:
        rows = list(reader(file, route_by)) if file.stat().st_size else []
    except OSError as error:
        raise DataProblem(f"{file} cannot be read: {error.strerror or error}", where=path) from error
    if not rows:
        raise DataProblem(f"{file} has no rows; each row needs prompt (or problem) and answer", where=path)
    return rows


def _jsonl(file: Path, route_by: str) -> Iterator[Row]:
    with open_regular(file) as lines:
        number = 0
        while line := lines.readline(_LONGEST_LINE + 1):
            number += 1
            where = f"{file}:{number}"
            if len(line) > _LONGEST_LINE:
                raise DataProblem(
                    f"the row is longer than {_LONGEST_LINE >> 20} MiB; one JSON object a line is expected", where=where
                )
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise DataProblem(
                    f"the row is not UTF-8 text ({error.reason}); save the file as UTF-8", where=where
                ) from error
            if text.strip():
                yield _row(_parsed(text, where), where, route_by)


def _parsed(text: str, where: str) -> Any:
    def an_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in pairs:
            if name in made:
                raise DataProblem(f"the row gives {name[:80]!r} twice; keep the one that counts", where=where)
            made[name] = value
        return made

    try:
        # Decimal keeps the digits that were written.
        return json.loads(text, parse_float=Decimal, object_pairs_hook=an_object)
    except (ValueError, ArithmeticError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply or a number too long"
        raise DataProblem(f"the row is not valid JSON ({reason}); write one JSON object a line", where=where) from error


def _parquet(file: Path, route_by: str) -> Iterator[Row]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file) as table:
            fields = dict.fromkeys(("prompt", "problem", "answer", "solution", route_by))
            schema = table.schema_arrow
            wanted = [name for name in fields if name in schema.names]
            if twice := next((name for name in wanted if schema.names.count(name) > 1), None):
                raise DataProblem(f"{file.name} has two columns {twice!r}; keep the one that counts", where=str(file))
            narrow = {
                name: schema.field(name).type.to_pandas_dtype() for name in wanted if _is_narrow(schema.field(name))
            }
            number = 0
            for batch in table.iter_batches(batch_size=1024, columns=wanted):
                for values in batch.to_pylist():
                    number += 1
                    # As many digits as the column holds: 0.1 is no 0.10000000149011612.
                    shown = {
                        name: Decimal(str(kind(values[name])))
                        for name, kind in narrow.items()
                        if values[name] is not None
                    }
                    yield _row(values | shown, f"{file}:{number}", route_by)
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise DataProblem(
            f"{file.name} is not a readable Parquet file ({_first_line(error)}); write it anew", where=str(file)
        ) from error


def _is_narrow(field: Any) -> bool:
    import pyarrow

    return pyarrow.types.is_float16(field.type) or pyarrow.types.is_float32(field.type)


def _row(values: Any, where: str, route_by: str) -> Row:
    if not isinstance(values, Mapping):
        raise DataProblem(f"the row is {_kind(values)}, not an object with prompt (or problem) and answer", where=where)
    name = "prompt" if values.get("prompt") is not None else "problem"
    prompt = _text(values, name, where, called="prompt (or problem)")
    answer = _text(values, "answer", where, called="answer", numbers=True)
    solution = None if values.get("solution") is None else _text(values, "solution", where, called="solution")
    route = _text(values, route_by, where, called=f"{route_by} (teacher.route_by)", numbers=True) if route_by else None
    return Row(prompt, answer, solution, route)


def _text(values: Mapping[str, Any], name: str, where: str, *, called: str, numbers: bool = False) -> str:
    value = values.get(name)
    if value is None:
        found = ", ".join(str(key) for key in list(values)[:8]) or "nothing"
        raise DataProblem(f"the row has no {called}; it has {found}", where=where)
    if numbers and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        value = _written_out(value, name, where)
    if not isinstance(value, str):
        raise DataProblem(f"{name} is {_kind(value)}; it must be text", where=where)
    if not value.strip() and name != "solution":
        raise DataProblem(f"{name} is empty", where=where)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise DataProblem(
            f"{name} has half of a surrogate pair at character {error.start}, which is no text", where=where
        ) from error
    return value


def _written_out(number: float | Decimal, name: str, where: str) -> str:
    """The number's value in digits, without an exponent unless there were hundreds of zeros."""
    value = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not value.is_finite():
        raise DataProblem(f"{name} is {value}, which is no value that a response can give", where=where)
    if not value:
        return "0"
    if abs(value.adjusted()) > _MOST_ZEROS:
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _kind(value: Any) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        Decimal: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null" if value is None else f"a {type(value).__name__}")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
