"""Reading alerts, and marking them as seen."""

from opdboard.api.alerts.schemas import AlertList, AlertOut, AlertQuery, AlertsSeen, SignatureOut, UnseenAlerts
from opdboard.api.context import Context
from opdboard.db import alerts, runs
from opdboard.db.tables import Alert
from opdboard.domain.alerts import SIGNATURES, AlertKind, Severity
from opdboard.domain.events import Topic
from opdboard.domain.finite import finite


def alert_out(row: Alert, run_name: str, run_color: int) -> AlertOut:
    """A stored alert as it travels."""
    return AlertOut(
        id=row.id,
        run=row.run_id,
        run_name=run_name,
        run_color=run_color,
        at=row.at,
        step=row.step,
        kind=AlertKind(row.kind),
        rule_id=row.rule_id,
        severity=Severity(row.severity),
        title=row.title,
        message=row.message,
        measure=row.measure,
        module=row.module,
        others=row.others,
        value=finite(row.value),
        cleared_step=row.cleared_step,
        seen_at=row.seen_at,
    )


def find(context: Context, query: AlertQuery) -> AlertList:
    """One page of the alerts that match."""
    with context.database.read() as session:
        found, total = alerts.find(
            session,
            run_id=query.run,
            kind=query.kind,
            severity=query.severity,
            unseen=query.unseen,
            holding=query.holding,
            before=query.before,
            limit=query.limit + 1,
        )
    page = found[: query.limit]
    return AlertList(
        alerts=[alert_out(*row) for row in page],
        total=total,
        next=page[-1][0].id if len(found) > query.limit else None,
    )


def unseen(context: Context) -> UnseenAlerts:
    """How many wait for somebody."""
    with context.database.read() as session:
        counts = alerts.unseen_counts(session)
    return UnseenAlerts(warning=counts.get(Severity.WARNING, 0), critical=counts.get(Severity.CRITICAL, 0))


def mark_seen(context: Context, body: AlertsSeen) -> UnseenAlerts:
    """Mark them; every open browser hears of it through their runs."""
    with context.database.write() as session:
        affected = alerts.mark_seen(session, ids=body.ids, run_id=body.run)
        for run_id in sorted(affected):
            runs.touch(runs.get(session, run_id, lock=True), Topic.ALERTS)
    return unseen(context)


def signatures() -> list[SignatureOut]:
    """The built-in kinds, with what each looks for."""
    return [
        SignatureOut(kind=one.kind, title=one.title, severity=one.severity, looks_for=one.looks_for, advice=one.advice)
        for one in SIGNATURES.values()
    ]
