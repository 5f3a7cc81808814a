"""A worker is known by its process, whatever the clock says."""

import os
import subprocess
import sys
import time

import psutil

from opdboard.db.tables import Run, Worker
from opdboard_worker.housekeeping import SignsOfLife, lives
from opdboard_worker.identity import Identity, mark_of


def _worker(identity: Identity) -> Worker:
    return Worker(id=identity.worker_id, host=identity.host, pid=identity.pid, started_at=identity.started_at)


def test_this_process_lives_however_the_clock_is_set(monkeypatch):
    before = Identity.mine()
    # What psutil makes of the same process after the clock was set.
    created = psutil.Process().create_time()
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created + 7200)
    monkeypatch.setattr(time, "time", lambda: created + 1e6)
    assert lives(_worker(before))
    assert Identity.mine().worker_id == before.worker_id


def test_another_process_with_the_same_id_is_another_worker():
    mine = Identity.mine()
    earlier = Identity(mine.host, mine.pid, f"{mine.mark}0", mine.started_at)
    assert not lives(_worker(earlier))


def test_a_process_that_ended_is_gone_even_before_its_parent_has_looked():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = mark_of(child.pid)
    assert mark is not None and mark != mark_of(os.getpid())
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert mark_of(child.pid) is None
    child.wait()
    assert mark_of(child.pid) is None


def test_silence_is_what_this_process_has_waited_through_itself():
    signs = SignsOfLife()
    run = Run(id="a", attempt=1, heartbeat_at=0.0)  # of a worker whose clock is decades off
    assert signs.silent([run], 60, now=0) == []
    assert signs.silent([run], 60, now=59) == []
    run.heartbeat_at = -5.0  # set back, and alive
    assert signs.silent([run], 60, now=61) == []
    assert signs.silent([run], 60, now=121) == [run]
    signs.forget()  # the database was away
    assert signs.silent([run], 60, now=500) == []
