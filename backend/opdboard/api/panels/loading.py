"""Reads what a panel needs from the database, as the arrays that panels draw from."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from sqlalchemy.orm import Session

from opdboard.db import alerts, analyses, checks, evidence, groups, series
from opdboard.db.groups import Entry
from opdboard.db.tables import Candidate, Decision, Run
from opdboard.domain.modules import Module
from opdboard.domain.records import CandidateRecord, DecisionRecord
from opdboard.panels.series import (
    IN_TRAINING,
    AlertMark,
    Analysis,
    Needs,
    Points,
    RunSeries,
    Trigger,
    VectorNeed,
    Vectors,
)

_Record = TypeVar("_Record", CandidateRecord, DecisionRecord)


def load_all(session: Session, entries: Sequence[Entry], needs: Needs) -> list[RunSeries]:
    """The data of every entry; a run that was asked for alone and as a member is there twice, and read once.

    Everything needed is present, empty where nothing is stored.
    """
    found = runs_of(entries)
    ids = [run.id for run in found]
    groups.complete(session, found)
    keys = needs.scalars
    scalars = series.read_scalars_of_all(session, ids, keys, within=needs.steps, timed=False) if keys else {}
    decisions = evidence.decisions_of_all(session, ids) if needs.triggers else {}
    analysed = _analyses(session, ids, needs) if needs.analyses else {}
    floors = checks.noise_floors(session, ids) if needs.noise_floor else {}
    loaded = {
        run.id: RunSeries(
            id=run.id,
            name=run.name,
            color=run.color,
            longest_response=run.config["budget"]["max_response_tokens"] if run.kind == "trained" else 0,
            modules=[Module.from_json(entry) for entry in run.modules],
            scalars={key: _points(scalars[run.id].get(key)) for key in keys},
            vectors={need.statistic: _vectors(session, run, need) for need in needs.vectors},
            triggers=[_trigger(row) for row in decisions.get(run.id, ())],
            alerts=_alerts(session, run) if needs.alerts else [],
            analyses=analysed.get(run.id, {}),
            choices=_choices(session, run, needs),
            noise_floor=floors.get(run.id),
        )
        for run in found
    }
    return [
        replace(loaded[run.id], group=entry.name, group_color=entry.color) if entry.is_group else loaded[run.id]
        for entry in entries
        for run in entry.runs
    ]


def runs_of(entries: Sequence[Entry]) -> list[Run]:
    """Every run behind the entries once, in order; cursors are given and asked for in this order."""
    return list({run.id: run for entry in entries for run in entry.runs}.values())


def _points(stored: series.ScalarSeries | None) -> Points:
    none = np.empty(0, np.int64)
    return Points(none, np.empty(0), none) if stored is None else Points(stored.steps, stored.values, stored.seqs)


def _alerts(session: Session, run: Run) -> list[AlertMark]:
    return [AlertMark(row.step, row.title, row.measure, row.module, row.seq) for row in alerts.of_run(session, run.id)]


def _analyses(session: Session, run_ids: Sequence[str], needs: Needs) -> dict[str, dict[str, Analysis]]:
    """Run -> kind -> its latest analysis that has found anything, or the one that was asked for."""
    found = analyses.with_results(session, run_ids, needs.analyses)
    found.sort(key=lambda run: run.id != needs.analysis)  # the rest keeps its order, the latest first
    chosen: dict[str, dict[str, Analysis]] = {}
    for run in found:
        of_run = chosen.setdefault(run.config["run_id"], {})
        if run.method not in of_run:
            rows = analyses.variants_of(session, run.id)
            seqs = np.array([row.subject_seq for row in rows], np.int64)
            variants = [analyses.record_of(row) for row in rows]
            of_run[run.method] = Analysis(run.id, run.config["parameters"], variants, seqs)
    for run_id in run_ids if IN_TRAINING in needs.analyses else ():
        if rows := analyses.variants_of(session, run_id):
            seqs = np.array([row.subject_seq for row in rows], np.int64)
            own = Analysis(run_id, {}, [analyses.record_of(row) for row in rows], seqs)
            chosen.setdefault(run_id, {})[IN_TRAINING] = own
    return chosen


def _vectors(session: Session, run: Run, need: VectorNeed) -> Vectors:
    reference = need.reference
    if reference == "latest":
        reference = max(series.reference_steps(session, run.id, need.statistic), default=-1)
    stored = series.read_vectors(session, run.id, need.statistic, reference_step=reference)
    values = stored.values if len(stored.steps) else np.empty((0, len(run.modules)), np.float32)
    return Vectors(stored.steps, stored.reference_steps, values, stored.seqs)


def _trigger(row: Decision) -> Trigger:
    candidates = [_record(CandidateRecord, one) for one in row.candidates]
    return Trigger(_record(DecisionRecord, row, candidates=candidates), row.vetoed, row.seq)


def _record(kind: type[_Record], row: Decision | Candidate, **more: Any) -> _Record:
    """The record whose fields are the row's attributes of the same names, but for those given."""
    return kind(**{one.name: getattr(row, one.name) for one in fields(kind) if one.name not in more} | more)


def _choices(session: Session, run: Run, needs: Needs) -> dict[str, list[str] | list[int]]:
    found: dict[str, list[str] | list[int]] = {}
    if "keys" in needs.choices:
        found["keys"] = sorted(run.latest)
    if "reference_step" in needs.choices:
        found["reference_step"] = series.reference_steps(session, run.id, needs.vectors[0].statistic)
    return found
