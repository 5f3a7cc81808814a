"""The newest measurements of a run, as far as alerts need them: a few chunks and rows, read once per batch."""

from array import array
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from opdboard.db.tables import ModuleVectorRow, Run, ScalarChunk, Table
from opdboard.domain.alert_rules import Rule, Scope
from opdboard.domain.module_signatures import EXPLODING_AT_MOST
from opdboard.domain.records import Batch

# Chunks that were written to within so many writes of the run: the unfinished ones, and those finished lately.
RECENT_WRITES = 512
_SIGNATURE_KEYS = (
    "reverse_kl", "truncated_share", "repetition_rate", "overlap_ratio", "entropy_gap", "grad_norm",
    "skipped_updates",
)  # fmt: skip

_CHUNKS = Table.metadata.tables[ScalarChunk.__tablename__].c
_RECENT = (
    select(_CHUNKS.key, _CHUNKS.steps, _CHUNKS.point_values)
    .where(
        _CHUNKS.run_id == bindparam("run"),
        _CHUNKS.key.in_(bindparam("keys", expanding=True)),
        _CHUNKS.last_seq > bindparam("after"),
    )
    .order_by(_CHUNKS.first_step, _CHUNKS.id)
)
_VECTORS = Table.metadata.tables[ModuleVectorRow.__tablename__].c
_NEWEST_ROWS = (
    select(_VECTORS.step, _VECTORS.vector_values)
    .where(
        _VECTORS.run_id == bindparam("run"),
        _VECTORS.statistic == bindparam("statistic"),
        _VECTORS.reference_step.is_(None),
    )
    .order_by(_VECTORS.step.desc())
    .limit(bindparam("count"))
)


class History:
    """One batch's view of its run, the batch included; oldest first everywhere."""

    def __init__(self, session: Session, run: Run, seq: int, batch: Batch, rules: Sequence[Rule]) -> None:
        """seq: the batch's; rules: those about the run."""
        self.rules = rules
        self._session = session
        self._run_id = run.id
        self._seq = seq
        self._batch = batch
        self._statistics: dict[str, tuple[list[int], list[Sequence[float]]]] = {}

    @cached_property
    def new_rows(self) -> dict[str, Sequence[float]]:
        """The batch's statistics over all modules (alignments to a later snapshot are no measurements of a step)."""
        return {vector.statistic: vector.values for vector in self._batch.vectors if vector.reference_step is None}

    def scalar(self, key: str, *, after_step: int = 0) -> list[float]:
        """The newest values of a scalar, at least the last 256 where there are as many, of steps after one."""
        steps, values = self._scalars.get(key, ((), ()))
        if after_step:
            return [value for step, value in zip(steps, values, strict=True) if step > after_step]
        return list(values)

    def is_whole(self, key: str) -> bool:
        """Whether the scalar's values are all that the run has."""
        first = select(ScalarChunk.first_step).where(ScalarChunk.run_id == self._run_id, ScalarChunk.key == key)
        steps = self._scalars.get(key, ((), ()))[0]
        return self._session.scalar(first.order_by(ScalarChunk.first_step).limit(1)) == (steps[0] if steps else None)

    @cached_property
    def _scalars(self) -> dict[str, tuple[Sequence[int], Sequence[float]]]:
        keys = {*_SIGNATURE_KEYS, *(rule.measure for rule in self.rules if rule.scope is Scope.SCALAR)}
        wanted = list(keys & self._batch.scalars.keys())
        of_these = {"run": self._run_id, "keys": wanted, "after": self._seq - RECENT_WRITES}
        found: dict[str, tuple[bytes, bytes]] = {}
        for key, steps, values in self._session.connection().execute(_RECENT, of_these):
            before = found.get(key, (b"", b""))
            found[key] = (before[0] + steps, before[1] + values)
        return {
            key: (np.frombuffer(steps, "<i8").tolist(), np.frombuffer(values, "<f8").tolist())
            for key, (steps, values) in found.items()
        }

    def statistic(self, name: str) -> tuple[list[int], list[Sequence[float]]]:
        """Steps and rows of a statistic over all modules: as many of the newest as any signature or rule looks at."""
        if name not in self._statistics:
            longest = max([EXPLODING_AT_MOST, *(rule.steps for rule in self.rules if rule.measure == name)])
            of_it = {"run": self._run_id, "statistic": name, "count": longest + 1}
            rows = list(reversed(self._session.connection().execute(_NEWEST_ROWS, of_it).all()))
            self._statistics[name] = ([step for step, _ in rows], [array("f", values) for _, values in rows])
        return self._statistics[name]
