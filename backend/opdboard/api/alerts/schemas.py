"""Alerts as they travel over HTTP."""

from typing import Annotated

from pydantic import BaseModel, Field

from opdboard.api.parameters import RUN_ID_PATTERN, Count, Parameters
from opdboard.domain.alerts import AlertKind, Severity
from opdboard.domain.finite import Finite

OptionalRun = Annotated[str | None, Field(pattern=RUN_ID_PATTERN)]


class AlertOut(BaseModel):
    """Something that needs a look."""

    id: int
    run: str
    run_name: str
    run_color: int
    run_ended: bool
    at: float = Field(description="When it was raised.")
    step: int
    kind: AlertKind
    rule_id: int | None = Field(
        description="The rule that raised it; null for a built-in kind or a rule since deleted."
    )
    severity: Severity
    title: str
    message: str = Field(description="What, where, and what to do.")
    measure: str | None
    module: str | None
    others: int = Field(description="How many more modules or measures it speaks for.")
    value: Finite = Field(description="Null where it is not finite, or the alert is about no value.")
    cleared_step: int | None = Field(
        description="Step at which its condition ended, that of a failure at once; null while it holds, or held to the run's end."
    )
    seen_at: float | None


class AlertQuery(Parameters):
    """Which alerts to list."""

    run: OptionalRun = Field(default=None, description="Only of this run.")
    kind: AlertKind | None = None
    severity: Severity | None = None
    unseen: bool = Field(default=False, description="Only those that nobody has marked as seen.")
    holding: bool = Field(default=False, description="Only those whose condition still holds in a run that goes on.")
    before: Count | None = Field(default=None, description="Only with a smaller id: the `next` of the page before.")
    limit: int = Field(default=50, ge=1, le=500)


class AlertList(BaseModel):
    """One page of alerts, newest first."""

    alerts: list[AlertOut]
    total: int = Field(description="How many match in all.")
    next: int | None = Field(description="Ask for the next page with before=next; null on the last one.")


class UnseenAlerts(BaseModel):
    """How many alerts nobody has marked as seen."""

    warning: int
    critical: int


class AlertsSeen(Parameters):
    """Which alerts to mark as seen; nothing given means all."""

    ids: list[Count] | None = Field(default=None, max_length=1000)
    run: OptionalRun = None


class SignatureOut(BaseModel):
    """A built-in kind of alert."""

    kind: AlertKind
    title: str
    severity: Severity
    looks_for: str
    advice: str
