"""The report of a reproduction, from runs that are stored: complete, and true to the verdicts."""

from dataclasses import replace
from itertools import product

import pytest
from support.analysed import SERIES_OF, analyse
from support.stored_runs import filled, move

from opdboard.client import Client
from opdboard.db import runs
from opdboard.db.database import Database
from opdboard.domain.entries import entry_of_group
from opdboard.domain.run_state import RunState
from opdboard.reproduction.claims import claims
from opdboard.reproduction.experiment import evidence_of
from opdboard.reproduction.page import page
from opdboard.reproduction.plan import ANALYSED, QUICK, SLOW_OPD, STUDENTS, TEACHER


@pytest.mark.parametrize("seeds", [(0,), pytest.param((0, 1), marks=pytest.mark.slow)])
def test_every_claim_and_every_picture_is_on_the_page(
    server: Client, sqlite_database: Database, seeds: tuple[int, ...]
):
    scale = replace(QUICK, seeds=seeds, analysed_seeds=seeds)
    made: dict[str, list[str]] = {}
    analyses: dict[tuple[str, str], str] = {}
    for role, seed in product((TEACHER, *STUDENTS), seeds):
        run_id, _ = filled(sqlite_database, name=f"{role}, seed {seed}", seed=seed)
        made.setdefault(role, []).append(run_id)
        with sqlite_database.write() as session:
            runs.get(session, run_id, lock=True).group = role
        move(sqlite_database, run_id, RunState.FINISHED)
        if role in ANALYSED:
            analyses |= {(run_id, kind): analyse(sqlite_database, run_id, kind) for kind in SERIES_OF}
    evidence = evidence_of(server, made, analyses)
    judged = claims(evidence, server.speedup([entry_of_group(role) for role in STUDENTS], entry_of_group(SLOW_OPD)))
    text = page(evidence, scale)
    for one in judged:
        assert f"<td>{one.topic}</td>" in text
        assert f"<td>{one.verdict}</td>" in text
    assert text.count("<figure>") == 20
    assert "Nothing is stored for this picture" not in text
    assert all(run_id in text for run_ids in made.values() for run_id in run_ids)
    assert ("One seed settles none of this" in text) is (len(seeds) == 1)
