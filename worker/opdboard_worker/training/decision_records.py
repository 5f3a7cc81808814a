"""From a search to the records of its candidates: what the tree of tries is drawn from."""

from opdboard.domain.records import CandidateRecord
from opdboard_worker.core.extrapolation import ScoreName, Search, Try


def candidate_records(search: Search, score: ScoreName) -> list[CandidateRecord]:
    """W_t and what was tried, with the score that is told of them, in which their gains over W_t are, too."""
    start = Try(0.0, search.start, 0.0, 0.0, 0.0, True, "W_t, the start")
    records: list[CandidateRecord] = []
    for one in (start, *search.tries):
        validation = one.validation
        accuracy, negative_kl = validation.accuracy, validation.negative_reverse_kl
        records.append(
            CandidateRecord(
                factor=one.factor,
                score=accuracy if score == "accuracy" and accuracy is not None else negative_kl,
                accuracy=accuracy,
                reverse_kl=-negative_kl,
                gain=one.gain,
                gain_low=one.gain_low,
                gain_high=one.gain_high,
                kl_to_start=validation.kl_to_start,
                accepted=one.accepted,
                reason=one.reason,
                tokens=validation.tokens,
                seconds=validation.seconds,
            )
        )
    return records
