"""Ends every process of a stack, children of children included, even when the stack itself was killed with SIGKILL.

Each process of a stack inherits a mark in its environment: "<stack>/<service>/<start>". The guard, a small process of
its own, reads a pipe whose other end only the stack holds; when the pipe closes, it ends whatever still carries the mark.
"""

import contextlib
import os
import signal
import sys

import psutil

MARK = "OPDBOARD_STACK"
GRACE_SECONDS = 5.0


def marked(mark: str) -> list[psutil.Process]:
    """Live processes whose mark begins with this one, the caller left out."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            belongs = f"{process.environ().get(MARK, '')}/".startswith(f"{mark}/")
            if belongs and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def end(mark: str, grace: float = GRACE_SECONDS) -> int:
    """Ask all marked processes to end, then end those that did not within grace seconds; how many there were."""
    processes = marked(mark)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(processes, timeout=grace)
    stubborn = marked(mark)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=grace)
    return len(processes)


def main(mark: str) -> None:
    """Wait until the stack has gone; a Ctrl-C or hang-up meant for the stack must not end its guard first."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while sys.stdin.buffer.read(1):
        pass
    end(mark)


if __name__ == "__main__":
    main(sys.argv[1])
