"""The tables. Times are seconds since the epoch (UTC); series are packed little-endian arrays."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opdboard.db.alert_tables import Alert as Alert
from opdboard.db.alert_tables import AlertRule as AlertRule
from opdboard.db.alert_tables import Webhook as Webhook
from opdboard.db.alert_tables import WebhookDelivery as WebhookDelivery
from opdboard.db.analysis_tables import VariantRow as VariantRow
from opdboard.db.analysis_tables import VariantScore as VariantScore
from opdboard.db.any_float import AnyFloat
from opdboard.db.base import Table as Table
from opdboard.db.base import of_run


class Run(Table):
    """A run and its present state. seq grows with every write; topics says which kind of data moved to which seq.

    kind: see domain.run_kinds; config is that kind's, free-form for a reported run. transfer: a domain.transfer.Transfer
    while it lasts.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index("runs_by_update", "updated_at"),
        Index("runs_by_state", "state"),
        Index("runs_by_creation", "created_at"),
        Index("runs_by_group", "group_name", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16), default="trained")
    method: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    student: Mapped[str] = mapped_column(Text)
    teacher: Mapped[str] = mapped_column(Text)
    group: Mapped[str] = mapped_column("group_name", String(200), default="")
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    notes: Mapped[str] = mapped_column(Text, default="")
    color: Mapped[int] = mapped_column(Integer)
    forked_from: Mapped[str | None] = mapped_column(String(32))
    forked_step: Mapped[int | None] = mapped_column(Integer)
    forked_factor: Mapped[float | None] = mapped_column(Float(53))

    created_at: Mapped[float] = mapped_column(Float(53))
    started_at: Mapped[float | None] = mapped_column(Float(53))
    ended_at: Mapped[float | None] = mapped_column(Float(53))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON)

    attempt: Mapped[int] = mapped_column(Integer, default=0)
    fruitless_attempts: Mapped[int] = mapped_column(Integer, default=0)
    worker_id: Mapped[str | None] = mapped_column(String(200))
    device: Mapped[str | None] = mapped_column(String(200))
    sent_at: Mapped[float | None] = mapped_column(Float(53))
    heartbeat_at: Mapped[float | None] = mapped_column(Float(53))
    progressed_at: Mapped[float | None] = mapped_column(Float(53))
    transfer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    step: Mapped[int] = mapped_column(Integer, default=0)
    total_steps: Mapped[int] = mapped_column(Integer)
    latest: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    modules: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)

    seq: Mapped[int] = mapped_column(Integer, default=0)
    rewound_seq: Mapped[int] = mapped_column(Integer, default=0)
    topics: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    updated_at: Mapped[float] = mapped_column(Float(53))


class DeletedRun(Table):
    """That a run was deleted, for browsers that were not connected at the time."""

    __tablename__ = "deleted_runs"
    __table_args__ = (Index("deleted_runs_by_time", "at"),)

    run_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[float] = mapped_column(Float(53))


class Lineage(Table):
    """Where a run comes from: weights of its student or teacher (step None: the latest checkpoint), a copied config, or
    the checkpoints that it is about. The source may have been deleted since.
    """

    __tablename__ = "lineage"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = mapped_column(String(32), ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    relation: Mapped[str] = mapped_column(String(16))
    source_id: Mapped[str] = mapped_column(String(32), index=True)
    step: Mapped[int | None] = mapped_column(Integer)
    factor: Mapped[float | None] = mapped_column(Float(53))


class Attempt(Table):
    """One try at a run; its number fences the writes of every earlier one.

    provenance: see domain.provenance; None of one that did not get as far as loading its models.
    """

    __tablename__ = "attempts"

    run_id: Mapped[str] = mapped_column(String(32), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    worker_id: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[float] = mapped_column(Float(53))
    ended_at: Mapped[float | None] = mapped_column(Float(53))
    resumed_from: Mapped[int | None] = mapped_column(Integer)
    outcome: Mapped[str | None] = mapped_column(Text)
    batches: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    provenance: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class StateChange(Table):
    """One line of a run's history."""

    __tablename__ = "state_changes"
    __table_args__ = (Index("state_changes_by_run", "run_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    at: Mapped[float] = mapped_column(Float(53))
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, default="")


class ScalarChunk(Table):
    """Up to series.CHUNK_POINTS consecutive points of one key: int64 seqs and steps, float64 values and times."""

    __tablename__ = "scalar_chunks"
    __table_args__ = (
        Index("scalar_chunks_by_key", "run_id", "key", "first_step"),
        Index("scalar_chunks_by_seq", "run_id", "last_seq"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    key: Mapped[str] = mapped_column(String(128))
    first_step: Mapped[int] = mapped_column(Integer)
    last_step: Mapped[int] = mapped_column(Integer)
    last_seq: Mapped[int] = mapped_column(Integer)
    count: Mapped[int] = mapped_column(Integer)
    seqs: Mapped[bytes] = mapped_column(LargeBinary)
    steps: Mapped[bytes] = mapped_column(LargeBinary)
    values: Mapped[bytes] = mapped_column("point_values", LargeBinary)
    times: Mapped[bytes] = mapped_column(LargeBinary)


class ModuleVectorRow(Table):
    """One statistic over all modules at one step (float32); see domain.records.ModuleVector."""

    __tablename__ = "module_vectors"
    __table_args__ = (
        Index("module_vectors_by_step", "run_id", "statistic", "step"),
        Index("module_vectors_by_seq", "run_id", "seq"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    seq: Mapped[int] = mapped_column(Integer)
    statistic: Mapped[str] = mapped_column(String(64))
    step: Mapped[int] = mapped_column(Integer)
    reference_step: Mapped[int | None] = mapped_column(Integer)
    values: Mapped[bytes] = mapped_column("vector_values", LargeBinary)


class Decision(Table):
    """One trigger of a strategy; see domain.records.DecisionRecord. weights_path is None once its weights are removed."""

    __tablename__ = "decisions"
    __table_args__ = (Index("decisions_by_run", "run_id", "step"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    seq: Mapped[int] = mapped_column(Integer)
    step: Mapped[int] = mapped_column(Integer)
    strategy: Mapped[str] = mapped_column(String(32))
    trigger: Mapped[str] = mapped_column(String(32))
    anchor_step: Mapped[int] = mapped_column(Integer)
    direction_norm: Mapped[float] = mapped_column(AnyFloat)
    validation_size: Mapped[int] = mapped_column(Integer)
    score_name: Mapped[str] = mapped_column(String(32))
    accepted_factor: Mapped[float] = mapped_column(Float(53))
    outcome: Mapped[str] = mapped_column(Text)
    tokens: Mapped[int] = mapped_column(Integer)
    seconds: Mapped[float] = mapped_column(Float(53))
    vetoed: Mapped[bool] = mapped_column(Boolean, default=False)
    overridden: Mapped[bool] = mapped_column(Boolean, default=False)
    weights_path: Mapped[str | None] = mapped_column(Text)
    weights_bytes: Mapped[int | None] = mapped_column(BigInteger)
    candidates: Mapped[list["Candidate"]] = relationship(
        order_by="Candidate.index", cascade="all, delete-orphan", lazy="selectin"
    )


class Candidate(Table):
    """One tried factor; see domain.records.CandidateRecord."""

    __tablename__ = "candidates"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id", ondelete="CASCADE"), index=True)
    index: Mapped[int] = mapped_column("position", Integer)
    factor: Mapped[float] = mapped_column(Float(53))
    score: Mapped[float] = mapped_column(AnyFloat)
    accuracy: Mapped[float | None] = mapped_column(AnyFloat)
    reverse_kl: Mapped[float] = mapped_column(AnyFloat)
    gain: Mapped[float] = mapped_column(AnyFloat)
    gain_low: Mapped[float] = mapped_column(AnyFloat)
    gain_high: Mapped[float] = mapped_column(AnyFloat)
    kl_to_start: Mapped[float] = mapped_column(AnyFloat)
    accepted: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(Text)
    tokens: Mapped[int] = mapped_column(Integer)
    seconds: Mapped[float] = mapped_column(Float(53))


class Checkpoint(Table):
    """A checkpoint folder below the data folder; removed ones keep their row."""

    __tablename__ = "checkpoints"
    __table_args__ = (UniqueConstraint("run_id", "step"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    seq: Mapped[int] = mapped_column(Integer)
    step: Mapped[int] = mapped_column(Integer)
    path: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[float] = mapped_column(Float(53))
    removed: Mapped[bool] = mapped_column(Boolean, default=False)


class Sample(Table):
    """One stored response; token_kl and token_advantage are float32, one value per token."""

    __tablename__ = "samples"
    __table_args__ = (Index("samples_by_step", "run_id", "step"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    seq: Mapped[int] = mapped_column(Integer)
    step: Mapped[int] = mapped_column(Integer)
    index: Mapped[int] = mapped_column("position", Integer)
    prompt: Mapped[str] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    response: Mapped[str] = mapped_column(Text)
    tokens: Mapped[list[str]] = mapped_column(JSON)
    token_kl: Mapped[bytes] = mapped_column(LargeBinary)
    token_advantage: Mapped[bytes] = mapped_column(LargeBinary)
    correct: Mapped[bool | None] = mapped_column(Boolean)
    truncated: Mapped[bool] = mapped_column(Boolean)


class LogLine(Table):
    """One line that a trainer or its supervisor wrote."""

    __tablename__ = "log_lines"
    __table_args__ = (Index("log_lines_by_run", "run_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    attempt: Mapped[int] = mapped_column(Integer)
    at: Mapped[float] = mapped_column(Float(53))
    text: Mapped[str] = mapped_column(Text)


class CommandRow(Table):
    """A steering action: who asked for what, when and at which step, what the trainer did and at which step.

    A command that changed weights which were lost with their trainer is open again (done_at None) and keeps its
    obeyed_step: the next attempt obeys it there, as the lost one did.
    """

    __tablename__ = "commands"
    __table_args__ = (Index("commands_by_run", "run_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    kind: Mapped[str] = mapped_column(String(32))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    actor: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float] = mapped_column(Float(53))
    asked_step: Mapped[int | None] = mapped_column(Integer)
    done_at: Mapped[float | None] = mapped_column(Float(53))
    obeyed_step: Mapped[int | None] = mapped_column(Integer)
    ok: Mapped[bool | None] = mapped_column(Boolean)
    result: Mapped[str | None] = mapped_column(Text)


class Worker(Table):
    """A worker process; load is {cpu, memory_used, memory_total, gpus: [...]}, shares in 0..1 and bytes."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    host: Mapped[str] = mapped_column(String(200))
    pid: Mapped[int] = mapped_column(Integer)
    queues: Mapped[list[str]] = mapped_column(JSON)
    started_at: Mapped[float] = mapped_column(Float(53))
    heartbeat_at: Mapped[float] = mapped_column(Float(53))
    run_id: Mapped[str | None] = mapped_column(String(32))
    load: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class SavedView(Table):
    """A named view of a page: the query string of its address."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("page", "name"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    page: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    search: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[float] = mapped_column(Float(53))
