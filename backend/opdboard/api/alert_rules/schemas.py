"""Rules of alerts as they travel over HTTP."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from opdboard.api.parameters import NO_NUL, Parameters
from opdboard.domain.alert_rules import LONGEST, Comparison, Scope
from opdboard.domain.alerts import Severity
from opdboard.domain.measures import MODULE_STATISTICS


class AlertRuleIn(Parameters):
    """A rule, whole: what to watch, when to raise an alert, on which runs."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
    scope: Scope = Field(description="scalar: a curve of the run; module: a statistic of every single module.")
    measure: Annotated[str, Field(min_length=1, max_length=128, pattern=NO_NUL)] = Field(
        description="Name of any scalar, or of a module statistic."
    )
    comparison: Comparison
    threshold: float | None = Field(
        default=None, description="In the measure's unit; left out when the comparison is 'not finite'."
    )
    steps: int = Field(default=1, ge=1, le=LONGEST, description="Measurements in a row that must meet the condition.")
    severity: Severity = Severity.WARNING
    runs: Annotated[str, Field(max_length=1000, pattern=NO_NUL)] = Field(
        default="",
        description="A query of the runs table that the run must fulfil, such as `method = effopd`; empty for all runs.",
    )
    enabled: bool = True

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.comparison is Comparison.NOT_FINITE:
            if self.threshold is not None:
                raise ValueError("threshold must be left out when the comparison is 'not finite'")
        elif self.threshold is None:
            raise ValueError("threshold is needed to compare with")
        if self.scope is Scope.MODULE and self.measure not in MODULE_STATISTICS:
            raise ValueError(
                f"measure {self.measure!r} is no module statistic; those are {', '.join(MODULE_STATISTICS)}"
            )
        return self


class AlertRuleOut(AlertRuleIn):
    """A rule as it is kept."""

    id: int
    created_at: float
