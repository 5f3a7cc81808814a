"""Files that others named: nothing that could keep its reader waiting is opened."""

import os
from pathlib import Path

import pytest

from opdboard.regular_files import check_regular, open_regular, read_regular


@pytest.fixture
def odd(tmp_path: Path) -> dict[str, Path]:
    """What is no file with content, by kind."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    made = {name: tmp_path / name for name in ("pipe", "link", "empty", "circle", "missing", ".")}
    devices = ("/dev/ptmx", "/dev/zero", "/dev/tty", "/proc/kmsg", "/proc/self/mem")
    return made | {name: Path(name) for name in devices}


KINDS = [
    "pipe",
    "link",
    "empty",
    "circle",
    "missing",
    ".",
    "/dev/ptmx",
    "/dev/zero",
    "/dev/tty",
    "/proc/kmsg",
    "/proc/self/mem",
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_refused_at_once(odd: dict[str, Path], kind: str):
    for look in (check_regular, open_regular, lambda file: read_regular(file, 100)):
        with pytest.raises(OSError) as refusal:
            look(odd[kind])
        assert refusal.value.strerror


def test_a_file_is_read_up_to_a_size(tmp_path: Path):
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    (tmp_path / "link").symlink_to(file)
    assert check_regular(file) == 5
    assert read_regular(tmp_path / "link", 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_regular(file, 4)
    with open_regular(file) as opened:
        assert opened.read() == b"12345"
    os.truncate(file, 2**40)  # sparse: takes no room
    with pytest.raises(OSError, match="larger"):
        read_regular(file, 1000)
