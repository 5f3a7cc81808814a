"""From a search to the record of a decision: what the tree of tries is drawn from."""

from opdboard.domain.records import CandidateRecord, DecisionRecord
from opdboard_worker.core.extrapolation import Search, Validation


def decision_record(
    search: Search,
    *,
    step: int,
    strategy: str,
    trigger: str,
    anchor_step: int,
    direction_norm: float,
    validation_size: int,
    score_name: str,
    tokens: int,
    seconds: float,
) -> DecisionRecord:
    """score_name: the strategy's score; a candidate's `score` is the accuracy where that is asked for and known."""
    tries = [
        _candidate(
            attempt.validation,
            score_name,
            factor=attempt.factor,
            gain=(attempt.gain, attempt.gain_low, attempt.gain_high),
            accepted=attempt.accepted,
            reason=attempt.reason,
        )
        for attempt in search.tries
    ]
    start = _candidate(
        search.start, score_name, factor=0.0, gain=(0.0, 0.0, 0.0), accepted=True, reason="W_t, the start"
    )
    return DecisionRecord(
        step=step,
        strategy=strategy,
        trigger=trigger,
        anchor_step=anchor_step,
        direction_norm=direction_norm,
        validation_size=validation_size,
        score_name=score_name,
        accepted_factor=search.accepted_factor,
        outcome=search.outcome,
        tokens=tokens,
        seconds=seconds,
        overridden=search.overridden,
        candidates=[start, *tries],
    )


def _candidate(
    validation: Validation,
    score_name: str,
    *,
    factor: float,
    gain: tuple[float, float, float],
    accepted: bool,
    reason: str,
) -> CandidateRecord:
    by_accuracy = score_name == "accuracy" and validation.accuracy is not None
    return CandidateRecord(
        factor=factor,
        score=validation.accuracy
        if by_accuracy and validation.accuracy is not None
        else validation.negative_reverse_kl,
        accuracy=validation.accuracy,
        reverse_kl=-validation.negative_reverse_kl,
        gain=gain[0],
        gain_low=gain[1],
        gain_high=gain[2],
        kl_to_start=validation.kl_to_start,
        accepted=accepted,
        reason=reason,
        tokens=validation.tokens,
        seconds=validation.seconds,
    )
