"""What a supervisor sees of a process that was forked is what it would see of one that was started by hand."""

import os
import signal
from multiprocessing import forkserver
from pathlib import Path

import psutil
import pytest

from opdboard_worker.run_process import RunProcess

PROGRAM = "support.run_program"
pytestmark = pytest.mark.slow  # the process that forks imports torch and transformers


def test_it_has_our_environment_and_folder_and_a_group_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPDBOARD_SOME", "thing")
    monkeypatch.chdir(tmp_path)
    process = RunProcess(PROGRAM, ["tell", "OPDBOARD_SOME"])
    assert process.wait() == 3
    with process.output as output:
        assert output.read().splitlines() == [
            f"OPDBOARD_SOME=thing group=True folder={tmp_path}",
            "and this on the other stream",
        ]
    monkeypatch.delenv("OPDBOARD_SOME")
    process = RunProcess(PROGRAM, ["tell", "OPDBOARD_SOME"])
    with process.output as output:
        assert output.read().startswith("OPDBOARD_SOME=None ")
    assert process.wait() == 3


def test_what_it_starts_itself_waits_and_logs_as_it_does(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    process = RunProcess(PROGRAM, ["tell", "OMP_WAIT_POLICY"])
    with process.output as output:
        assert output.read().startswith("OMP_WAIT_POLICY=PASSIVE ")
    assert process.wait() == 3 and "OMP_WAIT_POLICY" not in os.environ


def test_its_command_line_names_what_it_does():
    process = RunProcess(PROGRAM, ["wait"])
    with process.output as output:
        assert output.readline() == "here\n"
        assert psutil.Process(process.pid).cmdline()[0] == f"opdboard {PROGRAM} wait"
        assert process.wait(0) is None
        process.kill()
    assert process.wait() == -signal.SIGKILL


def test_asked_to_leave_it_gets_a_signal():
    process = RunProcess(PROGRAM, ["wait"])
    with process.output as output:
        output.readline()
        process.ask_to_leave()
        assert process.wait() == -signal.SIGTERM
    process.ask_to_leave()


def test_it_notices_when_it_is_let_go():
    process = RunProcess(PROGRAM, ["wait"])
    with process.output as output:
        output.readline()
        process.close()
        assert process.wait() == 7


def test_a_failure_has_its_traceback_in_the_output():
    process = RunProcess(PROGRAM, ["fail"])
    assert process.wait() == 1
    with process.output as output:
        assert "RuntimeError: as asked" in output.read()


def test_a_server_that_was_killed_is_started_again():
    RunProcess(PROGRAM, []).wait()
    server = forkserver._forkserver._forkserver_pid  # pyright: ignore[reportAttributeAccessIssue]
    lost = RunProcess(PROGRAM, ["wait"])
    psutil.Process(server).kill()
    assert lost.wait() == 255  # nobody is there to tell how it ends
    lost.kill()
    assert RunProcess(PROGRAM, []).wait() == 0
