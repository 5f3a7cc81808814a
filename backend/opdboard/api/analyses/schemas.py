"""Analyses as they are asked for over HTTP."""

from pydantic import Field

from opdboard.api.parameters import Parameters
from opdboard.api.runs.schemas import Group, Notes, Tags
from opdboard.domain.analysis_config import AnalysisConfig


class AnalysisCreate(Parameters):
    """An analysis to queue."""

    config: AnalysisConfig
    group: Group = ""
    tags: Tags = Field(default=[])
    notes: Notes = ""
