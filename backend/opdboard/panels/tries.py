"""What extrapolations tried, as a table: a row per candidate."""

from collections.abc import Sequence

from opdboard.domain.records import CandidateRecord
from opdboard.panels import look
from opdboard.panels.series import RunSeries, Trigger
from opdboard.panels.table import RUN, STEP, Column, Table, of_rows

Tried = tuple[Trigger, CandidateRecord]
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


def tried(triggers: Sequence[Trigger]) -> list[Tried]:
    """Every candidate that is not W_t itself, with its trigger."""
    return [(trigger, one) for trigger in triggers for one in trigger.record.candidates if one.factor]


def chosen(found: Sequence[Tried]) -> list[Tried]:
    """Those that were taken, also where they were taken back."""
    return [(trigger, one) for trigger, one in found if one.factor == trigger.record.accepted_factor]


def hover(trigger: Trigger, one: CandidateRecord) -> str:
    """All that is known of a try, in lines."""
    lines = [
        f"step {trigger.record.step}, factor {look.number(one.factor)}: {_fate(trigger, one)}",
        f"{trigger.record.score_name} {look.number(one.score)}",
        f"gain {look.number(one.gain)} [{look.number(one.gain_low)}, {look.number(one.gain_high)}]",
        f"KL to W_t {look.number(one.kl_to_start)} nats/token",
        f"{look.number(one.seconds)} s, {one.tokens:,} tokens",
        one.reason,
    ]
    return "<br>".join(line.replace("<", "&lt;") for line in lines)


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
