"""Where data files are that were uploaded in the browser."""

from pathlib import Path

from opdboard.domain.errors import DataProblem

FOLDER = "uploads"
PREFIX = 32
"""Hex digits of a file's SHA-256 that its name begins with."""


def uploaded_file(file: str, root: Path) -> Path:
    """The file in the data folder; DataProblem where this machine does not see it."""
    place = root / FOLDER / file
    if not place.is_file():
        raise DataProblem(
            f"{file[PREFIX + 1 :]} was uploaded to the web server and is not in the data folder of this machine ({root}): let both "
            "use one folder (OPDBOARD_DATA_DIR), upload it again if it was deleted, or name a file of the worker",
            where=file,
        )
    return place
