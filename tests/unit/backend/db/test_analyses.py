"""What analyses found, on both engines: kept as it was reported, NaN and all, and taken back with its step."""

import math

from support.analysed import analyse, found
from support.stored_runs import create

from opdboard.db import analyses, runs
from opdboard.db.database import Database
from opdboard.domain.records import VariantRecord


def stored(database: Database, analysis: str) -> list[VariantRecord]:
    with database.read() as session:
        return [analyses.record_of(row) for row in analyses.variants_of(session, analysis)]


def test_variants_are_read_as_they_were_reported(database: Database):
    run_id = create(database)
    for kind in ("rank", "embedding_shift"):
        kept = stored(database, analyse(database, run_id, kind))
        assert repr(kept) == repr(found(kind))  # NaN is not equal to itself
    base = stored(database, analyse(database, run_id, "rank"))[0]
    assert math.isnan(base.scores[0].over_final.value)


def test_the_run_moves_with_what_is_found_about_it_and_outlives_it(database: Database):
    run_id = create(database)
    analysis = analyse(database, run_id, "scale_final")
    with database.read() as session:
        run = runs.get(session, run_id)
        assert run.topics == {"analyses": run.seq}
        assert [one.id for one in analyses.of_runs(session, [run_id])] == [analysis]
        assert [one.id for one in analyses.with_results(session, [run_id], ["rank", "scale_final"])] == [analysis]
        assert analyses.with_results(session, [run_id], ["rank"]) == []
    with database.write() as session:
        runs.delete_run(session, analysis)
    assert stored(database, analysis) == []
    with database.read() as session:
        assert runs.get(session, run_id).id == run_id


def test_variants_behind_a_step_are_taken_back(database: Database):
    analysis = analyse(database, create(database), "scale_final")
    with database.write() as session:
        analyses.rewind(session, runs.get(session, analysis), 2)
    assert [one.family for one in stored(database, analysis)] == ["base", "final"]
