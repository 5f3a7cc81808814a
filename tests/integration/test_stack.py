"""`opdboard up` as real processes: what it starts, what it restarts, and that nothing outlives it."""

import signal
import socket

import psutil
import pytest
from support.commands import DEADLINE_SECONDS, LongCommand, clean_environment, get, opdboard, processes_of, wait_until


@pytest.fixture
def environment(tmp_path):
    return clean_environment(tmp_path / "data")


@pytest.fixture
def up(environment):
    with LongCommand("up", "--port", "0", environment=environment) as command:
        yield command


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One stack for the tests that leave it running; it takes seconds to start."""
    environment = clean_environment(tmp_path_factory.mktemp("shared") / "data")
    with LongCommand("up", "--port", "0", environment=environment) as command:
        yield command


def child(up: LongCommand, word: str) -> psutil.Process:
    """The direct child whose command line contains the word."""
    children = psutil.Process(up.process.pid).children()
    return next(process for process in children if any(word in part for part in process.cmdline()))


def workers(up: LongCommand) -> list[dict]:
    return get(f"{up.url}/api/workers").json()["workers"]


def test_up_serves_and_its_worker_registers_and_sigterm_ends_everything(up):
    assert get(f"{up.url}/healthz").json()["status"] == "ok"
    assert get(f"{up.url}/readyz").status_code == 200
    registered = wait_until(lambda: workers(up), "the worker's registration")
    assert registered[0]["pid"] == child(up, "celery").pid
    assert {"any", "cpu"} <= set(registered[0]["queues"])
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(DEADLINE_SECONDS) == 0
    assert processes_of(up.data_dir) == []


def test_nothing_outlives_a_stack_that_was_killed(up):
    assert up.url
    alive = processes_of(up.data_dir)
    assert len(alive) >= 3  # the stack, its web server, its worker
    up.process.kill()
    _, left = psutil.wait_procs(alive, timeout=DEADLINE_SECONDS)
    assert left == []


def test_a_dead_worker_is_replaced(shared):
    first = wait_until(lambda: workers(shared), "the worker's registration")[0]
    psutil.Process(first["pid"]).kill()
    shared.wait_for("the worker ended (signal 9)")
    second = wait_until(lambda: [one for one in workers(shared) if one["pid"] != first["pid"]], "a new worker")[0]
    assert psutil.pid_exists(second["pid"])


def test_a_dead_web_server_comes_back_at_the_same_address(shared):
    assert shared.url
    child(shared, "opdboard.embedded.web").kill()
    shared.wait_for("the web server ended (signal 9)")
    # The stack holds the listening socket: a request made meanwhile waits instead of failing.
    assert get(f"{shared.url}/healthz").json()["status"] == "ok"


def test_one_folder_has_one_stack(shared):
    assert shared.url
    second = opdboard("up", "--port", "0", environment=clean_environment(shared.data_dir))
    assert second.returncode == 1
    assert f"already runs on {shared.data_dir} at {shared.url} (process {shared.process.pid})" in second.stderr
    assert get(f"{shared.url}/healthz").status_code == 200


def test_a_taken_port_is_named(environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = opdboard("up", "--port", str(port), environment=environment)
    assert refused.returncode == 1
    assert f"port {port} is taken" in refused.stderr


def test_strangers_are_not_let_in_without_a_token(environment):
    refused = opdboard("up", "--host", "0.0.0.0", environment=environment)
    assert refused.returncode == 1
    assert "OPDBOARD_TOKEN" in refused.stderr


def test_with_a_token_every_call_needs_it(environment):
    with LongCommand(
        "up", "--host", "0.0.0.0", "--port", "0", environment=environment | {"OPDBOARD_TOKEN": "s3cret"}
    ) as up:
        assert get(f"{up.url}/healthz").status_code == 200
        assert get(f"{up.url}/api/runs").status_code == 401
        given = {"Authorization": "Bearer s3cret"}
        assert get(f"{up.url}/api/runs", headers=given).status_code == 200
        client = environment | {"OPDBOARD_URL": up.url}
        assert "send the token" in opdboard("ls", environment=client).stderr
        assert opdboard("ls", environment=client | {"OPDBOARD_TOKEN": "s3cret"}).returncode == 0


def test_an_interrupt_from_the_keyboard_is_a_normal_end(up):
    assert up.url
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(DEADLINE_SECONDS) == 0
    assert processes_of(up.data_dir) == []
