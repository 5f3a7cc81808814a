"""What the server answers, as its API declares it: the types of the client's methods.

They take longer to import than most questions take to be answered, so the client does it at the first one.
"""

from opdboard.api.alerts.schemas import AlertList
from opdboard.api.analyses.schemas import AnalysisDetail, AnalysisList, EstimateOut, VariantOut
from opdboard.api.arrays import TypedArray
from opdboard.api.checkpoints.schemas import CheckpointList
from opdboard.api.commands.schemas import CommandOut, ProvenanceOut, RunHistory
from opdboard.api.compare.schemas import CellOut, ConfigDifference, RatioOut, SpeedupOut, SpeedupRowOut
from opdboard.api.decisions.schemas import DecisionList, DecisionOut
from opdboard.api.hub.schemas import HubAccess, HubRepositories, HubRepository
from opdboard.api.launch.schemas import SweepMade
from opdboard.api.panels.schemas import PanelFigure, PanelOut, PanelTable
from opdboard.api.runs.listing_schemas import RunList
from opdboard.api.runs.schemas import RunDetail, RunSummary
from opdboard.api.samples.schemas import SampleList
from opdboard.api.series.schemas import ModuleList, ScalarOut, SeriesOut, StatisticOut
from opdboard.api.workers.schemas import WorkerList

__all__ = [
    "AlertList", "AnalysisDetail", "AnalysisList", "CellOut", "CheckpointList", "CommandOut", "ConfigDifference", "DecisionList",
    "DecisionOut", "EstimateOut", "HubAccess", "HubRepositories", "HubRepository", "ModuleList", "PanelFigure", "PanelOut", "PanelTable", "ProvenanceOut", "RatioOut", "RunDetail", "RunHistory",
    "RunList", "RunSummary", "SampleList", "ScalarOut", "SeriesOut", "SpeedupOut", "SpeedupRowOut", "StatisticOut",
    "SweepMade", "TypedArray", "VariantOut", "WorkerList",
]  # fmt: skip
