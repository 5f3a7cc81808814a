"""What extrapolations tried: what became of each candidate, in marks, in words, and as a table with a row per candidate."""

from collections.abc import Sequence

import numpy as np

from opdboard.domain.measures import score
from opdboard.domain.records import CandidateRecord
from opdboard.panels import look
from opdboard.panels.series import RunSeries, Trigger
from opdboard.panels.table import RUN, STEP, Column, Table, of_rows

Tried = tuple[Trigger, CandidateRecord]
CHOSEN = {"symbol": "circle-open", "size": 17, "color": look.OKABE_ITO[1], "line": {"width": 2}}
TAKEN_BACK = {"symbol": "x-thin-open", "size": 14, "color": look.OKABE_ITO[4], "line": {"width": 2}}
_LONGEST = 48  # characters of a hover's line, which a phone still shows whole
_COLUMNS = (
    STEP,
    Column("factor along D"),
    Column("scored by", numeric=False),
    Column("score"),
    Column("gain over W_t"),
    Column("gain over W_t, lower end"),
    Column("gain over W_t, upper end"),
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


def may_be_nothing(one: CandidateRecord) -> bool:
    """Whether its gain's interval holds 0, or is not known."""
    return not (one.gain_low > 0 or one.gain_high < 0)


def hover(trigger: Trigger, one: CandidateRecord) -> str:
    """What became of a try, its gain, and why: three short lines."""
    cost = f"KL {look.number(one.kl_to_start, 3)}, {look.number(one.seconds, 3)} s"
    lines = [
        f"step {trigger.record.step}, factor {look.number(one.factor, 3)}: {_fate(trigger, one)}; {cost}",
        _gain(one) if one.factor else f"{score(trigger.record.score_name).brief} {look.number(one.score, 3)}",
        look.minus(one.reason),
    ]
    return in_lines(lines)


def in_lines(lines: Sequence[str]) -> str:
    """For a hover: each short enough to be seen whole, without markup."""
    return "<br>".join(look.shortened(line, _LONGEST).replace("<", "&lt;") for line in lines if line)


def _gain(one: CandidateRecord) -> str:
    if not np.isfinite(one.gain):
        return "gain over W_t not known"
    told = f"gain over W_t {look.signed(one.gain)}"
    if not (np.isfinite(one.gain_low) and np.isfinite(one.gain_high)):
        return f"{told}, no interval"
    return f"{told} [{look.signed(one.gain_low)}, {look.signed(one.gain_high)}]"


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
        record.step, one.factor, score(record.score_name).brief, one.score, *gain, _fate(trigger, one), one.reason, one.tokens, one.seconds
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
