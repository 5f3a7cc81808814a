"""A run's process as its supervisor holds it, forked from a server that has imported torch and transformers already.

Importing them takes seconds, which every run's start and every resume would wait for. The server is multiprocessing's: it
imports and forks, has no thread and touches no device, and one that is gone is started again.
"""

import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import connection, forkserver, reduction
from multiprocessing.context import ForkServerProcess
from typing import IO, Any

import psutil
from setproctitle import setproctitle
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed
from typing_extensions import override

_SERVER = multiprocessing.get_context("forkserver")
_ASKING = threading.Lock()
"""multiprocessing tells a process's end to whoever asks first, and asks after all of them whenever it starts one."""

# Threads that spin while they wait would starve the web server, the worker and each other on a small machine;
# progress bars would fill the log; a title must not be written over the environment. Read when Python starts or imports,
# so the server has them, and what a run starts itself, such as the ranks of several devices.
_ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE", "TQDM_DISABLE": "1", "SPT_NOENV": "1", "PYTHONUNBUFFERED": "1"}


def warm_up() -> None:
    """Have the server started, without waiting for its imports; callable from any thread."""
    with _ASKING:
        _SERVER.set_forkserver_preload(["opdboard_worker.preloaded"])
        before = {name: os.environ.get(name) for name in _ENVIRONMENT}
        os.environ.update(_ENVIRONMENT)  # multiprocessing hands on what is here
        try:
            forkserver.ensure_running()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


class RunProcess:
    """`program.main()` in a process group of its own; ends when we do, since it watches our end of its standard input."""

    def __init__(self, program: str, arguments: Sequence[str]) -> None:
        """program: the module; arguments: its command line. What both output streams get is `output`, as text.

        OSError, EOFError: the server cannot be started or ended while it imported.
        """
        theirs_in, self._alive = os.pipe()
        ours, theirs_out = os.pipe()
        self.output: IO[str] = os.fdopen(ours, encoding="utf-8", errors="replace")
        self.status: int | None = None
        """The exit status, -n after signal n; None while it lives."""
        self._ended = threading.Event()
        handed = (program, list(arguments), os.environ | _ENVIRONMENT, _Handed(theirs_in), _Handed(theirs_out))
        try:
            self._process = _forked(handed)
        except (OSError, EOFError):
            os.close(self._alive)
            self.output.close()
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        assert self._process.pid is not None
        self.pid = self._process.pid
        threading.Thread(target=self._wait, name=f"wait-for-{self.pid}", daemon=True).start()

    def _wait(self) -> None:
        connection.wait([self._process.sentinel])
        with _ASKING:
            self.status = self._process.exitcode
        self._ended.set()

    def wait(self, seconds: float | None = None) -> int | None:
        """Its exit status; None when it still lives after so many seconds. Callable from any thread."""
        self._ended.wait(seconds)
        return self.status

    def ask_to_leave(self) -> None:
        """SIGTERM: it writes a checkpoint first."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """With all its descendants: those that torchrun's agent has started are groups of their own, and may be stopped."""
        found: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            found = [*process.children(recursive=True), process] if self.status is None else []
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()

    def close(self) -> None:
        """Let go of it: a process that is still there ends now."""
        os.close(self._alive)


@retry(
    retry=retry_if_exception_type(ConnectionError), wait=wait_fixed(0.1), stop=stop_after_delay(5), reraise=True
)  # a server that is being killed still counts as there, and refuses
def _forked(handed: tuple[object, ...]) -> ForkServerProcess:
    warm_up()
    process = _SERVER.Process(target=_become, args=handed, daemon=True)
    with _ASKING:
        process.start()
    return process


class _Handed:
    """A file descriptor that goes to the child with the arguments; pickled while the child is being started."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @override
    def __reduce__(self) -> tuple[Callable[..., int], tuple[object]]:
        return _received, (reduction.DupFd(self._descriptor),)


def _received(handed: Any) -> int:
    return handed.detach()


def _become(
    program: str, arguments: list[str], environment: Mapping[str, str], standard_input: int, output: int
) -> None:
    """In the child: take the place that a process started by hand would have."""
    os.setsid()
    setproctitle(" ".join(("opdboard", program, *arguments)))  # while the environment is where it was
    for stream, descriptor in ((0, standard_input), (1, output), (2, output)):
        os.dup2(descriptor, stream)
    os.close(standard_input)
    os.close(output)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [program, *arguments]
    sys.exit(importlib.import_module(program).main())
