"""Series: scalars in packed chunks per key, per-module statistics as one vector per step; both read by cursor."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from opdboard.db.tables import ModuleVectorRow, ScalarChunk, Table
from opdboard.domain.records import ModuleVector

CHUNK_POINTS = 256


@dataclass(frozen=True)
class ScalarSeries:
    """Points of one key in step order: seqs and steps int64, values and times (s since the epoch) float64."""

    seqs: np.ndarray
    steps: np.ndarray
    values: np.ndarray
    times: np.ndarray

    def after(self, seq: int) -> "ScalarSeries":
        """Only the points written after the sequence number."""
        if not seq:
            return self
        new = self.seqs > seq
        times = self.times[new] if len(self.times) else self.times
        return ScalarSeries(self.seqs[new], self.steps[new], self.values[new], times)

    def between(self, first: int, last: int | None) -> "ScalarSeries":
        """Only the points from a step to another; None is the end."""
        start = int(np.searchsorted(self.steps, first))
        stop = len(self.steps) if last is None else int(np.searchsorted(self.steps, last, side="right"))
        some = slice(start, stop)
        return ScalarSeries(self.seqs[some], self.steps[some], self.values[some], self.times[some])

    def by_step(self) -> dict[int, float]:
        """Step -> value."""
        return dict(zip(self.steps.tolist(), self.values.tolist(), strict=True))


@dataclass(frozen=True)
class NewPoints:
    """Points of one key to add, steps ascending."""

    steps: Sequence[int]
    values: Sequence[float]
    times: Sequence[float]


@dataclass(frozen=True)
class NewestChunk:
    """The chunk of a key that the next points go into, while it has room."""

    id: int
    last_step: int
    count: int
    blobs: Sequence[bytes]
    """Of seqs, steps, values and times."""


_BLOBS = ("seqs", "steps", "point_values", "times")
_CHUNKS = Table.metadata.tables[ScalarChunk.__tablename__]
_GROW = update(_CHUNKS).where(_CHUNKS.c.id == bindparam("of"))
_ADD = insert(_CHUNKS)
_OF_KEYS = (_CHUNKS.c.run_id == bindparam("run"), _CHUNKS.c.key.in_(bindparam("keys", expanding=True)))
# Made once, as everything that a trainer waits for at each step: making a query takes longer than answering it.
_NEWEST = select(*(_CHUNKS.c[name] for name in ("key", "id", "last_step", "count", *_BLOBS))).where(
    _CHUNKS.c.run_id == bindparam("run"),
    tuple_(_CHUNKS.c.key, _CHUNKS.c.first_step).in_(
        select(_CHUNKS.c.key, func.max(_CHUNKS.c.first_step)).where(*_OF_KEYS).group_by(_CHUNKS.c.key)
    ),
)
_ADD_VECTORS = insert(Table.metadata.tables[ModuleVectorRow.__tablename__])


def append_scalars(session: Session, run_id: str, seq: int, step: int, at: float, scalars: Mapping[str, float]) -> None:
    """Add one point to each key."""
    points = {key: NewPoints([step], [value], [at]) for key, value in scalars.items()}
    append_points(session, run_id, seq, points, newest_chunks(session, run_id, points))


def append_points(
    session: Session, run_id: str, seq: int, points: Mapping[str, NewPoints], newest: Mapping[str, NewestChunk]
) -> None:
    """Add points behind those of each key: into its newest chunk while that has room, then into new ones."""
    grown: list[dict[str, Any]] = []
    added: list[dict[str, Any]] = []
    for key, new in points.items():
        packed = _pack([seq] * len(new.steps), new.steps, new.values, new.times)
        chunk, start = newest.get(key), 0
        if chunk is not None and chunk.count < CHUNK_POINTS:
            start = min(len(new.steps), CHUNK_POINTS - chunk.count)
            blobs = (before + more[: start * 8] for before, more in zip(chunk.blobs, packed, strict=True))
            about = {"last_step": new.steps[start - 1], "last_seq": seq, "count": chunk.count + start}
            grown.append({"of": chunk.id, **about, **dict(zip(_BLOBS, blobs, strict=True))})
        for begin in range(start, len(new.steps), CHUNK_POINTS):
            end = min(len(new.steps), begin + CHUNK_POINTS)
            blobs = (more[begin * 8 : end * 8] for more in packed)
            about = {"first_step": new.steps[begin], "last_step": new.steps[end - 1], "last_seq": seq}
            about |= {"run_id": run_id, "key": key, "count": end - begin}
            added.append({**about, **dict(zip(_BLOBS, blobs, strict=True))})
    # Not as objects of the session: a trainer waits for this at every step, and it is three times as fast.
    connection = session.connection()
    if grown:
        connection.execute(_GROW, grown)
    if added:
        connection.execute(_ADD, added)


def newest_chunks(session: Session, run_id: str, keys: Iterable[str]) -> dict[str, NewestChunk]:
    """The last chunk of each key that has any; found in the index alone, however long the series is."""
    found = session.connection().execute(_NEWEST, {"run": run_id, "keys": list(keys)}).mappings()
    return {
        row["key"]: NewestChunk(row["id"], row["last_step"], row["count"], [row[name] for name in _BLOBS])
        for row in found
    }


def _pack(
    seqs: Sequence[int], steps: Sequence[int], values: Sequence[float], times: Sequence[float]
) -> tuple[bytes, ...]:
    count = len(steps)
    integers, reals = struct.Struct(f"<{count}q"), struct.Struct(f"<{count}d")
    return integers.pack(*seqs), integers.pack(*steps), reals.pack(*values), reals.pack(*times)


def read_scalars(
    session: Session,
    run_id: str,
    keys: Sequence[str],
    *,
    after: int = 0,
    within: tuple[float | None, float | None] = (None, None),
    timed: bool = True,
) -> dict[str, ScalarSeries]:
    """The points of each key written after a sequence number; keys without any are left out.

    within and timed: see `read_scalars_of_all`.
    """
    found = read_scalars_of_all(session, [run_id], keys, within=within, timed=timed, after=after)
    return {key: one.after(after) for key, one in found[run_id].items()}


def read_scalars_of_all(
    session: Session,
    run_ids: Sequence[str],
    keys: Sequence[str],
    *,
    within: tuple[float | None, float | None] = (None, None),
    timed: bool = True,
    after: int = 0,
) -> dict[str, dict[str, ScalarSeries]]:
    """Run -> the points of each key, in one query; keys without any are left out.

    within: first and last step of interest (None: no end); the points there, at least one neighbour beyond each end, and
    whatever else is packed with them. timed: without it times are left unread, and empty. after: what is packed with
    nothing written after this sequence number may be left out.
    """
    columns = (ScalarChunk.seqs, ScalarChunk.steps, ScalarChunk.values, *((ScalarChunk.times,) if timed else ()))
    query = select(ScalarChunk.run_id, ScalarChunk.key, ScalarChunk.first_step, *columns).where(
        ScalarChunk.run_id.in_(run_ids),
        ScalarChunk.key.in_(keys),
        ScalarChunk.last_seq > after,
        *_overlapping(*within),
    )
    chunks: dict[tuple[str, str], list[tuple[int, tuple[bytes, ...]]]] = {}
    # Sorted below, not by the query: the database would carry the blobs about.
    for run_id, key, first_step, *packed in session.execute(query):
        chunks.setdefault((run_id, key), []).append((first_step, tuple(packed)))
    found: dict[str, dict[str, ScalarSeries]] = {run_id: {} for run_id in run_ids}
    for (run_id, key), parts in chunks.items():
        found[run_id][key] = _unpack([packed for _, packed in sorted(parts)])
    return found


def _overlapping(first: float | None, last: float | None) -> list[ColumnElement[bool]]:
    """Conditions for the chunks that hold steps of the range, or the step next to one of its ends."""
    if first is None and last is None:
        return []
    other = aliased(ScalarChunk)
    of_key = (other.run_id == ScalarChunk.run_id, other.key == ScalarChunk.key)
    conditions: list[ColumnElement[bool]] = []
    if first is not None:
        before = select(func.max(other.first_step)).where(*of_key, other.first_step < first).scalar_subquery()
        conditions.append(ScalarChunk.first_step >= func.coalesce(before, ScalarChunk.first_step))
    if last is not None:
        behind = select(func.min(other.last_step)).where(*of_key, other.last_step > last).scalar_subquery()
        conditions.append(ScalarChunk.last_step <= func.coalesce(behind, ScalarChunk.last_step))
    return conditions


def _unpack(chunks: Sequence[tuple[bytes, ...]]) -> ScalarSeries:
    """chunks: (seqs, steps, values) or (seqs, steps, values, times), in step order."""
    seqs, steps, values, *times = (b"".join(column) for column in zip(*chunks, strict=True))
    return ScalarSeries(
        np.frombuffer(seqs, "<i8"),
        np.frombuffer(steps, "<i8"),
        np.frombuffer(values, "<f8"),
        np.frombuffer(times[0] if times else b"", "<f8"),
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
    rows = [
        {
            "run_id": run_id,
            "seq": seq,
            "statistic": vector.statistic,
            "step": vector.step,
            "reference_step": vector.reference_step,
            "vector_values": np.asarray(vector.values, "<f4").tobytes(),
        }
        for vector in vectors
    ]
    if rows:
        session.connection().execute(_ADD_VECTORS, rows)


def stored_vector(session: Session, run_id: str, wanted: ModuleVector) -> bytes | None:
    """The float32 values stored for a vector's statistic, step and reference; None where there are none."""
    table = ModuleVectorRow
    query = select(table.values).where(
        table.run_id == run_id,
        table.statistic == wanted.statistic,
        table.step == wanted.step,
        table.reference_step.is_not_distinct_from(wanted.reference_step),
    )
    return session.scalars(query).first()


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
    within: tuple[int | None, int | None] = (None, None),
    reference_step: int | None = None,
) -> VectorSeries:
    """Vectors of a statistic written after a sequence number, in step order, optionally of one step or reference only.

    within: the first and the last step to read; None where nothing bounds it.
    """
    table = ModuleVectorRow
    query = select(table.step, table.reference_step, table.seq, table.values).where(
        table.run_id == run_id, table.statistic == statistic, table.seq > after
    )
    if step is not None:
        query = query.where(table.step == step)
    first, last = within
    if first is not None:
        query = query.where(table.step >= first)
    if last is not None:
        query = query.where(table.step <= last)
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


def reference_steps(session: Session, run_id: str, statistic: str) -> list[int]:
    """Reference snapshots of an alignment statistic, ascending."""
    query = select(ModuleVectorRow.reference_step).where(
        ModuleVectorRow.run_id == run_id,
        ModuleVectorRow.statistic == statistic,
        ModuleVectorRow.reference_step.is_not(None),
    )
    return sorted({step for step in session.scalars(query) if step is not None})


def rewind(session: Session, run_id: str, step: int) -> None:
    """Drop every point after the step: a resumed attempt computes them again."""
    session.execute(delete(ScalarChunk).where(ScalarChunk.run_id == run_id, ScalarChunk.first_step > step))
    for chunk in session.scalars(select(ScalarChunk).where(ScalarChunk.run_id == run_id, ScalarChunk.last_step > step)):
        series = _unpack([(chunk.seqs, chunk.steps, chunk.values, chunk.times)])
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
