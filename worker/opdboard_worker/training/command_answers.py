"""What becomes of commands at a step: which of them is obeyed, and what is answered to each."""

from opdboard.domain.commands import Extrapolate
from opdboard.domain.records import CommandResult, DecisionRecord
from opdboard_worker.training.control import Orders

NOT_JUDGED = "nothing tells better weights from worse: no example of D_v has an answer, and no teacher tells its whole distribution"


def first_request(orders: Orders, *, scheduled: bool) -> Extrapolate | None:
    """What is tried on command at this step: a factor, even in place of the scheduled search; else a search, unless due."""
    asked = [request for _, request in orders.extrapolate]
    factors = [request for request in asked if request.factor is not None]
    return next(iter(factors or ([] if scheduled else asked)), None)


def extrapolated(
    command_id: int, asked: Extrapolate, obeyed: Extrapolate | None, decision: DecisionRecord
) -> CommandResult:
    """What became of one command at a step at which something was tried."""
    if obeyed is None or asked == obeyed:
        forced_in_vain = asked.override and decision.accepted_factor == 0
        return CommandResult(command_id, not forced_in_vain, decision.outcome)
    tried = "a search was made" if obeyed.factor is None else f"factor {obeyed.factor:g} was tried"
    return CommandResult(
        command_id, False, f"one extrapolation per step, and {tried} at step {decision.step}; ask again"
    )


def vetoed(wanted: int | None, last: int | None) -> str:
    """What became of a veto of a step's jump, or of the last one; last: the step of the jump that there was to take back."""
    if last is None:
        return "there is no jump to take back"
    if wanted not in (None, last):
        return f"the jump of step {wanted} is no longer the last one: step {last} has jumped since"
    return f"the jump of step {last} was taken back"
