"""Opening files whose names came from somebody else: regular files alone, for a pipe or a device may never answer.

What is refused is an OSError with a sentence in `strerror`, so that it is told like any file that cannot be read.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def check_regular(file: Path) -> int:
    """The size of a regular file in bytes, symbolic links followed. OSError where it is anything else, or empty.

    What the kernel makes up while it is read (/proc/kmsg) has no size, and counts as empty.
    """
    return _size(os.stat(file), file)  # noqa: PTH116  # as fstat below


def open_regular(file: Path) -> BinaryIO:
    """The file, opened for reading without ever waiting for a writer or a device. OSError as for check_regular."""
    check_regular(file)  # before it is opened, which alone makes some devices do something
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _size(os.fstat(descriptor), file)  # it may have been exchanged meanwhile
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(file: Path, largest: int) -> bytes:
    """All of a regular file of at most this many bytes. OSError where it is larger, or as for check_regular."""
    with open_regular(file) as opened:
        content = opened.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"it is larger than {largest} bytes", str(file))
    return content


def _size(found: os.stat_result, file: Path) -> int:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(file))
    if not found.st_size:
        raise OSError(errno.ENODATA, "it is empty", str(file))
    return found.st_size
