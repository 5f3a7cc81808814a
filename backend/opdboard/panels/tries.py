"""What extrapolations tried, as a table: a row per candidate."""

from collections.abc import Sequence

from opdboard.domain.records import CandidateRecord
from opdboard.panels.series import RunSeries, Trigger
from opdboard.panels.table import RUN, STEP, Column, Table, of_rows

_COLUMNS = (
    STEP,
    Column("factor along D"),
    Column("scored by", numeric=False),
    Column("score"),
    Column("gain"),
    Column("gain, lower end"),
    Column("gain, upper end"),
    Column("KL to W_t", "nats/token"),
    Column("what became of it", numeric=False),
    Column("why", numeric=False),
    Column("tokens"),
    Column("seconds", "s"),
)


def table(found: Sequence[tuple[RunSeries, Sequence[Trigger]]]) -> Table:
    """The candidates of these triggers in rising factors, factor 0, which is W_t itself, among them."""
    several = len(found) > 1
    rows = [
        (*((run.name,) if several else ()), *_row(trigger, one))
        for run, triggers in found
        for trigger in triggers
        for one in sorted(trigger.record.candidates, key=lambda candidate: candidate.factor)
    ]
    return of_rows([*((RUN,) if several else ()), *_COLUMNS], rows)


def _row(trigger: Trigger, one: CandidateRecord) -> tuple[str | int | float | None, ...]:
    record = trigger.record
    gain = (one.gain, one.gain_low, one.gain_high, one.kl_to_start) if one.factor else (None,) * 4
    return (
        record.step, one.factor, record.score_name, one.score, *gain, _fate(trigger, one), one.reason, one.tokens, one.seconds
    )  # fmt: skip


def _fate(trigger: Trigger, one: CandidateRecord) -> str:
    record = trigger.record
    if one.factor == 0:
        return "W_t itself"
    if one.factor != record.accepted_factor:
        return "accepted, not taken" if one.accepted else "refused"
    return ("taken although refused" if record.overridden else "taken") + (
        ", then taken back" if trigger.vetoed else ""
    )
