"""Folders that are complete or absent: written aside, flushed to disk, then renamed."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from opdboard.domain.errors import DiskFull
from opdboard_worker.checksums import write_checksums

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def written_aside(target: Path, what: str) -> Iterator[Path]:
    """An empty folder to write into; it takes the place of target when the block ends well, else nothing remains of it.

    Raises DiskFull, which names `what`, when it does not fit.
    """
    aside = target.parent / f".{target.name}.partial"
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        yield aside
        write_checksums(aside)
        for path in [*aside.rglob("*"), aside]:
            sync(path)
        shutil.rmtree(target, ignore_errors=True)
        aside.rename(target)
        sync(target.parent)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(aside, ignore_errors=True)
        # safetensors gives the system's error as text only.
        full = getattr(error, "errno", None) in _FULL or any(f"os error {code}" in str(error) for code in _FULL)
        if not full:
            raise
        raise DiskFull(
            f"no room for {what} in {target.parent}; free some space, then resume the run", where=str(target.parent)
        ) from error


def size_of(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
