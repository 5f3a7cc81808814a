"""The feed of alerts."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.alerts import service
from opdboard.api.alerts.schemas import AlertList, AlertQuery, AlertsSeen, SignatureOut, UnseenAlerts
from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx

router = APIRouter(prefix="/api/alerts", tags=["alerts"], route_class=JsonRoute)


@router.get("")
def list_alerts(context: Ctx, query: Annotated[AlertQuery, Query()]) -> AlertList:
    """Alerts that match, newest first."""
    return service.find(context, query)


@router.get("/unseen")
def count_unseen_alerts(context: Ctx) -> UnseenAlerts:
    """How many alerts nobody has marked as seen, by severity."""
    return service.unseen(context)


@router.post("/seen")
def mark_alerts_seen(context: Ctx, body: AlertsSeen) -> UnseenAlerts:
    """Mark some alerts, those of a run, or all as seen; how many are left."""
    return service.mark_seen(context, body)


@router.get("/signatures")
def list_alert_signatures() -> list[SignatureOut]:
    """The built-in failure signatures: what each looks for, and what to do about it."""
    return service.signatures()
