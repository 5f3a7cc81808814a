"""What can be done with changed weights, by name; each is made ready from its configuration and then done as a job."""

from collections.abc import Callable, Mapping
from typing import Any

from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.errors import BadInput
from opdboard_worker.analysis.job import Job
from opdboard_worker.process import Attempt

INTERVENTIONS: Mapping[str, Callable[[Attempt, AnalysisConfig], Job]] = {}


def prepare(attempt: Attempt, stored: dict[str, Any]) -> Job:
    """The job of an analysis run; BadInput names the analyses there are."""
    config = AnalysisConfig.model_validate(stored)
    make = INTERVENTIONS.get(config.kind)
    if make is None:
        known = ", ".join(INTERVENTIONS) or "none"
        raise BadInput(f"this worker knows no analysis {config.kind!r}; it knows: {known}", where="kind")
    return make(attempt, config)
