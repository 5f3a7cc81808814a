"""Rows of JSONL, JSON, CSV and Parquet files: each an object of columns, with the place that names it."""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from opdboard.data_files.arrow import Placed, parquet_rows
from opdboard.data_files.opening import LONGEST_LINE, decoded, lines_of, opened
from opdboard.data_files.values import kind_of
from opdboard.domain.errors import DataProblem

LARGEST_JSON = 1 << 30
"""Bytes of a JSON file, which is read whole."""
_SPACE = re.compile(r"\s*")


def rows_of(file: Path, wanted: set[str], largest_json: int = LARGEST_JSON) -> Iterator[Placed]:
    """All rows of a file. DataProblem whose `where` is the file, with ':line' where one is at fault.

    wanted: columns that may be needed; the others of a Parquet file are not read. largest_json: bytes.
    """
    kind = _kind(file)
    if kind == ".parquet":
        yield from parquet_rows(file, wanted)
        return
    if not kind:
        raise DataProblem(
            f"'{file.name}' is no .jsonl, .json, .csv or .parquet file (the text ones may be .gz or .zst); convert it to one",
            where=str(file),
        )
    if not file.stat().st_size:
        return
    with opened(file) as content:
        if kind == ".json":
            yield from _json(content, file, largest_json)
        elif kind in (".csv", ".tsv"):
            yield from _csv(content, file, "," if kind == ".csv" else "\t")
        else:
            yield from _jsonl(lines_of(content, file), file)


def table_kind(name: str) -> str:
    """What a file of that name is read as, such as .csv, also of rows.csv.gz; empty where it is not read."""
    return _kind(Path(name))


def _kind(file: Path) -> str:
    """The end of its name that says what it holds; empty where that is nothing known."""
    packed = file.suffix.lower() in (".gz", ".zst")
    kind = (file.with_suffix("") if packed else file).suffix.lower()
    return kind if kind in _TEXTS or (kind == ".parquet" and not packed) else ""


_TEXTS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")


def _decoder(where: str) -> json.JSONDecoder:
    def an_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in pairs:
            if name in made:
                raise DataProblem(f"the row gives {name[:80]!r} twice; keep the one that counts", where=where)
            made[name] = value
        return made

    # Decimal keeps the digits that were written.
    return json.JSONDecoder(parse_float=Decimal, object_pairs_hook=an_object)


def _parsed(text: str, start: int, where: str, called: str) -> tuple[Any, int]:
    """(value, where it ends) of the JSON that begins at a character."""
    try:
        return _decoder(where).raw_decode(text, start)
    except (ValueError, ArithmeticError, RecursionError) as error:
        reason = "nested too deeply or a number too long"
        if isinstance(error, json.JSONDecodeError):
            reason = f"{error.msg} at character {error.pos - start + 1}"
        raise DataProblem(f"the row is not valid JSON ({reason}); {called}", where=where) from error


def _jsonl(
    lines: Iterator[tuple[int, str]], file: Path, called: str = "write one JSON object a line"
) -> Iterator[Placed]:
    for number, line in lines:
        if text := line.strip():
            value, end = _parsed(text, 0, f"{file}:{number}", called)
            if end < len(text):
                raise DataProblem(
                    f"the row is not valid JSON (more behind its end at character {end + 1}); {called}",
                    where=f"{file}:{number}",
                )
            yield _object(value, f"{file}:{number}")


def _json(content: BinaryIO, file: Path, largest: int) -> Iterator[Placed]:
    """A list of objects, one after the other; or what `to_json` of datasets and pandas calls by the same name, one a line."""
    whole = content.read(largest + 1)
    if len(whole) > largest:
        raise DataProblem(
            f"{file.name} is larger than {largest >> 20} MiB, and a JSON file is read whole; write one object a line as .jsonl",
            where=str(file),
        )
    text = decoded(whole, str(file), first=True)
    del whole
    at = _skipped(text, 0)
    called = "write a list of objects, or one object a line"
    if text[at : at + 1] != "[":
        yield from _jsonl(enumerate(text.split("\n"), 1), file, called)
        return
    number, at = 0, _skipped(text, at + 1)
    while text[at : at + 1] != "]":
        number += 1
        where = f"{file}:{number}"
        value, at = _parsed(text, at, where, called)
        yield _object(value, where)
        at = _skipped(text, at)
        if text[at : at + 1] == ",":
            at = _skipped(text, at + 1)
        elif text[at : at + 1] != "]":
            raise DataProblem(f"behind the row there is neither a comma nor the end of the list; {called}", where=where)
    if _skipped(text, at + 1) < len(text):
        raise DataProblem(f"there is more behind the end of the list; {called}", where=f"{file}:{number}")


def _skipped(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _csv(content: BinaryIO, file: Path, delimiter: str) -> Iterator[Placed]:
    """Every value is the text that was written; nothing between two commas is null."""
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader((line for _, line in lines_of(content, file)), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            where, line = f"{file}:{line}", reader.line_num + 1
            if not cells:
                continue
            if header is None:
                header = cells
                if twice := next((name for name in header if name and header.count(name) > 1), None):
                    raise DataProblem(f"the header has {twice!r} twice; keep the one that counts", where=where)
                continue
            if len(cells) != len(header):
                raise DataProblem(
                    f"the row has {len(cells)} values and the header {len(header)} columns ({', '.join(header[:8])}); put texts "
                    "with commas or line ends in double quotes",
                    where=where,
                )
            yield where, {name: _cell(value, name, where) for name, value in zip(header, cells, strict=True)}
    except csv.Error as error:
        raise DataProblem(f"the row is not valid CSV ({error}); check its quotes", where=f"{file}:{line}") from error


def _cell(value: str, name: str, where: str) -> Any:
    """A cell that holds turns of a conversation is read as JSON, which is how they are to be written there."""
    if re.match(r"\[\s*\{\s*['\"]", value) is None or re.search(r"['\"]role['\"]", value) is None:
        return value or None
    try:
        return _decoder(where).decode(value)
    except ValueError as error:
        raise DataProblem(
            f"{name} is a list of turns that is not written as JSON; write it as JSON, or the file as JSONL or Parquet",
            where=where,
        ) from error


def _object(value: Any, where: str) -> Placed:
    if not isinstance(value, Mapping):
        raise DataProblem(f"the row is {kind_of(value)}, not an object of named columns", where=where)
    return where, value
