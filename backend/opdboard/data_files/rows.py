"""All rows of a configuration's data, read one after the other."""

from collections.abc import Iterator
from pathlib import Path

from opdboard.data_files import hub
from opdboard.data_files.arrow import Placed
from opdboard.data_files.opening import files_of
from opdboard.data_files.recognition import Recogniser, Row
from opdboard.data_files.tables import LARGEST_JSON, rows_of
from opdboard.data_files.uploads import uploaded_file
from opdboard.domain.data import FileData, HubData, UploadData
from opdboard.domain.errors import DataProblem

_MOST_ROWS = 10_000_000


def read_rows(
    data: FileData | UploadData | HubData,
    recogniser: Recogniser,
    root: Path,
    *,
    held_out: bool = False,
    largest_json: int = LARGEST_JSON,
    stream: bool = False,
) -> Iterator[Row]:
    """The rows of the data, or of its held-out file or split; several files are one data set, in order of their names.

    root: the data folder, where uploaded files are. stream: nothing of the hub is kept. Raises DataProblem whose `where` is the file or data set, with ':line' (in JSON,
    Parquet and on the hub the row, from 1) where one is at fault.
    """
    number = 0
    for name, rows in _tables(
        data, recogniser.wanted, root, held_out=held_out, largest_json=largest_json, stream=stream
    ):
        before = number
        for where, values in rows:
            number += 1
            if number > _MOST_ROWS:
                raise DataProblem(f"there are more than {_MOST_ROWS} rows; give fewer", where=where)
            yield recogniser.row(values, where)
        if number == before:
            raise DataProblem(f"{name} has no rows; each needs a prompt", where=name)


def _tables(
    data: FileData | UploadData | HubData,
    wanted: set[str],
    root: Path,
    *,
    held_out: bool,
    largest_json: int,
    stream: bool,
) -> Iterator[tuple[str, Iterator[Placed]]]:
    if isinstance(data, HubData):
        split = data.held_out if held_out else data.split
        yield f"{data.repo_id} {split}", hub.split_rows(data, split, wanted, stream=stream)
        return
    for file in data_files(data, root, held_out=held_out):
        yield str(file), rows_of(file, wanted, largest_json)


def data_files(data: FileData | UploadData, root: Path, *, held_out: bool = False) -> list[Path]:
    """The files of the data, or those held out, in their order. DataProblem where there are none."""
    if isinstance(data, UploadData):
        return [uploaded_file(data.held_out if held_out else data.file, root)]
    return files_of(data.held_out if held_out else data.path)
