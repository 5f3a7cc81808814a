"""Writes what is uploaded beside its place, and puts it there once it is whole and can be read."""

import errno
import hashlib
import os
import re
import tempfile
import time
from pathlib import Path

from opdboard.api.uploads.schemas import Uploaded
from opdboard.data_files.tables import rows_of, table_kind
from opdboard.data_files.uploads import FOLDER, PREFIX
from opdboard.domain.errors import BadInput, DataProblem, TooLarge, Unavailable
from opdboard.settings import Settings

_FULL = (errno.ENOSPC, errno.EDQUOT)
_LARGEST_JSON = 64 << 20
_READ_SECONDS = 20.0
_LONGEST_NAME = 80


class Incoming:
    """A file that is being received. Close it in any case."""

    def __init__(self, name: str, settings: Settings) -> None:
        """DataProblem for a kind of file that is not read, BadInput where uploads are not allowed."""
        self._name = _safe(name)
        if not table_kind(self._name):
            raise DataProblem(
                f"'{self._name}' is no .jsonl, .json, .csv or .parquet file (the text ones may be .gz or .zst); convert it to one",
                where=self._name,
            )
        self._most = settings.upload_mib << 20
        if not self._most:
            raise BadInput("this server takes no files (OPDBOARD_UPLOAD_MIB is 0)", where="OPDBOARD_UPLOAD_MIB")
        self._folder = settings.root / FOLDER
        self._sha = hashlib.sha256()
        self._bytes = 0
        try:
            self._folder.mkdir(exist_ok=True)
            self._open = tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", suffix=f"-{self._name}")  # noqa: SIM115
        except OSError as error:
            raise _unwritten(error) from error

    def add(self, chunk: bytes) -> None:
        """The next bytes. TooLarge beyond the limit, Unavailable where they cannot be written."""
        self._bytes += len(chunk)
        if self._bytes > self._most:
            raise TooLarge(
                f"the file is larger than {self._most >> 20} MiB (OPDBOARD_UPLOAD_MIB); compress it, or name one of the worker",
                where="OPDBOARD_UPLOAD_MIB",
            )
        self._sha.update(chunk)
        try:
            self._open.write(chunk)
        except OSError as error:
            raise _unwritten(error) from error

    def kept(self) -> Uploaded:
        """Where it is kept, now that all of it has come. DataProblem names the row that cannot be read."""
        digest = self._sha.hexdigest()
        kind = table_kind(self._name), Path(self._name).suffix  # .jsonl.gz is no .csv.gz
        found = self._folder.glob(f"{digest[:PREFIX]}-*")
        there = (one for one in found if (table_kind(one.name), one.suffix) == kind)
        if (same := next(there, None)) is None:
            same = self._folder / f"{digest[:PREFIX]}-{self._name}"
            try:
                self._open.flush()
                _check(Path(self._open.name), self._name)
                os.fsync(self._open.fileno())
                Path(self._open.name).chmod(0o644)  # for workers of other users, as checkpoints are
                same.hardlink_to(self._open.name)
            except FileExistsError:  # by another upload of the same at the same time
                pass
            except OSError as error:
                raise _unwritten(error) from error
        return Uploaded(file=same.name, bytes=self._bytes, sha256=digest)

    def close(self) -> None:
        """Nothing of it stays but what was kept."""
        try:
            self._open.close()
        except OSError:  # what could not be written to a full disk; said before
            Path(self._open.name).unlink(missing_ok=True)


def _check(file: Path, name: str) -> None:
    """All rows, or as many as can be read in a while; the rest is found by the run."""
    until = time.monotonic() + _READ_SECONDS
    rows = 0
    try:
        for _ in rows_of(file, set(), _LARGEST_JSON):
            rows += 1
            if time.monotonic() > until:
                return
    except DataProblem as problem:
        detail, where = (text.replace(str(file), name) for text in (problem.detail, problem.where or name))
        raise DataProblem(detail.replace(file.name, name), where=where) from problem
    if not rows:
        raise DataProblem(f"{name} has no rows; each needs a prompt", where=name)


def _safe(name: str) -> str:
    """The last part of a name, of letters, digits, dots, - and _ alone; its end is kept, lower case."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", re.split(r"[/\\]", name)[-1]).lstrip(".")
    stem, dot, end = plain.partition(".")
    return f"{stem[:_LONGEST_NAME] or 'data'}{dot}{end[-_LONGEST_NAME:].lower()}"


def _unwritten(error: OSError) -> Unavailable:
    if error.errno in _FULL:
        return Unavailable(
            "the disk of the data folder is full; nothing of the file was kept", where="OPDBOARD_DATA_DIR"
        )
    return Unavailable(
        f"the file cannot be written to the data folder: {error.strerror or error}", where="OPDBOARD_DATA_DIR"
    )
