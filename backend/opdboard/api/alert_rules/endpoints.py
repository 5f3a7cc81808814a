"""Rules of alerts; they count from the next step of every run on."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session

from opdboard.api.alert_rules.schemas import AlertRuleIn, AlertRuleOut
from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.parameters import LARGEST_INTEGER
from opdboard.api.problems import FieldProblem, InvalidFields
from opdboard.api.rows import filled
from opdboard.db import alert_rules
from opdboard.domain.errors import QueryProblem

router = APIRouter(prefix="/api/alert-rules", tags=["alerts"], route_class=JsonRoute)
RuleId = Annotated[int, Path(ge=1, le=LARGEST_INTEGER, description="Id of a rule.")]


@router.get("")
def list_alert_rules(context: Ctx) -> list[AlertRuleOut]:
    """Every rule, oldest first."""
    with context.database.read() as session:
        return [filled(AlertRuleOut, row) for row in alert_rules.all_of_them(session)]


@router.post("", status_code=201)
def create_alert_rule(context: Ctx, body: AlertRuleIn) -> AlertRuleOut:
    """A new rule; it counts from the next step of every run on."""
    with context.database.write() as session:
        _check_runs(session, body.runs)
        return filled(AlertRuleOut, alert_rules.create(session, **body.model_dump()))


@router.put("/{rule_id}")
def replace_alert_rule(context: Ctx, rule_id: RuleId, body: AlertRuleIn) -> AlertRuleOut:
    """Change a rule."""
    with context.database.write() as session:
        row = alert_rules.get(session, rule_id)
        _check_runs(session, body.runs)
        for name, value in body.model_dump().items():
            setattr(row, name, value)
        return filled(AlertRuleOut, row)


@router.delete("/{rule_id}", status_code=204)
def delete_alert_rule(context: Ctx, rule_id: RuleId) -> None:
    """Delete a rule; the alerts it raised stay."""
    with context.database.write() as session:
        alert_rules.remove(session, rule_id)


def _check_runs(session: Session, query: str) -> None:
    try:
        alert_rules.which_runs(session, query)
    except QueryProblem as problem:
        raise InvalidFields([FieldProblem(path="runs", message=problem.detail)]) from None
