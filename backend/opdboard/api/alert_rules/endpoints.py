"""Rules of alerts."""

from typing import Annotated

from fastapi import APIRouter, Path

from opdboard.api.alert_rules import service
from opdboard.api.alert_rules.schemas import AlertRuleIn, AlertRuleOut, RuleMeasures
from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.parameters import LARGEST_INTEGER

router = APIRouter(prefix="/api/alert-rules", tags=["alerts"], route_class=JsonRoute)
RuleId = Annotated[int, Path(ge=1, le=LARGEST_INTEGER, description="Id of a rule.")]


@router.get("")
def list_alert_rules(context: Ctx) -> list[AlertRuleOut]:
    """Every rule, oldest first."""
    return service.listed(context)


@router.get("/measures")
def list_rule_measures() -> RuleMeasures:
    """What rules can watch."""
    return service.measures()


@router.post("", status_code=201)
def create_alert_rule(context: Ctx, body: AlertRuleIn) -> AlertRuleOut:
    """A new rule; it counts from the next step of every run on."""
    return service.create(context, body)


@router.put("/{rule_id}")
def replace_alert_rule(context: Ctx, rule_id: RuleId, body: AlertRuleIn) -> AlertRuleOut:
    """Change a rule."""
    return service.replace(context, rule_id, body)


@router.delete("/{rule_id}", status_code=204)
def delete_alert_rule(context: Ctx, rule_id: RuleId) -> None:
    """Delete a rule; the alerts it raised stay."""
    service.remove(context, rule_id)
