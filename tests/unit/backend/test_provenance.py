"""What a run was made with is kept with each attempt; other versions are told, beside those before."""

from contextlib import suppress
from importlib.metadata import version

import pytest
from support.stored_runs import claim, create, record, some_modules

from opdboard.client import Client, RequestRefused
from opdboard.db import alerts, runs
from opdboard.db.database import Database
from opdboard.domain.alerts import AlertKind
from opdboard.domain.provenance import Provenance
from opdboard.domain.run_state import RunState
from opdboard.export import report
from opdboard.lifecycle import claims, recording, transitions

OLD = Provenance(software={"torch": "2.12.1", "python": "3.11.9"}, models={"student": "sha256 aa"})
NEW = Provenance(software={"torch": "2.13.0", "python": "3.11.9"}, models={"student": "sha256 aa"})


def attempts(database: Database, *told: Provenance | None) -> str:
    """A run whose attempts tell these, each of which records a step and is lost."""
    run_id = create(database)
    for step, made_with in enumerate(told):
        attempt = claim(database, run_id)
        with database.write() as session:
            run = recording.begin(
                session, run_id, attempt, step=step, modules=some_modules(), device="cpu", made_with=made_with
            )
            transitions.transition(session, run, RunState.RUNNING)
        record(database, run_id, attempt, step + 1, {"loss": 1.0})
        with database.write() as session:
            claims.give_back(session, runs.get(session, run_id, lock=True), "lost")
    return run_id


def told(database: Database, run_id: str) -> list[str]:
    with database.read() as session:
        return [alert.message for alert in alerts.of_run(session, run_id) if alert.kind == AlertKind.OTHER_VERSIONS]


def test_other_versions_are_told_and_both_are_kept(server: Client, sqlite_database: Database) -> None:
    run_id = attempts(sqlite_database, OLD, OLD, None, NEW)
    kept = [(one.attempt, one.from_step, one.software["torch"]) for one in server.history(run_id).provenance]
    assert kept == [(1, 0, "2.12.1"), (4, 3, "2.13.0")]
    assert told(sqlite_database, run_id) == ["From step 3 on: torch 2.13.0 instead of 2.12.1."]


def test_the_same_versions_are_not_told_again(sqlite_database: Database) -> None:
    assert told(sqlite_database, attempts(sqlite_database, OLD, OLD)) == []


def test_show_and_report_print_them(server: Client, sqlite_database: Database, invoke) -> None:
    run_id = attempts(sqlite_database, OLD, NEW)
    _, out, _ = invoke("show", run_id)
    assert all(part in out for part in ("from step 0", "torch 2.12.1", "from step 1", "torch 2.13.0", "sha256 aa"))
    assert "<td>2.13.0</td>" in "".join(report.page(server, [run_id]))


def test_a_comparison_names_what_two_runs_were_made_with(server: Client, sqlite_database: Database) -> None:
    old, new, silent = attempts(sqlite_database, OLD), attempts(sqlite_database, OLD, NEW), create(sqlite_database)
    found = server.differences([old, new, silent])
    assert {one.path: one.values for one in found.differing} == {
        "software.torch": {old: ["2.12.1"], new: ["2.12.1", "2.13.0"]}
    }
    same = {one.path: one.value for one in found.same}
    assert (same["software.python"], same["models.student"]) == ("3.11.9", "sha256 aa")


def test_another_trainer_tells_its_own(server: Client) -> None:
    with suppress(ZeroDivisionError), server.report("theirs", total_steps=3) as run:
        raise ZeroDivisionError
    (told_by_itself,) = server.history(run.run_id).provenance
    assert told_by_itself.software["opdboard"] == version("opdboard") and told_by_itself.models == {}
    with server.report("theirs", total_steps=3, resume=run.run_id, step=0, made_with=NEW.model_dump()):
        pass
    assert server.history(run.run_id).provenance[-1].software == NEW.software
    with pytest.raises(RequestRefused) as refusal:
        server.report("theirs", total_steps=3, made_with={"software": {"torch": "x" * 30_000}})
    assert refusal.value.fields[0]["path"] == "made_with"
