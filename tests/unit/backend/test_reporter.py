"""What a reporter takes from a trainer, what it makes of a server that misbehaves, and what a fork does to it."""

import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
import torch

from opdboard.client import RequestRefused
from opdboard.reporter import Reporter


class Server:
    """Keeps the points of each request; the first answers are its faults."""

    def __init__(self, *faults: Callable[[], None]) -> None:
        self.faults = list(faults)
        self.points: dict[str, list[tuple[int, float | str]]] = {}
        self.ends: list[dict] = []
        self.requests = 0

    def __call__(self, path: str, body: dict) -> None:
        self.requests += 1
        if self.faults and (path == "end" or body["series"]):
            self.faults.pop(0)()
        if path == "end":
            self.ends.append(body)
        for key, columns in body.get("series", {}).items():
            self.points.setdefault(key, []).extend(zip(columns["steps"], columns["values"], strict=True))


def refused(status: int, **body: str) -> Callable[[], None]:
    def fault() -> None:
        raise RequestRefused(status, body or {"detail": f"HTTP {status}: <html>"})

    return fault


def broken(error: Exception) -> Callable[[], None]:
    def fault() -> None:
        raise error

    return fault


GOOD = [
    (True, 1.0), (3, 3.0), (np.float32(0.5), 0.5), (np.int64(4), 4.0), (np.array(2.0), 2.0), (np.ones(1), 1.0),
    (torch.tensor(1.5, requires_grad=True), 1.5), (torch.tensor([2], dtype=torch.bfloat16), 2.0), (Decimal("0.25"), 0.25),
    (float("nan"), "nan"), (torch.tensor(torch.inf), "inf"),
]  # fmt: skip
BAD = [None, "0.5", np.str_("0.5"), b"1", torch.ones(2), np.ones((2, 2)), 1j, np.complex64(1), 10**400, [1.0], {"a": 1}]
BAD_STEPS = [None, "3", -1, 1.5, float("nan"), 2**31, torch.ones(2), np.float64("inf")]


def test_a_value_is_whatever_is_one_number_and_others_cost_themselves_alone(caplog: pytest.LogCaptureFixture):
    server = Server()
    with Reporter("r", 1, server) as run:
        for step in (1, 2):
            run.log(
                step,
                {f"good{i}": value for i, (value, _) in enumerate(GOOD)} | {f"bad{i}": v for i, v in enumerate(BAD)},
            )
    assert server.points == {f"good{i}": [(1, read), (2, read)] for i, (_, read) in enumerate(GOOD)}
    assert [sum(f"'bad{i}'" in line for line in caplog.messages) for i in range(len(BAD))] == [1] * len(BAD)


def test_a_step_is_whatever_is_one_whole_number():
    server = Server()
    with Reporter("r", 1, server) as run:
        for step in (*BAD_STEPS, 0, np.int64(1), torch.tensor(2), 3.0, np.array([4]), *BAD_STEPS, 2**31 - 1):
            run.log(step, {"loss": 1.0})
    assert [step for step, _ in server.points["loss"]] == [0, 1, 2, 3, 4, 2**31 - 1]


def test_names_that_keys_may_not_have_keep_their_numbers_apart():
    server = Server()
    names = ["eval_code,py_loss", "eval_code_py_loss", "k" * 200, "k" * 199 + "l", "a\x00b", "\ud800"]
    with Reporter("r", 1, server) as run:
        for step in (1, 2):
            run.log(step, {name: place for place, name in enumerate(names)} | {"": 1, 3: 1, None: 1})
    assert [[value for _, value in points] for points in server.points.values()] == [[i, i] for i in range(len(names))]
    assert next(iter(server.points)) == "eval_code_py_loss"
    assert all(len(key) <= 128 and "," not in key and "\x00" not in key for key in server.points)


@pytest.mark.parametrize(
    "fault",
    [
        *(refused(status) for status in (301, 400, 401, 403, 404, 408, 418, 422, 425, 429, 500, 502, 503, 504, 599)),
        refused(401, error="Unauthorized", detail="no"),
        refused(500, error="InternalError", detail="no"),
        refused(503, error="DatabaseUnavailable", detail="no"),
        *(broken(error) for error in (ValueError("no JSON"), OSError("reset"), RuntimeError("?"), RecursionError())),
    ],
)
def test_nothing_is_lost_or_doubled_over_an_answer_that_is_none(fault: Callable[[], None], monkeypatch):
    monkeypatch.setattr("opdboard.reporter.FIRST_WAIT_SECONDS", 0.001)
    server = Server(*[fault] * 4)
    with Reporter("r", 1, server) as run:
        for step in range(20):
            run.log(step, {"loss": step, "other": 1.0})
    assert server.points["loss"] == [(step, float(step)) for step in range(20)]
    assert [end["state"] for end in server.ends] == ["finished"]


def test_a_request_that_is_too_large_is_divided():
    taken = Server()

    def small(path: str, body: dict) -> None:
        if sum(len(columns["steps"]) for columns in body.get("series", {}).values()) > 3:
            raise RequestRefused(413, {"detail": "too large"})
        taken(path, body)

    with Reporter("r", 1, small) as run:
        for step in range(40):
            run.log(step, {"a": step, "b": step, "c": step})
    assert taken.points == {key: [(step, float(step)) for step in range(40)] for key in "abc"}


def test_a_point_that_the_server_fails_over_for_ever_costs_itself_alone(monkeypatch):
    monkeypatch.setattr("opdboard.reporter.FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr("opdboard.reporter.LONGEST_WAIT_SECONDS", 0.001)
    taken = Server()

    def picky(path: str, body: dict) -> None:
        if 7 in body.get("series", {}).get("a", {}).get("steps", ()):
            raise RequestRefused(500, {"error": "InternalError", "detail": "a fault"})
        taken(path, body)

    with Reporter("r", 1, picky) as run:
        for step in range(20):
            run.log(step, {"a": step, "b": step})
    assert [step for step, _ in taken.points["a"]] == [step for step in range(20) if step != 7]
    assert len(taken.points["b"]) == 20


def test_close_has_a_bound_even_if_a_request_never_returns(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("opdboard.reporter.PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("opdboard.reporter.GRACE_SECONDS", 0.05)
    asked, answered = threading.Event(), threading.Event()

    def hangs(path: str, body: dict) -> None:
        asked.set()
        answered.wait()

    run = Reporter("r", 1, hangs)
    run.log(1, {"loss": 1.0})
    run.close()
    answered.set()
    assert asked.is_set()
    assert len(list(tmp_path.glob("opdboard-r-1.jsonl"))) == 1


def test_a_fork_neither_sends_nor_ends_what_its_parent_reports():
    server = Server()
    run = Reporter("r", 1, server)
    run.log(1, {"loss": 1.0})
    with run._changed:  # held, as another thread may hold it at a fork
        child = os.fork()
        if child == 0:
            run.log(2, {"loss": 2.0})
            run.log_modules(2, "update_norm", [1.0])
            run.close("failed", "in the child")
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    run.log(3, {"loss": 3.0})
    run.close()
    assert (server.points, len(server.ends)) == ({"loss": [(1, 1.0), (3, 3.0)]}, 1)


def _logs(run: Reporter) -> None:
    run.log(9, {"loss": 9.0})
    run.close("failed")


def test_a_reporter_travels_to_other_processes_and_is_silent_there():
    server = Server()
    with Reporter("r", 1, server) as run:
        run.log(1, {"loss": 1.0})
        process = multiprocessing.get_context("fork").Process(target=_logs, args=(run,))
        process.start()
        process.join()
        copy = pickle.loads(pickle.dumps(run))
        _logs(copy)
    assert (copy.run_id, copy.stopped, process.exitcode) == ("r", False, 0)
    assert (server.points, [end["state"] for end in server.ends]) == ({"loss": [(1, 1.0)]}, ["finished"])
