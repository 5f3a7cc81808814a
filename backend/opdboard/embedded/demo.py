"""The demo: four small runs that show what EffOPD gains over plain OPD, and what that gain is worth on a toy."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opdboard.client import Client
from opdboard.domain.demo import CAVEAT, RUNS
from opdboard.domain.run_state import RunState

if TYPE_CHECKING:
    from opdboard.answers import RunDetail, RunSummary, SpeedupRowOut

Json = dict[str, Any]
METRIC = "eval/reverse_kl"


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
