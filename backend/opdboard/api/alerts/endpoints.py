"""The feed of alerts."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.alerts.schemas import AlertList, AlertOut, AlertQuery, AlertsSeen, SignatureOut, UnseenAlerts
from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.rows import filled
from opdboard.db import alerts, runs
from opdboard.domain.alerts import SIGNATURES, Severity
from opdboard.domain.events import Topic
from opdboard.domain.run_state import RunState

router = APIRouter(prefix="/api/alerts", tags=["alerts"], route_class=JsonRoute)


@router.get("")
def list_alerts(context: Ctx, query: Annotated[AlertQuery, Query()]) -> AlertList:
    """Alerts that match, newest first."""
    with context.database.read() as session:
        found, total = alerts.find(session, **query.model_dump(exclude={"limit"}), limit=query.limit + 1)
    page = [
        filled(AlertOut, row, run=run.id, run_name=run.name, run_color=run.color, run_ended=RunState(run.state).ended)
        for row, run in found[: query.limit]
    ]
    return AlertList(alerts=page, total=total, next=page[-1].id if len(found) > query.limit else None)


@router.get("/unseen")
def count_unseen_alerts(context: Ctx) -> UnseenAlerts:
    """How many alerts nobody has marked as seen, by severity."""
    with context.database.read() as session:
        counts = alerts.unseen_counts(session)
    return UnseenAlerts(warning=counts.get(Severity.WARNING, 0), critical=counts.get(Severity.CRITICAL, 0))


@router.post("/seen")
def mark_alerts_seen(context: Ctx, body: AlertsSeen) -> UnseenAlerts:
    """Mark some alerts, those of a run, or all as seen; how many are left."""
    with context.database.write() as session:
        affected = alerts.mark_seen(session, ids=body.ids, run_id=body.run)
        for run_id in sorted(affected):  # every open browser hears of it through their runs
            runs.touch(runs.get(session, run_id, lock=True), Topic.ALERTS)
    return count_unseen_alerts(context)


@router.get("/signatures")
def list_alert_signatures() -> list[SignatureOut]:
    """The built-in failure signatures: what each looks for, and what to do about it."""
    return [filled(SignatureOut, one) for one in SIGNATURES.values()]
