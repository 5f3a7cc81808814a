"""Analyses over HTTP: queued as runs of their own, listed where asked for, steered as far as makes sense."""

import math
from dataclasses import replace

from fastapi.testclient import TestClient
from support.stored_runs import claim, create, decision, move

from opdboard.db import analyses, evidence, lineage, runs
from opdboard.db.database import Database
from opdboard.domain.records import Batch, CheckpointRecord, Estimate, ScoreRecord, VariantRecord
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import recording, transitions
from opdboard.settings import Settings


def with_checkpoints(database: Database, *steps: int, **config) -> str:
    """A run whose checkpoints of these steps are on disk."""
    run_id = create(database, **config)
    with database.write() as session:
        records = [CheckpointRecord(step, f"runs/{run_id}/checkpoints/{step}", 1, "schedule") for step in steps]
        evidence.add_checkpoints(session, run_id, 1, records)
    return run_id


def queue(client: TestClient, subject: str, **config) -> dict:
    made = client.post("/api/analyses", json={"config": {"kind": "scale_final", "run_id": subject} | config})
    assert made.status_code == 201, made.text
    return made.json()


def test_an_analysis_is_queued_for_the_workers_of_its_device(client, sqlite_database: Database, settings: Settings):
    subject = with_checkpoints(sqlite_database, 8, name="mine")
    made = queue(client, subject, device="cpu", parameters={"factors": [0.5]})
    assert (made["kind"], made["method"], made["name"]) == ("analysis", "scale_final", "Scale the final update: mine")
    assert made["config"] is None and made["reported_config"] is None
    scoring = {"prompts": 256, "samples": 1, "seed": 0}
    assert made["job_config"]["parameters"] == {"step": 8, "factors": [0.5], "evaluation": scoring}
    with sqlite_database.read() as session:
        assert runs.get(session, made["id"]).sent_at is not None
    assert len(list((settings.root / "queue" / "messages").iterdir())) == 1


def test_analyses_are_listed_only_where_a_query_asks_for_a_kind(client: TestClient, sqlite_database: Database):
    subject = with_checkpoints(sqlite_database, 8, name="mine")
    analysis = queue(client, subject)["id"]

    def listed(query: str) -> set[str]:
        answer = client.get("/api/runs", params={"query": query}).json()
        assert answer["total"] == len(answer["runs"])
        return {run["id"] for run in answer["runs"]}

    assert listed("") == listed("mine") == listed("state = queued") == {subject}
    assert listed("kind = analysis") == listed("mine and not kind = trained") == {analysis}
    assert listed("kind in (analysis, trained)") == {subject, analysis}
    assert client.get("/api/runs/groups", params={"by": "state"}).json()["groups"][0]["count"] == 1
    waiting = client.get("/api/home").json()["waiting"]
    assert {wait["run"]["id"] for wait in waiting} == {subject, analysis}


def test_an_analysis_needs_its_run_and_keeps_it_from_deletion(client: TestClient, sqlite_database: Database):
    missing = client.post("/api/analyses", json={"config": {"kind": "scale_final", "run_id": "nosuch"}})
    assert missing.status_code == 404 and "nosuch" in missing.json()["detail"]
    subject = with_checkpoints(sqlite_database, 8)
    analysis = queue(client, subject)
    refused = client.delete(f"/api/runs/{subject}")
    assert refused.status_code == 409 and analysis["name"] in refused.json()["detail"]
    links = client.get(f"/api/runs/{subject}/lineage").json()["links"]
    assert [(link["run"], link["relation"]) for link in links] == [(analysis["id"], "subject")]


def test_an_analysis_is_paused_and_stopped_but_has_no_weights_to_act_on(client, sqlite_database: Database):
    analysis = queue(client, with_checkpoints(sqlite_database, 8))["id"]
    for state in (RunState.STARTING, RunState.RUNNING):
        move(sqlite_database, analysis, state)
    for command in ("checkpoint", "extrapolate", "veto"):
        refused = client.post(f"/api/runs/{analysis}/commands", json={"command": command})
        assert refused.status_code == 409 and "trains" in refused.json()["detail"], refused.text
    assert client.post(f"/api/runs/{analysis}/commands", json={"command": "pause"}).status_code == 201


def refused(client: TestClient, kind: str, subject: str, **parameters) -> dict[str, str]:
    answer = client.post("/api/analyses", json={"config": {"kind": kind, "run_id": subject, "parameters": parameters}})
    assert answer.status_code == 422, answer.text
    return {field["path"]: field["message"] for field in answer.json()["fields"]}


def test_a_wrong_parameter_is_refused_beside_its_field(client: TestClient, sqlite_database: Database):
    subject = with_checkpoints(sqlite_database, 4, 8)
    assert "choose one of evaluate" in refused(client, "guess", subject)["kind"]
    assert refused(client, "scale_final", subject, points=3) == {"parameters.points": "there is no such key"}
    assert refused(client, "scale_final", subject, factors=[0.5, 2]).keys() == {"parameters.factors.1"}
    assert "present: 4, 8" in refused(client, "rank", subject, step=5)["parameters.step"]
    assert (
        "before the final" in refused(client, "rescale_early", subject, step=4, early_step=8)["parameters.early_step"]
    )
    assert "present: none" in refused(client, "norm_vs_score", create(sqlite_database))["parameters.steps"]
    only = with_checkpoints(sqlite_database, 8)
    assert "keep_checkpoints" in refused(client, "rescale_early", only)["parameters.early_step"]


def test_checkpoints_that_were_left_open_are_named_and_kept(client: TestClient, sqlite_database: Database):
    subject = with_checkpoints(sqlite_database, 2, 10, 40, 100)

    def asked(kind: str, **parameters) -> dict:
        return queue(client, subject, kind=kind, parameters=parameters)["job_config"]["parameters"]

    early = asked("rescale_early")
    assert (early["step"], early["early_step"]) == (100, 10)
    assert asked("rescale_early", step=40)["early_step"] == 2
    assert asked("norm_vs_score")["steps"] == [2, 10, 40, 100]
    assert asked("norm_vs_score", steps=[40, 2, 40])["steps"] == [2, 40]
    with sqlite_database.read() as session:
        assert lineage.weights_in_use(session, subject) == ({2, 10, 40, 100}, set())


def test_what_was_found_is_read_and_goes_with_its_run(client: TestClient, sqlite_database: Database):
    subject = with_checkpoints(sqlite_database, 8)
    analysis = queue(client, subject)["id"]
    attempt = claim(sqlite_database, analysis)
    none, some = Estimate(math.nan, math.nan, math.nan), Estimate(0.5, 0.4, 0.6)
    score = ScoreRecord("accuracy", some, some, none, none, [0.0, 1.0])
    with sqlite_database.write() as session:
        recording.begin(session, analysis, attempt, step=0, modules=[], device="cpu")
        record = VariantRecord(1, "base", 0.0, "base weights", 0.0, [score], {"note": "x"})
        recording.record(session, analysis, attempt, Batch(step=1, at=0.0, variants=[record]))
    listed = client.get("/api/analyses", params={"runs": subject}).json()["analyses"]
    assert [(one["id"], one["kind"], one["run_id"], one["step"]) for one in listed] == [
        (analysis, "scale_final", subject, 1)
    ]
    (variant,) = client.get(f"/api/analyses/{analysis}").json()["variants"]
    assert (variant["family"], variant["norm"], variant["details"]) == ("base", 0.0, {"note": "x"})
    (read,) = variant["scores"]
    assert read["score"] == {"value": 0.5, "low": 0.4, "high": 0.6}
    assert read["recovery"] == {"value": None, "low": None, "high": None}
    assert read["per_prompt"] == [0.0, 1.0]
    assert client.get(f"/api/runs/{subject}").json()["topics"]["analyses"] == 2
    assert client.get(f"/api/analyses/{subject}").status_code == 404
    for state in (RunState.RUNNING, RunState.FINISHED):
        move(sqlite_database, analysis, state)
    with sqlite_database.write() as session:
        transitions.transition(session, runs.get(session, subject, lock=True), RunState.STOPPED)
    assert client.delete(f"/api/runs/{subject}").status_code == 204
    with sqlite_database.read() as session:
        assert analyses.variants_of(session, analysis) == []


def test_an_export_says_what_it_has_written_and_where_it_was_pushed(client: TestClient, sqlite_database: Database):
    subject = with_checkpoints(sqlite_database, 8)
    export = queue(client, subject, kind="export_adapter", parameters={"rank": 4, "push_to": "me/sums"})["id"]
    attempt = claim(sqlite_database, export)

    def written() -> dict:
        return client.get("/api/analyses", params={"runs": subject}).json()["analyses"][0]["written"]

    assert written() is None
    details = {"folder": "runs/x/model", "bytes": 12, "missed": 0.25, "missed_by_rank": [0.5, 0.25]}
    records = [VariantRecord(1, "written", None, "written", 1.0, (), details)]
    records += [VariantRecord(2, "pushed", None, "pushed", None, (), {"address": "https://hub/me/sums"})]
    told = {"folder": "runs/x/model", "bytes": 12, "missed": 0.25}
    for step, address in ((1, None), (2, "https://hub/me/sums")):
        with sqlite_database.write() as session:
            recording.record(session, export, attempt, Batch(step=step, at=0.0, variants=[records[step - 1]]))
        assert written() == told | {"address": address}
    assert client.get(f"/api/analyses/{export}").json()["written"] == told | {"address": "https://hub/me/sums"}
    refused(client, "export_model", subject, push_to="not a name")
    refused(client, "export_adapter", subject, rank=0)


def test_a_candidate_is_exported_while_its_weights_are_kept(client: TestClient, sqlite_database: Database):
    subject = with_checkpoints(sqlite_database, 8)
    assert "name the step" in refused(client, "export_model", subject, factor=2)["parameters.step"]
    assert "no candidates of step 8" in refused(client, "export_model", subject, factor=2, step=8)["parameters.step"]
    with sqlite_database.write() as session:
        tried = replace(decision(8, 0.0, []), weights_path="runs/x/candidates/8", weights_bytes=9)
        evidence.add_decisions(session, subject, 1, [tried])
    queue(client, subject, kind="export_model", parameters={"factor": 2, "step": 8})
    with sqlite_database.read() as session:
        assert lineage.weights_in_use(session, subject) == (set(), {8})


def test_every_intervention_draws_its_form(client: TestClient):
    offered = client.get("/api/analyses/interventions").json()
    assert [one["kind"] for one in offered][:3] == ["evaluate", "lm_eval", "scale_final"]
    assert {one["purpose"] for one in offered} == {"evaluation", "intervention", "export"}
    panels = {one["name"] for one in client.get("/api/panels").json()}
    for one in offered:
        assert one["title"] and one["description"] and one["panel"] in panels | {None}
        assert all(
            "description" in field or "$ref" in field for field in one["parameters_schema"]["properties"].values()
        )


def test_an_evaluation_names_its_sets_and_takes_the_latest_checkpoint(client: TestClient, sqlite_database: Database):
    subject = with_checkpoints(sqlite_database, 4, 8)
    sums = {"name": "sums", "samples": 4}
    made = queue(client, subject, kind="evaluate", parameters={"sets": [sums]})["job_config"]["parameters"]
    assert made["steps"] == [8]
    assert (made["base"], made["teacher"], made["seed"]) == (True, False, 0)
    assert made["sets"][0]["data"] == {"kind": "arithmetic", "digits": 3}
    own = with_checkpoints(sqlite_database, 4, evaluation={"sets": [sums]})
    assert queue(client, own, kind="evaluate")["job_config"]["parameters"]["sets"] == made["sets"]
    for asked, steps in (({"all_checkpoints": True}, [4, 8]), ({"steps": [8, 4, 8]}, [4, 8]), ({"steps": [4]}, [4])):
        made = queue(client, subject, kind="evaluate", parameters={"sets": [sums]} | asked)
        assert made["job_config"]["parameters"]["steps"] == steps


def test_an_evaluation_that_cannot_be_done_is_refused_beside_its_field(client, sqlite_database: Database):
    subject = with_checkpoints(sqlite_database, 4, teacher={"kind": "none"}, objective={"kind": "sft"})
    sums = {"name": "sums"}
    assert refused(client, "evaluate", subject)["parameters.sets"].startswith("the run has no sets of its own")
    assert "called 'sums'" in refused(client, "evaluate", subject, sets=[sums, sums])["parameters.sets"]
    file = {"name": "facts", "data": {"kind": "file", "path": "facts.jsonl"}}
    assert (
        "the demo models know only sums"
        in refused(client, "evaluate", subject, sets=[sums, file])["parameters.sets.1.data"]
    )
    assert "the run has none" in refused(client, "evaluate", subject, sets=[sums], teacher=True)["parameters.teacher"]
    assert (
        "no checkpoint at step 5" in refused(client, "evaluate", subject, sets=[sums], steps=[5])["parameters.steps.0"]
    )
