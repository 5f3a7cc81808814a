"""Planning and launching: what a launch would do, and sweeps that are made whole or not at all."""

import json
import struct
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from support.stored_runs import filled, start

from opdboard.api.app import create_app
from opdboard.db import runs
from opdboard.db.database import Database
from opdboard.domain.demo import CAVEAT
from opdboard.domain.presets import DEMO_EFFOPD
from opdboard.domain.run_fields import configuration
from opdboard.settings import Settings

TINY = {"budget": {"steps": 4, "batch_size": 8}}


def write_safetensors(folder: Path) -> None:
    """A folder whose header names the matrices of one layer; no tokenizer, no weights worth reading."""
    folder.mkdir(parents=True)
    shapes = {
        "model.embed_tokens.weight": [100, 8],
        "model.layers.0.self_attn.q_proj.weight": [8, 8],
        "model.layers.0.mlp.up_proj.weight": [32, 8],
    }
    header = json.dumps(
        {name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]} for name, shape in shapes.items()}
    ).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def write_gguf(file: Path) -> None:
    """Header of version 3: a string, an array of strings and an array of numbers, then two tensors."""
    values = [
        text("general.name") + struct.pack("<I", 8) + text("tiny"),
        text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b"),
        text("scores") + struct.pack("<IIQ", 9, 6, 2) + struct.pack("<ff", 0, 1),
        text("layers") + struct.pack("<II", 4, 1),
    ]
    tensors = [("token_embd.weight", (8, 100)), ("blk.0.ffn_up.weight", (8, 32))]
    described = [text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, 0) for name, shape in tensors]
    header = struct.pack("<IQQ", 3, len(tensors), len(values))
    file.write_bytes(b"GGUF" + header + b"".join(values) + b"".join(described))


def plan(client: TestClient, config: dict, **more: object) -> dict:
    answer = client.post("/api/launch/plan", json={"config": config, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_demo_preset_planned(client: TestClient):
    found = plan(client, DEMO_EFFOPD.model_dump(mode="json"))
    assert found["problems"] == []
    assert found["workload"]["training_tokens"] == 64 * 256 * 6
    assert found["workload"]["search_tokens"] == 7 * 6 * 64 * 6
    assert found["footprint"]["parameters"] == 322_240
    assert found["footprint"]["disk_bytes"] == sum(part["bytes"] for part in found["footprint"]["disk"])
    assert [run["name"] for run in found["runs"]] == ["EffOPD, lr 1e-5"]
    assert found["pace"] is None
    assert found["place"] == {
        "queue": "any",
        "workers": [],
        "free_workers": 0,
        "queued_before": 0,
        "memory_total": None,
    }


def test_the_demo_is_four_runs_of_which_effopd_is_the_first(client: TestClient):
    made = client.post("/api/launch/demo").json()["runs"]
    assert [run["method"] for run in made] == ["effopd", "opd", "opd", "linesearch"]
    assert {run["group"] for run in made} == {"demo"}
    assert CAVEAT in client.get(f"/api/runs/{made[0]['id']}").json()["notes"]


def test_a_wrong_value_is_named_while_editing(client: TestClient):
    found = plan(
        client, {"budget": {"steps": 0}, "optimizer": {"learning_rat": 1}, "student": {"kind": "run", "run_id": "x"}}
    )
    assert {problem["path"] for problem in found["problems"]} == {"budget.steps", "optimizer.learning_rat"}
    assert found["workload"] is None
    found = plan(client, {"student": {"kind": "run", "run_id": "x"}})
    assert [problem["path"] for problem in found["problems"]] == ["student.run_id"]


def test_sizes_come_from_headers(client: TestClient, settings: Settings):
    write_safetensors(settings.root / "models" / "small")
    write_gguf(settings.root / "models" / "small.gguf")
    data = {"kind": "file", "path": "x.jsonl"}
    for student, parameters in (
        ({"kind": "folder", "path": "models/small"}, 800 + 64 + 256),
        ({"kind": "gguf", "path": "models/small.gguf"}, 800 + 256),
    ):
        found = plan(client, {"student": student, "teacher": {"kind": "privileged"}, "data": data})
        assert found["footprint"]["parameters"] == parameters, found


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ({"kind": "hub", "repo_id": "a/b"}, "only the worker asks the hub"),
        ({"kind": "folder", "path": "/nowhere"}, "the worker may have it"),
        ({"kind": "gguf", "path": "broken.gguf"}, "not a GGUF file"),
    ],
)
def test_a_size_that_cannot_be_told_says_why(client: TestClient, settings: Settings, student: dict, words: str):
    (settings.root / "broken.gguf").write_bytes(b"no")
    config = {"student": student, "teacher": {"kind": "privileged"}, "data": {"kind": "file", "path": "x.jsonl"}}
    found = plan(client, config)
    assert found["footprint"] is None
    assert words in found["footprint_unknown"]
    assert found["workload"]["steps"] == 64


def test_paths_that_lead_nowhere_are_said_at_their_fields(client: TestClient, settings: Settings, tmp_path: Path):
    write_gguf(settings.root / "small.gguf")
    rows = tmp_path / "rows.jsonl"
    rows.write_text("{}")
    config = {
        "student": {"kind": "gguf", "path": "small.gguf"},
        "teacher": {"kind": "model", "source": {"kind": "folder", "path": "/nowhere/model"}},
        "data": {"kind": "file", "path": str(rows), "held_out": "/nowhere/*.jsonl"},
    }
    found = plan(client, config)
    assert {one["path"] for one in found["unseen"]} == {"teacher.source.path", "data.held_out"}
    assert found["problems"] == []
    assert "there is no /nowhere/model here" in found["unseen"][0]["message"]


def test_a_folder_in_the_place_of_a_data_file_is_called_one(client: TestClient, tmp_path: Path):
    config = {"student": {"kind": "hub", "repo_id": "a/b"}, "teacher": {"kind": "privileged"}}
    (only,) = plan(client, config | {"data": {"kind": "file", "path": str(tmp_path)}})["unseen"]
    assert only["message"].startswith(f"{tmp_path} is not a file: the run fails")


@pytest.mark.parametrize("name", ["secret", "none"])
def test_whether_a_link_out_of_the_roots_leads_to_a_file_is_not_told(
    settings: Settings, sqlite_database: Database, tmp_path: Path, name: str
):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").touch()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    config = {
        "student": {"kind": "hub", "repo_id": "a/b"},
        "teacher": {"kind": "privileged"},
        "data": {"kind": "file", "path": f"{tmp_path}/root/lin?/{name}", "held_out": f"{tmp_path}/root/*.jsonl"},
    }
    app = create_app(settings.model_copy(update={"model_roots": str(tmp_path / "root")}), static=tmp_path / "none")
    with TestClient(app, base_url="http://localhost") as client:
        assert [one["path"] for one in plan(client, config)["unseen"]] == ["data.held_out"]
        looked = client.post("/api/launch/data", json={"data": config["data"] | {"held_out": ""}}).json()
        assert "lies outside of the folders" in looked["problem"]


def test_a_checkpoint_has_the_size_of_its_runs_student(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    found = plan(client, {"student": {"kind": "run", "run_id": run_id}})
    assert found["footprint"]["parameters"] == 322_240


def test_pace_is_the_median_of_runs_alike(client: TestClient, sqlite_database: Database):
    for seconds in (10.0, 20.0, 40.0):
        run_id, _ = start(sqlite_database, budget={"steps": 10, "batch_size": 8})
        with sqlite_database.write() as session:
            run = runs.get(session, run_id)
            run.step, run.latest = 10, {"seconds": seconds, "search_seconds": 0.0, "memory_bytes": 5e8}
    found = plan(client, {"budget": {"steps": 30, "batch_size": 8}})["pace"]
    assert found == {
        "runs": 3, "seconds": 60.0, "seconds_per_step": 2.0, "search_included": True, "memory_bytes": 5e8,
    }  # fmt: skip
    assert plan(client, {"budget": {"steps": 30, "batch_size": 9}})["pace"] is None
    searching = {"budget": {"steps": 30, "batch_size": 8}, "strategy": {"kind": "effopd"}}
    assert plan(client, searching)["pace"]["search_included"] is False


def test_a_sweep_is_planned_as_a_whole(client: TestClient):
    sweep = {"seeds": [0, 1], "grid": {"optimizer.learning_rate": [1e-5, 1e-4]}}
    found = plan(client, TINY | {"name": "x"}, sweep=sweep, group="g", per_setting=True)
    assert [run["name"] for run in found["runs"]][:2] == ["x · lr 1e-5 · seed 0", "x · lr 1e-5 · seed 1"]
    assert [run["group"] for run in found["runs"]] == ["g · lr 1e-5"] * 2 + ["g · lr 1e-4"] * 2
    assert found["workload"]["steps"] == 16
    single = plan(client, TINY)["footprint"]
    assert found["footprint"]["memory_bytes"] == single["memory_bytes"]
    assert found["footprint"]["disk_bytes"] == 4 * single["disk_bytes"]


def test_a_sweep_is_launched_as_one_group(client: TestClient, settings: Settings):
    sweep = {"seeds": [3, 4], "grid": {"strategy.kind": ["none", "effopd"]}}
    body = {"config": TINY, "sweep": sweep, "group": "g", "tags": ["t"], "notes": "n"}
    answer = client.post("/api/launch/sweep", json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert made["groups"] == ["g"]
    assert sorted((run["method"], run["name"]) for run in made["runs"]) == [
        ("effopd", "EffOPD · seed 3"), ("effopd", "EffOPD · seed 4"), ("opd", "OPD · seed 3"), ("opd", "OPD · seed 4"),
    ]  # fmt: skip
    assert {tuple(run["tags"]) for run in made["runs"]} == {("t",)}
    assert len(list((settings.root / "queue" / "messages").iterdir())) == 4


@pytest.mark.parametrize(
    ("sweep", "path", "words"),
    [
        ({"grid": {"optimizer.learning_rate": [1e-5, 2.0]}}, "sweep.grid.optimizer.learning_rate", "with lr 2: "),
        ({"seeds": [0, -1]}, "sweep.seeds", "with seed -1: "),
        ({"grid": {"optimizer.warmup_steps": [0, 9]}}, "sweep.grid.optimizer.warmup_steps", "below budget.steps"),
        ({"grid": {"budget.stepps": [9]}}, "sweep.grid.budget.stepps", "no such key"),
        ({"seeds": list(range(65))}, "sweep.seeds", "65 runs are more than 64"),
    ],
)
def test_one_bad_combination_and_nothing_is_made(client: TestClient, sweep: dict, path: str, words: str):
    answer = client.post("/api/launch/sweep", json={"config": TINY, "sweep": sweep})
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["path"] == path
    assert words in answer.json()["fields"][0]["message"]
    assert client.get("/api/runs").json()["total"] == 0
    assert plan(client, TINY, sweep=sweep)["problems"] == answer.json()["fields"]


def test_a_field_of_an_earlier_version_names_the_one_that_it_has_become(client: TestClient):
    config = {**TINY, "data": {"kind": "file", "path": "rows.jsonl", "prompt_format": "plain"}}
    (problem,) = plan(client, config)["problems"]
    assert problem["path"] == "data.prompt_format"
    assert problem["message"].startswith("this is reading.student.template now: own where it was chat, plain where")


def test_a_run_from_a_checkpoint_is_a_fork_of_its_run(client: TestClient, sqlite_database: Database):
    parent, _ = filled(sqlite_database)
    step = client.get(f"/api/runs/{parent}/checkpoints").json()["checkpoints"][-1]["step"]
    body = {"config": {"student": {"kind": "run", "run_id": parent}}, "sweep": {"seeds": [1, 2]}}
    made = client.post("/api/launch/sweep", json=body).json()["runs"]
    assert {(run["forked_from"], run["forked_step"]) for run in made} == {(parent, step)}


def test_a_sweep_begun_from_a_run_remembers_it(client: TestClient, sqlite_database: Database):
    original, _ = filled(sqlite_database)
    body = {"config": TINY, "sweep": {"seeds": [1, 2]}, "copied_from": original}
    assert client.post("/api/launch/sweep", json=body).status_code == 201
    assert client.post("/api/launch/sweep", json=body | {"copied_from": "nobody"}).status_code == 404


def test_presets_say_what_they_need_and_are_valid(client: TestClient):
    presets = client.get("/api/presets").json()
    assert all(preset["needs"] and preset["takes"] for preset in presets)
    for preset in presets:
        found = plan(client, preset["config"], sweep=preset["sweep"], per_setting=preset["per_setting"])
        assert found["problems"] == []
    versus = next(preset for preset in presets if preset["name"] == "opd-against-effopd")
    found = plan(client, versus["config"], sweep=versus["sweep"], per_setting=True)
    assert len(found["runs"]) == 6
    assert len({run["group"] for run in found["runs"]}) == 2


def test_the_schema_has_its_sections(client: TestClient):
    schema = client.get("/api/schema/run-config").json()
    named = [name for section in schema["sections"] for name in section["fields"]]
    whole, apart = [[path for path in named if ("." in path) == dotted] for dotted in (False, True)]
    assert sorted(whole) == sorted(schema["properties"])
    assert set(apart) <= configuration().keys()
    assert schema["trl"]["max_completion_length"]["paths"] == ["budget.max_response_tokens"]


@pytest.mark.parametrize(
    ("url", "variable", "field"),
    [
        ("http://mine", "OPDBOARD_TOKEN", "teacher.key_variable"),
        ("http://mine", "GOOD_KEY", "teacher.url"),
        ("http://good.example.evil/v1", "GOOD_KEY", "teacher.url"),
    ],
)
def test_a_key_for_another_address_is_refused_at_launch(
    settings: Settings, sqlite_database: Database, tmp_path: Path, url: str, variable: str, field: str
):
    app = create_app(settings.model_copy(update={"teacher_keys": "GOOD_KEY=http://good.example/v1"}), static=tmp_path)
    remote = {"kind": "remote", "model": "m", "url": url, "key_variable": variable}
    wanted = TINY | {"teacher": remote, "objective": {"kind": "sampled_token"}}
    allowed = wanted | {"teacher": remote | {"url": "http://good.example/v1", "key_variable": "GOOD_KEY"}}
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert [one["path"] for one in plan(client, wanted)["problems"]] == [field]
        for path in ("/api/runs", "/api/launch/sweep"):
            refused = client.post(path, json={"config": wanted})
            assert (refused.status_code, refused.json()["where"]) == (422, field)
        assert client.get("/api/runs").json()["total"] == 0
        assert client.post("/api/runs", json={"config": allowed}).status_code == 201
