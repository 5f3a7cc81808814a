"""Series: scalars in packed chunks per key, per-module statistics as one vector per step; both read by cursor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session, aliased

from opdboard.db.tables import ModuleVectorRow, ScalarChunk
from opdboard.domain.records import ModuleVector

CHUNK_POINTS = 256
_PACKED = ("seqs", "steps", "values", "times")


@dataclass(frozen=True)
class ScalarSeries:
    """Points of one key in step order: seqs and steps int64, values and times (s since the epoch) float64."""

    seqs: np.ndarray
    steps: np.ndarray
    values: np.ndarray
    times: np.ndarray

    def after(self, seq: int) -> "ScalarSeries":
        """Only the points written after the sequence number."""
        new = self.seqs > seq
        return ScalarSeries(self.seqs[new], self.steps[new], self.values[new], self.times[new])


def append_scalars(session: Session, run_id: str, seq: int, step: int, at: float, scalars: Mapping[str, float]) -> None:
    """Add one point to each key, into its unfinished chunk or a new one."""
    query = select(ScalarChunk).where(
        ScalarChunk.run_id == run_id, ScalarChunk.key.in_(scalars), ScalarChunk.count < CHUNK_POINTS
    )
    open_chunks = {chunk.key: chunk for chunk in session.scalars(query)}
    for key, value in scalars.items():
        packed = _pack([seq], [step], [value], [at])
        chunk = open_chunks.get(key)
        if chunk is None:
            session.add(
                ScalarChunk(
                    run_id=run_id, key=key, first_step=step, last_step=step, last_seq=seq, count=1,
                    seqs=packed[0], steps=packed[1], values=packed[2], times=packed[3],
                )
            )  # fmt: skip
            continue
        chunk.last_step, chunk.last_seq, chunk.count = step, seq, chunk.count + 1
        chunk.seqs += packed[0]
        chunk.steps += packed[1]
        chunk.values += packed[2]
        chunk.times += packed[3]


def _pack(
    seqs: Sequence[int], steps: Sequence[int], values: Sequence[float], times: Sequence[float]
) -> tuple[bytes, ...]:
    integers, reals = np.dtype("<i8"), np.dtype("<f8")
    return (
        np.asarray(seqs, integers).tobytes(),
        np.asarray(steps, integers).tobytes(),
        np.asarray(values, reals).tobytes(),
        np.asarray(times, reals).tobytes(),
    )


def read_scalars(
    session: Session,
    run_id: str,
    keys: Sequence[str],
    *,
    after: int = 0,
    within: tuple[float | None, float | None] = (None, None),
) -> dict[str, ScalarSeries]:
    """The points of each key written after a sequence number; keys without any are left out.

    within: first and last step of interest (None: no end); the points there, at least one neighbour beyond each end, and
    whatever else is packed with them.
    """
    query = (
        select(ScalarChunk.key, *(getattr(ScalarChunk, name) for name in _PACKED))
        .where(
            ScalarChunk.run_id == run_id,
            ScalarChunk.key.in_(keys),
            ScalarChunk.last_seq > after,
            *_overlapping(run_id, *within),
        )
        .order_by(ScalarChunk.key, ScalarChunk.first_step, ScalarChunk.id)
    )
    chunks: dict[str, list[Any]] = {}
    for chunk in session.execute(query):
        chunks.setdefault(chunk.key, []).append(chunk)
    return {key: _unpack(parts).after(after) for key, parts in chunks.items()}


def _overlapping(run_id: str, first: float | None, last: float | None) -> list[ColumnElement[bool]]:
    """Conditions for the chunks that hold steps of the range, or the step next to one of its ends."""
    other = aliased(ScalarChunk)
    of_key = (other.run_id == run_id, other.key == ScalarChunk.key)
    conditions: list[ColumnElement[bool]] = []
    if first is not None:
        before = select(func.max(other.first_step)).where(*of_key, other.first_step < first).scalar_subquery()
        conditions.append(ScalarChunk.first_step >= func.coalesce(before, ScalarChunk.first_step))
    if last is not None:
        behind = select(func.min(other.last_step)).where(*of_key, other.last_step > last).scalar_subquery()
        conditions.append(ScalarChunk.last_step <= func.coalesce(behind, ScalarChunk.last_step))
    return conditions


def _unpack(chunks: Sequence[Any]) -> ScalarSeries:
    return ScalarSeries(
        np.frombuffer(b"".join(chunk.seqs for chunk in chunks), "<i8"),
        np.frombuffer(b"".join(chunk.steps for chunk in chunks), "<i8"),
        np.frombuffer(b"".join(chunk.values for chunk in chunks), "<f8"),
        np.frombuffer(b"".join(chunk.times for chunk in chunks), "<f8"),
    )


def scalar_keys(session: Session, run_ids: Sequence[str]) -> list[str]:
    """Keys that any of the runs has, sorted."""
    query = select(ScalarChunk.key).where(ScalarChunk.run_id.in_(run_ids)).distinct()
    return sorted(session.scalars(query))


def latest(session: Session, run_id: str) -> dict[str, float]:
    """The last value of every key."""
    newest = (
        select(ScalarChunk.key, func.max(ScalarChunk.id).label("id"))
        .where(ScalarChunk.run_id == run_id)
        .group_by(ScalarChunk.key)
        .subquery()
    )
    chunks = session.scalars(select(ScalarChunk).join(newest, ScalarChunk.id == newest.c.id))
    return {chunk.key: float(np.frombuffer(chunk.values, "<f8")[-1]) for chunk in chunks}


def append_vectors(session: Session, run_id: str, seq: int, vectors: Sequence[ModuleVector]) -> None:
    """Store vectors as float32."""
    session.add_all(
        ModuleVectorRow(
            run_id=run_id,
            seq=seq,
            statistic=vector.statistic,
            step=vector.step,
            reference_step=vector.reference_step,
            values=np.asarray(vector.values, "<f4").tobytes(),
        )
        for vector in vectors
    )


@dataclass(frozen=True)
class VectorSeries:
    """One statistic: seqs, steps and reference_steps (-1 for none) (S,) int64, values (S, modules) float32."""

    steps: np.ndarray
    reference_steps: np.ndarray
    values: np.ndarray
    seqs: np.ndarray


def read_vectors(
    session: Session,
    run_id: str,
    statistic: str,
    *,
    after: int = 0,
    step: int | None = None,
    reference_step: int | None = None,
) -> VectorSeries:
    """Vectors of a statistic written after a sequence number, in step order, optionally of one step or reference only."""
    table = ModuleVectorRow
    query = select(table.step, table.reference_step, table.seq, table.values).where(
        table.run_id == run_id, table.statistic == statistic, table.seq > after
    )
    if step is not None:
        query = query.where(table.step == step)
    if reference_step is not None:
        query = query.where(table.reference_step == reference_step)
    rows = session.execute(query.order_by(table.step, table.reference_step)).all()
    width = len(rows[0].values) // 4 if rows else 0
    return VectorSeries(
        np.array([row.step for row in rows], np.int64),
        np.array([-1 if row.reference_step is None else row.reference_step for row in rows], np.int64),
        np.frombuffer(b"".join(row.values for row in rows), "<f4").reshape(len(rows), width),
        np.array([row.seq for row in rows], np.int64),
    )


def vector_steps(session: Session, run_id: str, statistic: str) -> list[int]:
    """Steps at which a statistic was stored, ascending."""
    query = select(ModuleVectorRow.step).where(ModuleVectorRow.run_id == run_id, ModuleVectorRow.statistic == statistic)
    return sorted(set(session.scalars(query)))


def reference_steps(session: Session, run_id: str, statistic: str) -> list[int]:
    """Reference snapshots of an alignment statistic, ascending."""
    query = select(ModuleVectorRow.reference_step).where(
        ModuleVectorRow.run_id == run_id,
        ModuleVectorRow.statistic == statistic,
        ModuleVectorRow.reference_step.is_not(None),
    )
    return sorted({step for step in session.scalars(query) if step is not None})


def statistics(session: Session, run_ids: Sequence[str]) -> list[str]:
    """Vector statistics that any of the runs has, sorted."""
    query = select(ModuleVectorRow.statistic).where(ModuleVectorRow.run_id.in_(run_ids)).distinct()
    return sorted(session.scalars(query))


def rewind(session: Session, run_id: str, step: int) -> None:
    """Drop every point after the step: a resumed attempt computes them again."""
    session.execute(delete(ScalarChunk).where(ScalarChunk.run_id == run_id, ScalarChunk.first_step > step))
    for chunk in session.scalars(select(ScalarChunk).where(ScalarChunk.run_id == run_id, ScalarChunk.last_step > step)):
        series = _unpack([chunk])
        kept = int(np.searchsorted(series.steps, step, side="right"))
        chunk.count, chunk.last_step, chunk.last_seq = kept, int(series.steps[kept - 1]), int(series.seqs[kept - 1])
        chunk.seqs, chunk.steps, chunk.values, chunk.times = _pack(
            series.seqs[:kept].tolist(),
            series.steps[:kept].tolist(),
            series.values[:kept].tolist(),
            series.times[:kept].tolist(),
        )
    session.execute(
        delete(ModuleVectorRow).where(
            ModuleVectorRow.run_id == run_id,
            (ModuleVectorRow.step > step) | (ModuleVectorRow.reference_step > step),
        )
    )
