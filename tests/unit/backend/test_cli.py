"""The command line against the real application, over a real socket."""

import io
import json
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from support.analysed import analyse
from support.hub_server import HubServer, Repository
from support.stored_runs import create, filled, move, record, start
from typer.testing import CliRunner

from opdboard import cli, evaluate_command
from opdboard.client import Client, RequestRefused, ServerNotReached
from opdboard.db import evidence, runs
from opdboard.db.database import Database
from opdboard.domain.records import CheckpointRecord
from opdboard.domain.run_state import RunState


def configuration(folder: Path, text: str) -> str:
    (folder / "run.yaml").write_text(text)
    return str(folder / "run.yaml")


def total(server: Client) -> int:
    return server.runs().total


def test_without_a_server_the_message_says_how_to_start_one(monkeypatch, invoke):
    monkeypatch.setenv("OPDBOARD_URL", "http://127.0.0.1:9")
    code, out, err = invoke("ls")
    assert (code, out) == (1, "")
    assert "start one with: opdboard up" in err


def test_ls_prints_a_line_per_run(server: Client, sqlite_database: Database, invoke):
    first, _ = filled(sqlite_database, optimizer={"learning_rate": 1e-5})
    filled(sqlite_database, steps=1)
    create(sqlite_database, name="waits")
    code, out, err = invoke("ls", "state = running", "--sort", "reverse_kl", "--limit", "1")
    assert code == 0
    assert all(part in out for part in (first, "8/100", "1e-05", "0.6", "running"))
    assert "waits" not in out and "showing 1 of 2" in err


def test_the_hub_is_searched_by_the_server(server: Client, hub: HubServer, invoke):
    hub.models["org/tiny"] = Repository(gated=True, license="mit")
    hub.models["org/other"] = Repository()
    code, out, _ = invoke("hub", "models", "tiny")
    assert code == 0 and "org/other" not in out
    assert all(part in out for part in ("org/tiny", "mit", "asks for an agreement"))
    assert json.loads(invoke("hub", "models", "--json")[1]) == server._call("GET", "/hub/models")


def test_a_token_of_the_hub_is_read_from_standard_input_and_never_printed(server: Client, invoke, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("hf_abcdefghijkl\n"))
    code, out, err = invoke("hub-token")
    assert code == 0 and out == "the server keeps a token of the hub\n" and "hf_abc" not in err
    assert invoke("hub-token", "--forget")[0] == 0
    assert server.hub_access().token != "stored"
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, _, err = invoke("hub-token")
    assert code == 1 and "no token of the hub" in err


def test_what_is_printed_as_json_is_the_servers_answer(server: Client, sqlite_database: Database, invoke):
    run_id, _ = filled(sqlite_database)
    for arguments, path in ((["ls"], "/runs"), (["show", run_id], f"/runs/{run_id}")):
        assert json.loads(invoke(*arguments, "--json")[1]) == server._call("GET", path)


def test_a_models_answer_is_the_servers_answer(server: Client, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    other, _ = filled(sqlite_database, optimizer={"learning_rate": 1e-4})
    both = f"{run_id},{other}"
    asked = {
        f"/runs/{run_id}/decisions": server.decisions(run_id),
        f"/runs/{run_id}/history": server.history(run_id),
        f"/runs/{run_id}/series?keys=loss": server.series(run_id, ["loss"]),
        f"/runs/{run_id}/modules": server.modules(run_id),
        f"/runs/{run_id}/statistics/update_norm": server.statistic(run_id, "update_norm"),
        f"/runs/{run_id}/samples": server.samples(run_id),
        f"/runs/{run_id}/checkpoints": server.checkpoints(run_id),
        f"/alerts?run={run_id}&limit=500": server.alerts(run_id),
        f"/panels/scalars?runs={run_id}&keys=loss": server.panel("scalars", [run_id], {"keys": "loss"}),
        f"/panels/scalars/table?runs={run_id}&keys=loss": server.panel_table("scalars", [run_id], {"keys": "loss"}),
        f"/compare/config?runs={both}": server.differences([run_id, other]),
        f"/compare/speedup?runs={both}&reference={run_id}": server.speedup([run_id, other], run_id),
        "/workers": server.workers(),
    }
    for path, answer in asked.items():
        assert answer.model_dump(mode="json") == server._call("GET", path), path
    assert [one.model_dump(mode="json") for one in server.panels()] == server._call("GET", "/panels")


def test_show_prints_measures_notes_and_decisions(server: Client, sqlite_database: Database, invoke):
    run_id, _ = filled(sqlite_database)
    server._call("PATCH", f"/runs/{run_id}", {"notes": "a note [with brackets]"})
    code, out, _ = invoke("show", run_id)
    assert code == 0
    assert all(
        part in out
        for part in ("step 8 of 100, about 46 s left", "0.6", "a note [with brackets]", "0, 2, 4, 6", "jumped by 4")
    )


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["stop"], {}),
        (["pause"], {}),
        (["extrapolate"], {}),
        (["extrapolate", "--factor", "3", "--override"], {"factor": 3.0, "override": True}),
        (["veto"], {"step": 2}),
    ],
)
def test_steering_leaves_a_command_for_the_trainer(server: Client, sqlite_database: Database, invoke, arguments, kept):
    run_id, _ = filled(sqlite_database, steps=2)
    code, _, err = invoke(arguments[0], run_id, *arguments[1:])
    assert code == 0 and f"asked run {run_id} to {arguments[0]}" in err
    (asked,) = server.history(run_id).commands
    assert (asked.command, asked.arguments) == (arguments[0], kept)
    assert asked.actor == f"{cli._user()} (cli)"


def test_what_is_done_on_the_spot_is_said(server: Client, sqlite_database: Database, invoke):
    run_id = create(sqlite_database)
    assert "stopped before it began" in invoke("stop", run_id)[2]
    assert "queued again" in invoke("resume", run_id)[2]
    code, _, err = invoke("veto", run_id)
    assert code == 1 and "'veto' is possible for a run that is" in err


def test_run_reads_yaml_and_queues_it(server: Client, invoke, tmp_path):
    file = configuration(tmp_path, "optimizer: {learning_rate: 1e-5}\nbudget: {steps: 3}\n")
    code, out, err = invoke("run", file, "--name", "mine", "--group", "g")
    made = server.run(out.strip())
    assert code == 0 and made.config is not None
    assert (made.name, made.group, made.learning_rate, made.total_steps) == ("mine", "g", 1e-5, 3)
    assert f"queued {made.id} (mine): {server.url}/runs/{made.id}" in err


def test_a_teacher_that_trains_first_is_named_too(server: Client, invoke, tmp_path):
    file = configuration(tmp_path, "teacher: {kind: trained, objective: {kind: grpo}}\n")
    code, out, err = invoke("run", file)
    teacher, student = out.split()
    assert code == 0 and server.run(student).config.teacher.source.run_id == teacher  # pyright: ignore
    assert err.index(f"queued {teacher}") < err.index(f"queued {student}")
    assert json.loads(invoke("run", file, "--json")[1])["config"]["teacher"]["kind"] == "model"


def test_analyze_sends_whole_paths_and_prints_the_address(
    server: Client, sqlite_database, invoke, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "output").mkdir()
    run_id, _ = filled(sqlite_database)
    place = f"{run_id}@4"
    code, out, err = invoke("analyze", "me/base", "output", place, "--k", "5", "--exact", "--name", "mine")
    made = server.run(out.strip())
    assert code == 0 and f"/runs/{made.id}" in err and made.job_config is not None
    asked = {"base": "me/base", "checkpoints": [str(tmp_path / "output"), place], "name": "mine", "k": 5, "exact": True}
    assert made.job_config | asked == made.job_config


def test_run_with_seeds_and_a_grid_queues_a_sweep(server: Client, invoke, tmp_path):
    file = configuration(tmp_path, "name: 2026-01-01\nbudget: {steps: 3}\n")
    code, out, _ = invoke(
        "run", file, "--seeds", "0-1,5", "--group", "g",
        "--grid", "optimizer.learning_rate=1e-5,3e-5", "--grid", "strategy.kind=none,effopd",
    )  # fmt: skip
    made = [server.run(run_id) for run_id in out.split()]
    assert code == 0 and len(made) == total(server) == 12
    assert {(run.config.seed, run.learning_rate, run.method) for run in made if run.config} == {
        (seed, rate, method) for seed in (0, 1, 5) for rate in (1e-5, 3e-5) for method in ("opd", "effopd")
    }
    assert {(run.group, run.total_steps) for run in made} == {("g", 3)}


@pytest.mark.parametrize("options", [["--seeds", "a"], ["--seeds", "4-0"], ["--grid", "x"], ["--grid", "=1"]])
def test_a_sweep_that_cannot_be_read_is_refused_before_anything_is_sent(invoke, monkeypatch, tmp_path, options):
    monkeypatch.setenv("OPDBOARD_URL", "http://127.0.0.1:9")
    code, _, err = invoke("run", configuration(tmp_path, "seed: 0"), *options)
    assert code == 1
    assert options[0] in err or "range of seeds" in err


@pytest.mark.parametrize(
    ("content", "complaint"), [("a: [", "neither YAML nor JSON"), ("- 1", "must hold a mapping"), (None, "cannot read")]
)
def test_an_unreadable_configuration_is_refused_before_anything_is_sent(
    invoke, monkeypatch, tmp_path, content, complaint
):
    monkeypatch.setenv("OPDBOARD_URL", "http://127.0.0.1:9")
    file = str(tmp_path / "none.yaml") if content is None else configuration(tmp_path, content)
    code, _, err = invoke("run", file)
    assert code == 1 and complaint in err


def test_a_refused_configuration_names_its_fields(server: Client, invoke, tmp_path):
    code, _, err = invoke("run", configuration(tmp_path, '{"budget": {"steps": 0}, "sed": 1}'))
    assert code == 1 and total(server) == 0
    assert "  budget.steps: " in err and "  sed: " in err


def test_live_tells_what_happens(server: Client, sqlite_database: Database):
    run_id, _ = start(sqlite_database)
    told = server.live()
    at, event, data = next(told)
    while event != "runs":
        at, event, data = next(told)
    assert at is not None and [run["id"] for run in data["runs"]] == [run_id]


def test_follow_ends_with_the_last_run_and_says_nothing_twice(server: Client, sqlite_database: Database):
    run_id, attempt = start(sqlite_database)
    ended = create(sqlite_database)
    start(sqlite_database, name="another")
    changes = server.follow([run_id, ended])
    assert {next(changes).id, next(changes).id} == {run_id, ended}
    record(sqlite_database, run_id, attempt, 5, {"loss": 1.0})
    assert [(run.id, run.step) for run in [next(changes)]] == [(run_id, 5)]
    for one, state in ((ended, RunState.STOPPED), (run_id, RunState.FINISHED)):
        move(sqlite_database, one, state)
        assert [(run.id, run.state) for run in [next(changes)]] == [(one, state)]
    assert list(changes) == []


def test_follow_notices_a_run_that_ended_before_the_stream_began(server: Client, sqlite_database: Database, invoke):
    run_id, _ = start(sqlite_database)
    move(sqlite_database, run_id, RunState.FAILED)
    with sqlite_database.write() as session:
        runs.get(session, run_id).updated_at = 0.0
    assert [run.state for run in server.follow([run_id])] == ["failed"]


def answering(status: int, content: bytes) -> Client:
    """A client of something between here and a server."""
    return Client("http://somewhere", transport=httpx.MockTransport(lambda _: httpx.Response(status, content=content)))


def test_an_answer_that_is_no_json_is_still_a_sentence():
    with pytest.raises(RequestRefused, match="HTTP 502: <html>bad gateway"):
        answering(502, b"<html>bad gateway</html>").workers()


@pytest.mark.parametrize(
    ("status", "content"), [(200, b"<html>log in first"), (302, b""), (200, b'{"cut'), (200, b'{"of": "another API"}')]
)
def test_what_is_no_answer_of_opdboard_counts_as_none(status: int, content: bytes):
    with answering(status, content) as client, pytest.raises(ServerNotReached, match="is no opdboard"):
        client.workers()


def test_a_page_in_place_of_the_live_stream_is_no_stream_that_ended():
    with answering(200, b"<html>sign in</html>") as client, pytest.raises(ServerNotReached, match="no opdboard"):
        list(client.follow(["0a1b2c3d"]))


@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("closed", [httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError])
def test_a_kept_connection_that_closed_is_forgiven_when_only_reading(reads: bool, closed: type[httpx.TransportError]):
    asked: list[str] = []

    def closed_at_first(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        if len(asked) == 1:
            raise closed("Server disconnected without sending a response.", request=request)
        return httpx.Response(200, json=[])

    with Client("http://somewhere", transport=httpx.MockTransport(closed_at_first)) as client:
        if reads:
            assert client.panels() == []
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


def test_an_evaluation_is_asked_for_and_its_table_printed(server: Client, sqlite_database: Database, invoke, tmp_path):
    subject = create(sqlite_database)
    with sqlite_database.write() as session:
        records = [CheckpointRecord(16, f"runs/{subject}/checkpoints/16", 1, "schedule")]
        evidence.add_checkpoints(session, subject, 1, records)
    asked = configuration(tmp_path, "sets: [{name: sums, samples: 2}]\nseed: 5\n")
    code, out, err = invoke("evaluate", subject, asked, "--teacher")
    assert code == 0, err
    parameters = server.analysis(out.strip()).parameters
    assert (parameters["steps"], parameters["seed"], parameters["teacher"]) == ([16], 5, True)
    code, _, err = invoke("evaluate", subject)
    assert code == 1 and "parameters.sets: the run has no sets of its own" in err

    printed = io.StringIO()
    found = server.analysis(analyse(sqlite_database, subject, "evaluate"))
    Console(file=printed, width=200).print(evaluate_command.in_words(found))
    lines = printed.getvalue().splitlines()
    assert lines[0].split() == ["set", "weights", "avg@n", "pass@2", "maj@n", "cut", "off", "tokens", "over", "base"]
    assert "20.0 (15.0 to 25.0)" in lines[1] and lines[1].split()[:3] == ["sums", "base", "weights"]
    assert lines[-1].startswith("facts") and "-50.0 (-55.0 to -45.0)" in lines[-1]
