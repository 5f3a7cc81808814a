"""Keeping rules; they count from the next step of every run on."""

from sqlalchemy.orm import Session

from opdboard.api.alert_rules.schemas import AlertRuleIn, AlertRuleOut, MeasureOut, RuleMeasures
from opdboard.api.context import Context
from opdboard.api.errors import FieldProblem, InvalidFields
from opdboard.db import alert_rules
from opdboard.db.tables import AlertRule
from opdboard.domain.alert_rules import Comparison, Scope
from opdboard.domain.alerts import Severity
from opdboard.domain.errors import QueryProblem
from opdboard.domain.measures import MODULE_STATISTICS, SCALARS


def _out(row: AlertRule) -> AlertRuleOut:
    return AlertRuleOut(
        id=row.id,
        created_at=row.created_at,
        name=row.name,
        scope=Scope(row.scope),
        measure=row.measure,
        comparison=Comparison(row.comparison),
        threshold=row.threshold,
        steps=row.steps,
        severity=Severity(row.severity),
        runs=row.runs,
        enabled=row.enabled,
    )


def listed(context: Context) -> list[AlertRuleOut]:
    """Every rule."""
    with context.database.read() as session:
        return [_out(row) for row in alert_rules.all_of_them(session)]


def create(context: Context, body: AlertRuleIn) -> AlertRuleOut:
    """A new rule."""
    with context.database.write() as session:
        _check_runs(session, body.runs)
        return _out(alert_rules.create(session, **body.model_dump()))


def replace(context: Context, rule_id: int, body: AlertRuleIn) -> AlertRuleOut:
    """The rule as the body says."""
    with context.database.write() as session:
        row = alert_rules.get(session, rule_id)
        _check_runs(session, body.runs)
        for name, value in body.model_dump().items():
            setattr(row, name, value)
        return _out(row)


def _check_runs(session: Session, query: str) -> None:
    try:
        alert_rules.which_runs(session, query)
    except QueryProblem as problem:
        raise InvalidFields([FieldProblem(path="runs", message=problem.detail)]) from None


def remove(context: Context, rule_id: int) -> None:
    """Forget the rule."""
    with context.database.write() as session:
        alert_rules.remove(session, rule_id)


def measures() -> RuleMeasures:
    """Names, titles and units."""
    scalar, module = (
        [MeasureOut(name=one.name, title=one.title, unit=one.unit) for one in table.values()]
        for table in (SCALARS, MODULE_STATISTICS)
    )
    return RuleMeasures(scalar=scalar, module=module)
