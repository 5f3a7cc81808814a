"""Plain OPD, and what a commanded extrapolation of it goes by."""

from typing import Literal

from pydantic import ConfigDict
from typing_extensions import override

from opdboard.domain.strategies.base import StrategySettings


class NoStrategy(StrategySettings):
    """Plain OPD: every step is the optimizer's."""

    model_config = ConfigDict(title="None (plain OPD)")
    name = "OPD"
    looks_ahead = False
    without_teacher = "'none'"
    kind: Literal["none"] = "none"

    @override
    def looks_at(self, step: int) -> bool:
        return False

    @property
    @override
    def needs_teacher(self) -> bool:
        return False
