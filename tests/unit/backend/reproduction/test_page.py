"""The report of a reproduction, from runs that are stored: complete, and true to the verdicts."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from support.analysed import SERIES_OF, analyse
from support.stored_runs import filled, move

from opdboard.api.app import create_app
from opdboard.client import Client
from opdboard.db import runs
from opdboard.db.database import Database
from opdboard.domain.entries import entry_of_group
from opdboard.domain.run_state import RunState
from opdboard.reproduction.claims import claims
from opdboard.reproduction.evidence import Evidence
from opdboard.reproduction.page import page
from opdboard.reproduction.plan import ANALYSED, QUICK, SLOW_OPD, STUDENTS, TEACHER
from opdboard.settings import Settings


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_every_claim_and_every_picture_is_on_the_page(
    sqlite_database: Database, settings: Settings, tmp_path: Path, seeds: tuple[int, ...]
):
    scale = replace(QUICK, seeds=seeds, analysed_seeds=seeds)
    made: dict[str, list[str]] = {}
    analyses: dict[str, dict[str, str]] = {}
    for role, seed in product((TEACHER, *STUDENTS), seeds):
        run_id, _ = filled(sqlite_database, name=f"{role}, seed {seed}", seed=seed)
        made.setdefault(role, []).append(run_id)
        with sqlite_database.write() as session:
            runs.get(session, run_id, lock=True).group = role
        move(sqlite_database, run_id, RunState.FINISHED)
        if role in ANALYSED:
            analyses[run_id] = {kind: analyse(sqlite_database, run_id, kind) for kind in SERIES_OF}
    with TestClient(create_app(settings, static=tmp_path), base_url="http://127.0.0.1/api") as http:
        client = Client()
        client._http.close()
        client._http = http  # pyright: ignore[reportAttributeAccessIssue]
        evidence = Evidence(
            client,
            {role: [client.run(one) for one in ids] for role, ids in made.items()},
            {run: {kind: client.analysis(one) for kind, one in found.items()} for run, found in analyses.items()},
        )
        judged = claims(evidence, client.speedup([entry_of_group(role) for role in STUDENTS], entry_of_group(SLOW_OPD)))
        text = page(evidence, scale)
    for one in judged:
        assert f"<td>{one.topic}</td>" in text
        assert f"<td>{one.verdict}</td>" in text
    assert text.count("<figure>") == 20
    assert "Nothing is stored for this picture" not in text
    assert all(run_id in text for run_ids in made.values() for run_id in run_ids)
    assert ("One seed settles none of this" in text) is (len(seeds) == 1)
