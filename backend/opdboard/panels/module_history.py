"""One module's statistic over the steps, of one or several runs."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from opdboard.domain.events import Topic
from opdboard.domain.measures import MODULE_STATISTICS
from opdboard.panels import lines, look
from opdboard.panels.grouping import names_to_choose
from opdboard.panels.module_allocation import ModuleStatistic
from opdboard.panels.panel import Panel, PanelParams
from opdboard.panels.series import Needs, RunSeries, VectorNeed
from opdboard.panels.table import Table


class ModuleHistoryParams(PanelParams):
    """Which module, which statistic."""

    module: str = Field(
        default="", max_length=300, description="Parameter name or label ('L3 gate'); empty takes the first."
    )
    statistic: ModuleStatistic = Field(default="update_norm", description="What is drawn.")
    log: bool = Field(default=True, description="Logarithmic y axis.")


def _needs(params: ModuleHistoryParams) -> Needs:
    return Needs(vectors=(VectorNeed(params.statistic),))


def figure(series: Sequence[RunSeries], params: ModuleHistoryParams) -> go.Figure:
    """One line per run that has the module."""
    found = [(run, _place(run, params)) for run in series]
    missing = [run.name for run, index in found if index is None and run.modules]
    title = next((run.modules[index].label for run, index in reversed(found) if index is not None), params.module)
    note = f"no module {params.module!r} in {', '.join(missing)}" if missing else title or None
    choices = {"module": names_to_choose(series[0].modules)} if series else {}
    measure = MODULE_STATISTICS[params.statistic]
    return lines.figure(
        _lines(series, params),
        keep=f"module_history {params.statistic} {params.log}",
        meta={"note": note, "choices": choices},
        y_title=look.axis_label(measure),
        log=params.log,
        bounds=[measure.bounds],
    )


def _place(run: RunSeries, params: ModuleHistoryParams) -> int | None:
    """The module's place in the run; None where it has no such module."""
    return run.index_of(params.module) if params.module else 0 if run.modules else None


def _lines(series: Sequence[RunSeries], params: ModuleHistoryParams) -> list[lines.Line]:
    drawn = []
    for run in series:
        index, rows = _place(run, params), run.vectors[params.statistic]
        if index is not None:
            x, y = rows.steps.astype(np.float64), rows.values[:, index].astype(np.float64)
            drawn.append(lines.Line(run.id, run.name, look.run_color(run), x, y, mark=look.run_mark(run)))
    return drawn


def table(series: Sequence[RunSeries], params: ModuleHistoryParams) -> Table:
    """A column per run that has the module."""
    return lines.table(_lines(series, params), MODULE_STATISTICS[params.statistic].unit)


PANEL = Panel(
    name="module_history",
    title="How did this module change?",
    description="One statistic of one module over the steps.",
    params=ModuleHistoryParams,
    topics=(Topic.MODULES,),
    needs=_needs,
    figure=figure,
    table=table,
)
