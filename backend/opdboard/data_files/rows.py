"""All rows of a configuration's files, read one after the other."""

from collections.abc import Iterator

from opdboard.data_files.opening import files_of
from opdboard.data_files.recognition import Recogniser, Row
from opdboard.data_files.tables import LARGEST_JSON, rows_of
from opdboard.domain.errors import DataProblem

_MOST_ROWS = 10_000_000


def read_rows(path: str, recogniser: Recogniser, largest_json: int = LARGEST_JSON) -> Iterator[Row]:
    """The rows of one file, or of all that a pattern names in order of their names; several are one data set.

    Raises DataProblem whose `where` is the file, with ':line' (in JSON and Parquet the row, from 1) where one is at fault.
    """
    number = 0
    for file in files_of(path):
        before = number
        for where, values in rows_of(file, recogniser.wanted, largest_json):
            number += 1
            if number > _MOST_ROWS:
                raise DataProblem(f"there are more than {_MOST_ROWS} rows; give fewer", where=where)
            yield recogniser.row(values, where)
        if number == before:
            raise DataProblem(f"{file} has no rows; each needs a prompt", where=str(file))
