"""The home page: the present state of everything, with few queries and small series."""

import time
from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy.orm import Session

from opdboard.api.context import Ctx
from opdboard.api.home.schemas import EndedOut, HomeOut, RunningOut, SparklineOut, WaitingOut
from opdboard.api.rows import filled
from opdboard.api.runs.service import summary
from opdboard.api.waits import listening, waits
from opdboard.db import overview, series
from opdboard.db.tables import Run
from opdboard.domain.run_state import RunState
from opdboard.domain.scalar_measures import SCALARS
from opdboard.domain.waiting import Listener
from opdboard.panels.thinning import keep_extremes

SPARKLINE_KEYS = ("reverse_kl", "eval/reverse_kl", "reward_mean", "loss")
SPARKLINE_POINTS = 120
RUNNING_AT_MOST = 24
WAITING_AT_MOST = 20
FAILED_AT_MOST = 6
ENDED_AT_MOST = 8
RECENT_SECONDS = 7 * 86400.0

router = APIRouter(prefix="/api/home", tags=["home"])


@router.get("")
def read_home(context: Ctx) -> HomeOut:
    """What runs, what waits and why, what failed, and what ended lately."""
    now = time.time()
    with context.database.read() as session:
        active = overview.active(session, RUNNING_AT_MOST)
        queued = overview.queued(session)
        failed = overview.ended(session, [RunState.FAILED], FAILED_AT_MOST, after=now - RECENT_SECONDS)
        ended = overview.ended(session, [RunState.FINISHED, RunState.STOPPED], ENDED_AT_MOST)
        listeners = listening(session, now)
        newest = overview.newest_checkpoints(session, [run.id for run in (*queued, *failed, *ended)])
        return HomeOut(
            running=[RunningOut(run=summary(run), sparkline=_sparkline(session, run)) for run in active],
            waiting=_waiting(session, queued, listeners, newest),
            failed=[EndedOut(run=summary(run), resumes_from=newest.get(run.id)) for run in failed],
            ended=[EndedOut(run=summary(run), resumes_from=newest.get(run.id)) for run in ended],
            totals=overview.totals(session),
            unseen_alerts=overview.unseen_alerts(session),
        )


def _sparkline(session: Session, run: Run) -> SparklineOut | None:
    """The first of the keys that the run has."""
    key = next((key for key in SPARKLINE_KEYS if key in run.latest), None)
    if key is None:
        return None
    points = series.read_scalars(session, run.id, [key]).get(key)
    if points is None:
        return None
    kept = keep_extremes(points.steps, points.values, SPARKLINE_POINTS)
    steps, values = points.steps[kept].tolist(), points.values[kept].tolist()
    measure = SCALARS[key]
    return filled(SparklineOut, measure, key=key, short=measure.brief, steps=steps, values=values)


def _waiting(
    session: Session, queued: Sequence[Run], listeners: Sequence[Listener], newest: dict[str, int]
) -> list[WaitingOut]:
    found = waits(session, queued, listeners, WAITING_AT_MOST)
    return [filled(WaitingOut, wait, run=summary(run), resumes_from=newest.get(run.id)) for run, wait in found]
