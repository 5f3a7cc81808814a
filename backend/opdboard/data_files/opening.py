"""Which files a path names, and their bytes line by line, plain or compressed."""

import glob
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from opdboard.domain.errors import DataProblem
from opdboard.regular_files import open_regular

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one line; a file without line ends would otherwise be read into memory whole."""
_MOST_FILES = 1000


def files_of(path: str) -> list[Path]:
    """The file of this name, or in order of their names all that a pattern with *, ? or [...] matches. DataProblem for none."""
    try:
        return _files_of(path)
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, no such home folder, what is no path
        raise DataProblem(f"{path[:200]!r} cannot be looked for: {error}", where="data.path") from error


def _files_of(path: str) -> list[Path]:
    file = Path(path).expanduser()
    if file.exists() or not glob.has_magic(path):
        files = [file]
    else:
        found = glob.iglob(str(file))  # noqa: PTH207  # Path.glob takes no absolute pattern, and ** walks through all below it
        files = sorted(Path(one) for one in islice(found, _MOST_FILES + 1))
        if not files:
            raise DataProblem(f"no file on this machine matches {path}; give a pattern that some do", where=path)
        if len(files) > _MOST_FILES:
            raise DataProblem(f"more than {_MOST_FILES} files match {path}; name fewer, or join them", where=path)
    for one in files:
        if not one.exists():
            raise DataProblem(f"there is no file {one} on this machine; give a path that it can read", where=path)
        if not one.is_file():
            raise DataProblem(
                f"{one} is not a file; name the data file itself, or several as folder/*.jsonl", where=path
            )
    return files


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """The file's bytes, decompressed where its name ends in .gz or .zst. DataProblem where they cannot be read."""
    suffix = file.suffix.lower()
    try:
        with open_regular(file) as raw:
            if suffix == ".gz":
                yield cast("BinaryIO", gzip.GzipFile(fileobj=raw))
            elif suffix == ".zst":
                yield _zstandard(raw, file)
            else:
                yield raw
    except (OSError, EOFError, zlib.error) as error:
        packed = suffix in (".gz", ".zst") and not getattr(error, "strerror", None)
        reason = f"it is no whole {suffix} file: {error}" if packed else getattr(error, "strerror", None) or error
        raise DataProblem(f"{file} cannot be read: {reason}", where=str(file)) from error


def lines_of(content: BinaryIO, file: Path) -> Iterator[tuple[int, str]]:
    """(number from 1, text) of each line, its end included. DataProblem names the line that is too long or no UTF-8."""
    number = 0
    while line := content.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise DataProblem(
                f"the line is longer than {LONGEST_LINE >> 20} MiB; one row a line is expected",
                where=f"{file}:{number}",
            )
        yield number, decoded(line, f"{file}:{number}", first=number == 1)


def decoded(content: bytes, where: str, *, first: bool) -> str:
    """The text; DataProblem where it is no UTF-8. first: it begins the file, where a byte order mark may stand."""
    try:
        return content.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        raise DataProblem(f"this is not UTF-8 text ({error.reason}); save the file as UTF-8", where=where) from error


def pyarrow_or_refuse(file: Path) -> None:
    """DataProblem where pyarrow, which comes with the worker, is not installed."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise DataProblem(
            f"{file.name} is read by pyarrow, which is not installed here; it comes with opdboard[worker]",
            where=str(file),
        ) from error


def _zstandard(raw: BinaryIO, file: Path) -> BinaryIO:
    pyarrow_or_refuse(file)
    import pyarrow

    stream = pyarrow.input_stream(raw, compression="zstd")
    return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", stream)))
