"""The demo: four small runs that show what EffOPD gains over plain OPD, and what that gain is worth on a toy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opdboard.client import Client
from opdboard.domain.presets import DEMO_EFFOPD, DEMO_LINE_SEARCH, DEMO_OPD, DEMO_OPD_LARGE_RATE
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState

if TYPE_CHECKING:
    from opdboard.answers import RunDetail, RunSummary, SpeedupRowOut

Json = dict[str, Any]
METRIC = "eval/reverse_kl"


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


class Demo:
    """The four runs on one server, followed until they have ended."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.ids = [
            client.create(run.config.model_dump(mode="json"), group="demo", tags=["demo"], notes=run.notes).id
            for run in RUNS
        ]
        """In the order of RUNS."""

    @property
    def compare_path(self) -> str:
        """The page that shows all of them side by side."""
        return f"/compare?runs={','.join(self.ids)}"

    def follow(self, report: "Callable[[RunSummary], None]") -> None:
        """Hand each change of a run to report until all have ended."""
        for run in self._client.follow(self.ids):
            report(run)

    def outcome(self) -> Json:
        """What came out: each run's final numbers, and EffOPD against plain OPD at the KL that plain OPD ends with."""
        runs = [self._client.run(run_id) for run_id in self.ids]
        reference, effopd = self.ids[:2]
        speedup = None
        if runs[0].state == RunState.FINISHED:
            speedup = self._client.speedup(self.ids, reference, metric=METRIC)
        rows = {row.key: row for row in speedup.rows} if speedup else {}
        ratios = rows[effopd].ratios if effopd in rows else None
        return {
            "runs": [_final(run, rows.get(run.id)) for run in runs],
            "target_reverse_kl": speedup and speedup.target,
            "speedup_steps": ratios and ratios.steps and ratios.steps.value,
            "speedup_seconds": ratios and ratios.seconds and ratios.seconds.value,
        }


def _final(run: "RunDetail", row: "SpeedupRowOut | None") -> Json:
    return {
        "name": run.name,
        "run_id": run.id,
        "method": run.method,
        "learning_rate": run.learning_rate,
        "state": run.state,
        "reverse_kl": run.latest.get(METRIC),
        "accuracy": run.latest.get("eval/accuracy"),
        "steps": run.step,
        "seconds": run.latest.get("seconds"),
        "search_seconds": run.latest.get("search_seconds"),
        "steps_to_target": row and row.costs.steps,
        "seconds_to_target": row and row.costs.seconds,
    }


def all_finished(outcome: Json) -> bool:
    """No run of the demo failed or was stopped."""
    return all(run["state"] == RunState.FINISHED for run in outcome["runs"])


def sentence(outcome: Json) -> str:
    """The outcome in words, with the caveat that belongs to it."""
    if outcome["target_reverse_kl"] is None:
        return "Plain OPD did not finish, so there is nothing to compare with."
    reached = "; ".join(
        f"{run['name']}: step {run['steps_to_target']:.1f}, {run['seconds_to_target']:.0f} s"
        if run["steps_to_target"] is not None
        else f"{run['name']}: not reached"
        for run in outcome["runs"]
    )
    target = f"{outcome['target_reverse_kl']:.3f} nats/token"
    return f"To the teacher KL that plain OPD ends with ({target}), search included: {reached}.\n{CAVEAT}"
