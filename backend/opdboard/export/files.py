"""Tables as files: CSV, JSON lines or Parquet, one by one, or everything of several runs in a folder or a ZIP."""

import csv
import io
import json
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from opdboard.client import Client
from opdboard.domain.errors import BadInput
from opdboard.export.cells import cells
from opdboard.export.tables import TABLES, Row, Table

if TYPE_CHECKING:
    from opdboard.answers import RunDetail

BLOCK = 50_000
FORMATS = (".csv", ".jsonl", ".parquet")


def export_table(client: Client, runs: "Sequence[RunDetail]", table: Table, file: Path) -> int:
    """Write one table of all the runs; the number of rows. BadInput for a format that is not possible here."""
    kind = file.suffix.lower()
    counted = count()
    rows = (row for row, _ in zip(_of_all(client, runs, table), counted, strict=False))
    with writing(file):
        if kind == ".parquet":
            _write_parquet(table, rows, file)
        else:
            with file.open("w", encoding="utf-8", newline="") as text:
                (_write_csv if kind == ".csv" else _write_lines)(table, rows, text)
    return next(counted)


def _of_all(client: Client, runs: "Sequence[RunDetail]", table: Table) -> Iterator[Row]:
    return (row for run in runs for row in table.rows(client, run))


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Makes the folder that the target lies in; BadInput says why it cannot be written."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise BadInput(f"cannot write {target}: {error.strerror}", where=str(target)) from error


def export_all(client: Client, runs: "Sequence[RunDetail]", target: Path) -> None:
    """Everything of the runs into a folder, or a file that ends with .zip: a CSV per table (samples as JSON lines), and
    per run its configuration and history as JSON.
    """
    with writing(target):
        if target.suffix.lower() == ".zip":
            with target.open("wb") as stream:
                stream_all(client, runs, stream)
        else:
            target.mkdir(exist_ok=True)
            _write_all(client, runs, lambda name: (target / name).open("w", encoding="utf-8", newline=""))


def stream_all(client: Client, runs: "Sequence[RunDetail]", stream: IO[bytes]) -> None:
    """Everything of the runs as a ZIP into a stream, which need not be one that goes back."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        _write_all(
            client, runs,
            lambda name: io.TextIOWrapper(archive.open(name, "w", force_zip64=True), encoding="utf-8", newline=""),
        )  # fmt: skip


def _write_all(client: Client, runs: "Sequence[RunDetail]", opened: Callable[[str], IO[str]]) -> None:
    for table in TABLES.values():
        as_lines = table.name == "samples"
        with opened(f"{table.name}.jsonl" if as_lines else f"{table.name}.csv") as text:
            (_write_lines if as_lines else _write_csv)(table, _of_all(client, runs, table), text)
    for run in runs:
        with opened(f"{run.id}.json") as text:
            about = {"run": run, "history": client.history(run.id)}
            json.dump({name: one.model_dump(mode="json") for name, one in about.items()}, text, indent=1)


def _write_csv(table: Table, rows: Iterable[Row], text: IO[str]) -> None:
    writer = csv.writer(text)
    writer.writerow(table.columns)
    writer.writerows(map(cells, rows))


def _write_lines(table: Table, rows: Iterable[Row], text: IO[str]) -> None:
    """JSON has no word for what is not finite; there it is null."""
    for row in rows:
        plain = [None if isinstance(value, float) and not math.isfinite(value) else value for value in row]
        text.write(json.dumps(dict(zip(table.columns, plain, strict=True)), ensure_ascii=False) + "\n")


def _write_parquet(table: Table, rows: Iterable[Row], file: Path) -> None:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise BadInput(
            "Parquet needs pyarrow: pip install 'opdboard[worker]' (or pyarrow); CSV and JSON lines need nothing",
            where="output",
        ) from None
    types = {
        "text": arrow.string(), "integer": arrow.int64(), "number": arrow.float64(), "flag": arrow.bool_(),
        "texts": arrow.list_(arrow.string()), "numbers": arrow.list_(arrow.float32()),
    }  # fmt: skip
    # Told, not guessed from the first rows: a column may be empty there, or everywhere.
    schema = arrow.schema([(name, types[kind]) for name, kind in table.kinds.items()])
    waiting = iter(rows)
    with parquet.ParquetWriter(file, schema) as writer:
        while block := list(islice(waiting, BLOCK)):
            columns = dict(zip(table.columns, map(list, zip(*block, strict=True)), strict=True))
            writer.write_table(arrow.table(columns, schema=schema))
