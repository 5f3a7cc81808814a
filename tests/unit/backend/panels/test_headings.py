from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.drawn_runs import drawn_run, vectors

from opdboard.panels import headings, module_allocation


@pytest.mark.parametrize(("step", "told"), [(None, [20, 8]), (20, [20, 8]), (6, [6, 4])])
def test_a_picture_alone_says_of_each_run_which_step_is_shown(step: int | None, told: list[int]):
    long, short = drawn_run(0), drawn_run(1)
    runs = [
        replace(
            run, scalars={}, triggers=(), vectors={"update_norm": vectors(at, np.ones((len(at), len(run.modules))))}
        )
        for run, at in ((long, np.arange(1, 21)), (short, np.array([4, 8])))
    ]
    figure = module_allocation.figure(runs, module_allocation.ModuleAllocationParams(step=step))
    alone: Any = headings.headed(figure, "", runs)
    assert [int(part.rpartition("step ")[2]) for part in alone.layout.meta["about"].split("   ")] == told
