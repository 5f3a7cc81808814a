"""From the strategy of a RunConfig to the object that the training loop follows."""

from collections.abc import Callable
from typing import assert_never

from opdboard.domain import strategies
from opdboard_worker.core.extrapolation import AcceptanceRule, ScoreName
from opdboard_worker.models.matrices import Held
from opdboard_worker.training.optimizer import Updater
from opdboard_worker.training.probe import TeacherAnswers
from opdboard_worker.training.strategies.alpharl import PredictedUpdate
from opdboard_worker.training.strategies.effopd import AlongTheUpdate
from opdboard_worker.training.strategies.line_searched import LineSearched
from opdboard_worker.training.strategies.plain import Plain
from opdboard_worker.training.strategies.protocol import Strategy
from opdboard_worker.training.strategies.relex import ContinuedLines


def make_strategy(
    settings: strategies.Strategy,
    updater: Updater,
    teacher_answers: Callable[[], TeacherAnswers],
    manual_score: ScoreName,
    held: Held,
) -> Strategy:
    """updater: whose learning rate a strategy may change; teacher_answers: the teacher's own to D_v, made when asked.

    manual_score: what judges a commanded extrapolation of a run without a strategy; held: the matrices in each weight.
    """
    match settings:
        case strategies.NoStrategy():
            return Plain(AcceptanceRule(manual_score))
        case strategies.EffOPD() | strategies.FixedExtrapolation():
            return AlongTheUpdate(settings)
        case strategies.AlphaRL():
            return PredictedUpdate(settings, teacher_answers, held)
        case strategies.Relex():
            return ContinuedLines(settings)
        case strategies.LineSearch():
            return LineSearched(settings, updater)
        case _:
            assert_never(settings)
