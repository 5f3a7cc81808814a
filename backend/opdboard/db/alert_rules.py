"""Rules of alerts: kept, changed, and chosen for a run."""

import time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from opdboard.db import run_listing
from opdboard.db.run_conditions import Conditions
from opdboard.db.tables import AlertRule, Run
from opdboard.domain.alert_rules import Comparison, Rule, Scope
from opdboard.domain.alerts import Severity
from opdboard.domain.errors import BadInput, NotFound
from opdboard.domain.run_query import Condition, parse_query

_ENABLED = select(AlertRule).where(AlertRule.enabled).order_by(AlertRule.id)


def all_of_them(session: Session) -> list[AlertRule]:
    """Every rule, oldest first."""
    return list(session.scalars(select(AlertRule).order_by(AlertRule.id)))


def get(session: Session, rule_id: int) -> AlertRule:
    """The rule; NotFound names the id."""
    row = session.get(AlertRule, rule_id)
    if row is None:
        raise NotFound(f"there is no alert rule {rule_id}", where="rule_id")
    return row


def create(session: Session, **fields: Any) -> AlertRule:
    """A new rule."""
    row = AlertRule(created_at=time.time(), **fields)
    session.add(row)
    session.flush()
    return row


def remove(session: Session, rule_id: int) -> None:
    """Forget a rule; its alerts stay."""
    session.delete(get(session, rule_id))


def watching(session: Session, run: Run) -> list[Rule]:
    """The enabled rules that are about this run."""
    rows = session.scalars(_ENABLED).all()
    return [_rule(row) for row in rows if not row.runs.strip() or _is_about(session, row, run)]


def _is_about(session: Session, row: AlertRule, run: Run) -> bool:
    """Whether the run fulfils the rule's query; a query that names what no run has any more is about none."""
    try:
        wanted = which_runs(session, row.runs)
    except BadInput:
        return False
    return wanted is None or bool(
        session.scalar(select(Run.id).where(Run.id == run.id, Conditions(session).condition(wanted)))
    )


def which_runs(session: Session, query: str) -> Condition | None:
    """The condition of a query on runs, None for all of them; QueryProblem says what cannot be read."""
    return parse_query(query, stored=lambda field: run_listing.is_stored(session, field))


def _rule(row: AlertRule) -> Rule:
    return Rule(
        id=row.id,
        name=row.name,
        scope=Scope(row.scope),
        measure=row.measure,
        comparison=Comparison(row.comparison),
        threshold=row.threshold,
        steps=row.steps,
        severity=Severity(row.severity),
    )
