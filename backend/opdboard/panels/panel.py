"""What every panel is: parameters that draw their own controls, what it needs, and a pure drawing function."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import plotly.graph_objects as go
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from opdboard.domain.events import Topic
from opdboard.domain.measure import Measure
from opdboard.panels.gathering import means
from opdboard.panels.headings import headed
from opdboard.panels.series import Needs, RunSeries
from opdboard.panels.table import Table


class PanelParams(BaseModel):
    """Base of all parameters; their JSON schema draws the controls ('x-control' names one where the type does not).

    The control 'zoom' is the picture itself: the parameter is an end of the x axis' range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


LARGEST_STEP = 2**31 - 1
P = TypeVar("P", bound=PanelParams)
Step = Annotated[int, Field(ge=0, le=LARGEST_STEP)]


@dataclass(frozen=True)
class Panel(Generic[P]):
    """A picture.

    needs(params) names the data; figure(series, params) draws them, runs in the order asked for. The figure's traces have
    uids that stay the same as data grow, and its layout.meta holds what belongs beside it (api.panels.schemas.PanelMeta).
    table(series, params) tells the same data in numbers, none left out where the figure is thinned. topics: the kinds of data
    whose growth changes them. gathers: figure and table take the members of a group apart themselves; other panels are given
    the mean of a group as if it were a run.
    """

    name: str
    title: str
    description: str
    params: type[P]
    topics: tuple[Topic, ...]
    needs: Callable[[P], Needs]
    figure: Callable[[Sequence[RunSeries], P], go.Figure]
    table: Callable[[Sequence[RunSeries], P], Table]
    min_runs: int = 1
    max_runs: int = 8
    gathers: bool = False

    def draw(self, series: Sequence[RunSeries], params: P) -> go.Figure:
        """The figure of runs and groups."""
        return headed(self.figure(series if self.gathers else means(series), params), self.title, series)

    def tell(self, series: Sequence[RunSeries], params: P) -> Table:
        """The table of runs and groups."""
        return self.table(series if self.gathers else means(series), params)


def choice(measures: dict[str, Measure]) -> tuple[Any, Any]:
    """What makes a string one of the names of measures, for Annotated; titles for the control come along."""

    def check(name: object) -> object:
        if name not in measures:
            raise ValueError(f"there is no {name!r}; choose one of {', '.join(measures)}")
        return name

    titles = [measure.full for measure in measures.values()]
    schema: dict[str, Any] = {"enum": list(measures), "x-enum-titles": titles}
    return BeforeValidator(check), Field(json_schema_extra=schema)
