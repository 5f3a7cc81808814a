"""The command line against a server that says what the test wants, over a real socket."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from typer.testing import CliRunner
from typing_extensions import override

from opdboard import cli
from opdboard.client import Client, RequestRefused, ServerNotReached

RUN = {
    "id": "0a1b2c3d",
    "name": "OPD, lr 1e-5",
    "method": "opd",
    "state": "running",
    "student": "demo base",
    "teacher": "demo teacher",
    "group": "demo",
    "created_at": 0.0,
    "error": None,
    "attempt": 1,
    "worker_id": "host:1",
    "device": "cpu",
    "step": 12,
    "total_steps": 128,
    "seq": 40,
    "latest": {"eval/reverse_kl": 0.5123456, "eval/accuracy": None, "seconds": 3.25},
    "learning_rate": 1e-5,
    "seconds_left": 61.0,
    "notes": "a note [with brackets]",
    "commands_pending": [],
}


class Server(ThreadingHTTPServer):
    """Answers from a table of (method, path) and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[tuple[str, str], tuple[int, object]] = {}
        self.asked: list[tuple[str, str, object]] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        assert isinstance(self.server, Server)
        self.server.asked.append((self.command, self.path, json.loads(body) if body else None))
        status, content = self.server.answers.get(
            (self.command, self.path), (404, {"error": "NotFound", "detail": "no such thing"})
        )
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        if self.path == "/api/live":
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _answer

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch):
    started = Server()
    monkeypatch.setenv("OPDBOARD_URL", started.url)
    monkeypatch.delenv("OPDBOARD_TOKEN", raising=False)
    yield started
    started.shutdown()
    started.server_close()


@pytest.fixture
def invoke(monkeypatch, capsys):
    """Run the command line as main() does; (exit code, standard output, standard error)."""

    def _invoke(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr("sys.argv", ["opdboard", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return _invoke


def test_without_a_server_the_message_says_how_to_start_one(monkeypatch, invoke):
    monkeypatch.setenv("OPDBOARD_URL", "http://127.0.0.1:9")
    code, out, err = invoke("ls")
    assert (code, out) == (1, "")
    assert "start one with: opdboard up" in err


def test_ls_prints_a_line_per_run(server, invoke):
    server.answers["GET", "/api/runs?query=state+%3D+running&sort=-accuracy&limit=50"] = (
        200,
        {"runs": [RUN], "total": 3},
    )
    code, out, err = invoke("ls", "state = running", "--sort", "-accuracy")
    assert code == 0
    assert all(part in out for part in ("0a1b2c3d", "12/128", "1e-05", "0.5123", "demo"))
    assert "showing 1 of 3" in err


def test_ls_as_json_is_the_servers_answer(server, invoke):
    server.answers["GET", "/api/runs?query=&sort=&limit=50"] = 200, {"runs": [RUN], "total": 1}
    assert json.loads(invoke("ls", "--json")[1]) == {"runs": [RUN], "total": 1}


def test_show_prints_measures_notes_and_decisions(server, invoke):
    decision = {
        "step": 4,
        "candidates": [{"factor": 2.0}, {"factor": 4.0}],
        "accepted_factor": 2.0,
        "seconds": 0.5,
        "outcome": "jumped",
    }
    server.answers["GET", "/api/runs/0a1b2c3d"] = 200, RUN
    server.answers["GET", "/api/runs/0a1b2c3d/decisions"] = 200, {"decisions": [decision]}
    code, out, _ = invoke("show", "0a1b2c3d")
    assert code == 0
    assert all(
        part in out
        for part in ("step 12 of 128, about 61 s left", "0.5123", "a note [with brackets]", "2, 4", "jumped")
    )


@pytest.mark.parametrize("command", ["stop", "pause", "resume", "extrapolate", "veto"])
def test_steering_posts_a_command(server, invoke, command):
    server.answers["POST", "/api/runs/0a1b2c3d/commands"] = 201, {"result": None}
    code, _, err = invoke(command, "0a1b2c3d")
    assert code == 0
    assert server.asked == [("POST", "/api/runs/0a1b2c3d/commands", {"command": command})]
    assert f"asked run 0a1b2c3d to {command}" in err


def test_a_chosen_factor_travels_with_the_command(server, invoke):
    server.answers["POST", "/api/runs/0a1b2c3d/commands"] = 201, {"result": None}
    assert invoke("extrapolate", "0a1b2c3d", "--factor", "3", "--override")[0] == 0
    assert server.asked[0][2] == {"command": "extrapolate", "factor": 3.0, "override": True}


def test_run_reads_yaml_and_queues_it(server, invoke, tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("optimizer: {learning_rate: 1e-5}\nbudget: {steps: 3}\n")
    server.answers["POST", "/api/runs"] = 201, RUN
    server.answers["GET", "/api/runs/0a1b2c3d"] = 200, RUN
    code, out, err = invoke("run", str(file), "--name", "mine", "--group", "g")
    assert (code, out) == (0, "0a1b2c3d\n")
    config = {"optimizer": {"learning_rate": 1e-5}, "budget": {"steps": 3}, "name": "mine"}
    assert server.asked[0] == ("POST", "/api/runs", {"config": config, "group": "g", "tags": [], "notes": ""})
    assert f"{server.url}/runs/0a1b2c3d" in err


def test_a_teacher_that_trains_first_is_named_too(server, invoke, tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("teacher: {kind: trained, objective: {kind: grpo}}\n")
    source = {"kind": "run", "run_id": "ffffffff", "step": None}
    student = RUN | {"config": {"teacher": {"kind": "model", "source": source}}}
    server.answers["POST", "/api/runs"] = 201, student
    for run in (student, RUN | {"id": "ffffffff"}):
        server.answers["GET", f"/api/runs/{run['id']}"] = 200, run
    code, out, err = invoke("run", str(file))
    assert (code, out) == (0, "ffffffff\n0a1b2c3d\n")
    assert err.index("queued ffffffff") < err.index("queued 0a1b2c3d")
    assert json.loads(invoke("run", str(file), "--json")[1])["id"] == "0a1b2c3d"


def test_analyze_sends_whole_paths_and_prints_the_address(server, invoke, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "output").mkdir()
    server.answers["POST", "/api/imports"] = 201, RUN
    server.answers["GET", "/api/runs/0a1b2c3d"] = 200, RUN
    code, out, err = invoke("analyze", "me/base", "output", "0a1b2c3d@4", "--k", "5", "--exact", "--name", "mine")
    assert (code, out) == (0, "0a1b2c3d\n")
    assert "/runs/0a1b2c3d" in err
    places = [str(tmp_path / "output"), "0a1b2c3d@4"]
    config = {"base": "me/base", "checkpoints": places, "name": "mine", "k": 5, "exact": True}
    assert server.asked[0] == ("POST", "/api/imports", {"config": config, "group": "", "tags": [], "notes": ""})


def test_run_with_seeds_and_a_grid_queues_a_sweep(server, invoke, tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("name: 2026-01-01\nbudget: {steps: 3}\n")
    other = RUN | {"id": "ffffffff"}
    server.answers["POST", "/api/launch/sweep"] = 201, {"groups": ["g"], "runs": [RUN, other]}
    for run in (RUN, other):
        server.answers["GET", f"/api/runs/{run['id']}"] = 200, run
    code, out, _ = invoke(
        "run", str(file), "--seeds", "0-1,5", "--group", "g",
        "--grid", "optimizer.learning_rate=1e-5,3e-5", "--grid", "strategy.kind=none,effopd",
    )  # fmt: skip
    assert (code, out) == (0, "0a1b2c3d\nffffffff\n")
    grid = {"optimizer.learning_rate": [1e-5, 3e-5], "strategy.kind": ["none", "effopd"]}
    config = {"name": "2026-01-01", "budget": {"steps": 3}}
    sent = {"config": config, "sweep": {"seeds": [0, 1, 5], "grid": grid}, "group": "g", "tags": [], "notes": ""}
    assert server.asked[0] == ("POST", "/api/launch/sweep", sent)


@pytest.mark.parametrize("options", [["--seeds", "a"], ["--seeds", "4-0"], ["--grid", "x"], ["--grid", "=1"]])
def test_a_sweep_that_cannot_be_read_is_refused_before_anything_is_sent(server, invoke, tmp_path, options):
    file = tmp_path / "run.yaml"
    file.write_text("seed: 0")
    code, _, err = invoke("run", str(file), *options)
    assert code == 1
    assert options[0] in err or "range of seeds" in err
    assert server.asked == []


def test_a_refused_configuration_names_its_fields(server, invoke, tmp_path):
    file = tmp_path / "run.json"
    file.write_text('{"budget": {"steps": 0}}')
    fields = [{"path": "budget.steps", "message": "must be at least 1"}]
    server.answers["POST", "/api/runs"] = (
        422,
        {"error": "BadInput", "detail": "1 field is wrong", "where": None, "fields": fields},
    )
    code, _, err = invoke("run", str(file))
    assert code == 1
    assert "1 field is wrong" in err
    assert "budget.steps: must be at least 1" in err


@pytest.mark.parametrize(
    ("content", "complaint"), [("a: [", "neither YAML nor JSON"), ("- 1", "must hold a mapping"), (None, "cannot read")]
)
def test_an_unreadable_configuration_is_refused_before_anything_is_sent(server, invoke, tmp_path, content, complaint):
    file = tmp_path / "run.yaml"
    if content is not None:
        file.write_text(content)
    code, _, err = invoke("run", str(file))
    assert code == 1
    assert complaint in err
    assert server.asked == []


def test_an_answer_that_is_no_json_is_still_a_sentence(server):
    server.answers["GET", "/api/workers"] = 502, b"<html>bad gateway</html>"
    with Client(server.url) as client, pytest.raises(RequestRefused, match="HTTP 502: <html>bad gateway"):
        client.workers()


def test_the_token_travels_as_a_bearer(server, monkeypatch):
    monkeypatch.setenv("OPDBOARD_TOKEN", "s3cret")
    assert Client(server.url)._http.headers["authorization"] == "Bearer s3cret"


def events(*blocks: str) -> bytes:
    return "".join(f"{block}\n\n" for block in blocks).encode()


def test_live_reads_server_sent_events(server):
    stream = events(": hello", 'id: 7\nevent: runs\ndata: {"runs":\ndata: []}', 'event: ping\ndata: {"at": 1.5}')
    server.answers["GET", "/api/live"] = 200, stream
    with Client(server.url) as client:
        assert list(client.live()) == [("7", "runs", {"runs": []}), ("7", "ping", {"at": 1.5})]


def test_follow_ends_with_the_last_run_and_says_nothing_twice(server):
    ended = RUN | {"state": "finished", "seq": 41}
    other = RUN | {"id": "ffffffff"}
    stream = events(*(f"event: runs\ndata: {json.dumps({'runs': runs})}" for runs in ([other, RUN], [RUN], [ended])))
    server.answers["GET", "/api/live"] = 200, stream
    with Client(server.url) as client:
        assert list(client.follow(["0a1b2c3d"])) == [RUN, ended]


def test_follow_notices_a_run_that_ended_before_the_stream_began(server):
    ended = RUN | {"state": "failed"}
    server.answers["GET", "/api/live"] = 200, events('event: ping\ndata: {"at": 1}')
    server.answers["GET", "/api/runs/0a1b2c3d"] = 200, ended
    with Client(server.url) as client:
        assert list(client.follow(["0a1b2c3d"])) == [ended]


def test_a_page_in_place_of_the_live_stream_is_no_stream_that_ended():
    page = httpx.MockTransport(lambda request: httpx.Response(200, html="<html>sign in</html>"))
    with Client("http://somewhere", transport=page) as client, pytest.raises(ServerNotReached, match="no opdboard"):
        list(client.follow(["0a1b2c3d"]))


@pytest.mark.parametrize("reads", [True, False])
def test_a_kept_connection_that_closed_is_forgiven_when_only_reading(reads: bool):
    asked: list[str] = []

    def closed_at_first(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        if len(asked) == 1:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        return httpx.Response(200, json={"id": "00000001"})

    with Client("http://somewhere", transport=httpx.MockTransport(closed_at_first)) as client:
        if reads:
            assert client.run("00000001") == {"id": "00000001"}
        else:
            with pytest.raises(ServerNotReached, match="broke"):
                client.command("00000001", "stop")
    assert asked == (["GET", "GET"] if reads else ["POST"])


def test_follow_gives_up_when_nobody_answers_any_more():
    with Client("http://127.0.0.1:9") as client, pytest.raises(ServerNotReached):
        list(client.follow(["0a1b2c3d"]))


def test_every_command_explains_itself():
    text = CliRunner().invoke(cli.app, ["--help"], env={"COLUMNS": "200"}).output
    assert all(
        command in text
        for command in ("up", "demo", "run", "ls", "show", "stop", "pause", "resume", "extrapolate", "db")
    )


@pytest.mark.parametrize(("status", "content"), [(200, b"<html>log in first"), (302, b""), (200, b'{"cut')])
def test_what_is_no_answer_of_opdboard_counts_as_none(status: int, content: bytes):
    other = httpx.MockTransport(lambda _: httpx.Response(status, content=content))
    with Client("http://somewhere", transport=other) as client, pytest.raises(ServerNotReached, match="is no opdboard"):
        client.workers()
