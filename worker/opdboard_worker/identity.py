"""Which process is which: a process id comes back, and the clock on the wall may be set, so neither tells."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Identity:
    """A worker process; started_at (s since the epoch) is for people to read."""

    host: str
    pid: int
    mark: str
    started_at: float

    @classmethod
    def mine(cls) -> "Identity":
        """The identity of the calling process."""
        pid = os.getpid()
        return cls(socket.gethostname(), pid, mark_of(pid) or "", psutil.Process().create_time())

    @property
    def worker_id(self) -> str:
        """Unique over restarts, of the machine too."""
        return worker_id(self.host, self.pid, self.mark)


def worker_id(host: str, pid: int, mark: str) -> str:
    """How a worker is named everywhere."""
    return f"{host}:{pid}:{mark}"


def mark_of(pid: int) -> str | None:
    """What tells a live process from every other one with its id; None when there is none.

    On Linux the boot and the ticks since it, which no change of the clock moves. Elsewhere the time that the system noted
    when it began.
    """
    try:
        if not _BOOT.exists():
            return str(int(psutil.Process(pid).create_time()))
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # A process that is dead and only waits for its parent holds nothing any more.
        return None if fields[0] in "ZX" else f"{_BOOT.read_text().strip()[:8]}-{fields[19]}"
    except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
        return None
