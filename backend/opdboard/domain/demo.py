"""The demo's runs: what EffOPD gains over plain OPD, and what that gain is worth on a toy."""

from dataclasses import dataclass

from opdboard.domain.presets import DEMO_EFFOPD, DEMO_LINE_SEARCH, DEMO_OPD, DEMO_OPD_LARGE_RATE
from opdboard.domain.run_config import RunConfig


@dataclass(frozen=True)
class DemoRun:
    """A configuration, and what its page tells the reader."""

    config: RunConfig
    notes: str


CAVEAT = (
    "On this toy the whole gain of EffOPD is a learning rate that was too small: plain OPD at 1e-4 needs fewer steps "
    "than EffOPD at 1e-5. On large models small rates such as 1e-6 are used because larger ones become unstable; "
    "that is where a long step that was validated first has its place."
)

RUNS = (
    DemoRun(
        DEMO_OPD, f"Plain on-policy distillation at a small learning rate: the reference of this demo.\n\n{CAVEAT}"
    ),
    DemoRun(
        DEMO_EFFOPD,
        "The same learning rate, with validated extrapolation along the update direction at steps 1, 2, 4, 8, ... "
        f"Compare the steps and seconds it takes to the reference's final teacher KL, search included.\n\n{CAVEAT}",
    ),
    DemoRun(
        DEMO_OPD_LARGE_RATE,
        f"Plain on-policy distillation at ten times the learning rate: the check that every speed-up needs.\n\n{CAVEAT}",
    ),
    DemoRun(
        DEMO_LINE_SEARCH,
        "The small rate once more, with a line search on the teacher KL whose outcome also sets the learning rate: the rate "
        f"that was configured is but its first guess (docs/strategies.md).\n\n{CAVEAT}",
    ),
)
