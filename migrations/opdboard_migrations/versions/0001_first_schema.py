"""The first schema: runs, their attempts, series, decisions, checkpoints, samples, logs and commands, and the workers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DOUBLE = sa.Float(53)


def _of_run(*, primary_key: bool = False) -> sa.Column:
    reference = sa.ForeignKey("runs.id", ondelete="CASCADE")
    return sa.Column("run_id", sa.String(32), reference, primary_key=primary_key, nullable=False)


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("method", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("student", sa.Text, nullable=False),
        sa.Column("teacher", sa.Text, nullable=False),
        sa.Column("group_name", sa.String(200), nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("color", sa.Integer, nullable=False),
        sa.Column("forked_from", sa.String(32)),
        sa.Column("forked_step", sa.Integer),
        sa.Column("created_at", DOUBLE, nullable=False),
        sa.Column("started_at", DOUBLE),
        sa.Column("ended_at", DOUBLE),
        sa.Column("error", sa.JSON),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("fruitless_attempts", sa.Integer, nullable=False),
        sa.Column("worker_id", sa.String(200)),
        sa.Column("device", sa.String(200)),
        sa.Column("sent_at", DOUBLE),
        sa.Column("heartbeat_at", DOUBLE),
        sa.Column("progressed_at", DOUBLE),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("total_steps", sa.Integer, nullable=False),
        sa.Column("latest", sa.JSON, nullable=False),
        sa.Column("modules", sa.JSON, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("rewound_seq", sa.Integer, nullable=False),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("updated_at", DOUBLE, nullable=False),
    )
    op.create_index("runs_by_creation", "runs", ["created_at"])
    op.create_index("runs_by_state", "runs", ["state"])
    op.create_index("runs_by_update", "runs", ["updated_at"])
    op.create_table(
        "attempts",
        _of_run(primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("worker_id", sa.String(200), nullable=False),
        sa.Column("started_at", DOUBLE, nullable=False),
        sa.Column("ended_at", DOUBLE),
        sa.Column("resumed_from", sa.Integer),
        sa.Column("outcome", sa.Text),
    )
    op.create_table(
        "state_changes",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_run(),
        sa.Column("at", DOUBLE, nullable=False),
        sa.Column("from_state", sa.String(16)),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("state_changes_by_run", "state_changes", ["run_id", "id"])
    op.create_table(
        "scalar_chunks",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_run(),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("first_step", sa.Integer, nullable=False),
        sa.Column("last_step", sa.Integer, nullable=False),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("seqs", sa.LargeBinary, nullable=False),
        sa.Column("steps", sa.LargeBinary, nullable=False),
        sa.Column("point_values", sa.LargeBinary, nullable=False),
        sa.Column("times", sa.LargeBinary, nullable=False),
    )
    op.create_index("scalar_chunks_by_key", "scalar_chunks", ["run_id", "key", "first_step"])
    op.create_index("scalar_chunks_by_seq", "scalar_chunks", ["run_id", "last_seq"])
    op.create_table(
        "module_vectors",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_run(),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("statistic", sa.String(64), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("reference_step", sa.Integer),
        sa.Column("vector_values", sa.LargeBinary, nullable=False),
    )
    op.create_index("module_vectors_by_seq", "module_vectors", ["run_id", "seq"])
    op.create_index("module_vectors_by_step", "module_vectors", ["run_id", "statistic", "step"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_run(),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("strategy", sa.String(32), nullable=False),
        sa.Column("trigger", sa.String(32), nullable=False),
        sa.Column("anchor_step", sa.Integer, nullable=False),
        sa.Column("direction_norm", DOUBLE, nullable=False),
        sa.Column("validation_size", sa.Integer, nullable=False),
        sa.Column("score_name", sa.String(32), nullable=False),
        sa.Column("accepted_factor", DOUBLE, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("seconds", DOUBLE, nullable=False),
        sa.Column("vetoed", sa.Boolean, nullable=False),
    )
    op.create_index("decisions_by_run", "decisions", ["run_id", "step"])
    op.create_table(
        "candidates",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("decision_id", sa.Integer, sa.ForeignKey("decisions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("factor", DOUBLE, nullable=False),
        sa.Column("score", DOUBLE, nullable=False),
        sa.Column("accuracy", DOUBLE),
        sa.Column("reverse_kl", DOUBLE, nullable=False),
        sa.Column("gain", DOUBLE, nullable=False),
        sa.Column("gain_low", DOUBLE, nullable=False),
        sa.Column("gain_high", DOUBLE, nullable=False),
        sa.Column("kl_to_start", DOUBLE, nullable=False),
        sa.Column("accepted", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("seconds", DOUBLE, nullable=False),
    )
    op.create_index("ix_candidates_decision_id", "candidates", ["decision_id"])
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_run(),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("created_at", DOUBLE, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.UniqueConstraint("run_id", "step"),
    )
    op.create_table(
        "samples",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_run(),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("response", sa.Text, nullable=False),
        sa.Column("tokens", sa.JSON, nullable=False),
        sa.Column("token_kl", sa.LargeBinary, nullable=False),
        sa.Column("token_advantage", sa.LargeBinary, nullable=False),
        sa.Column("correct", sa.Boolean),
        sa.Column("truncated", sa.Boolean, nullable=False),
    )
    op.create_index("samples_by_step", "samples", ["run_id", "step"])
    op.create_table(
        "log_lines",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_run(),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("at", DOUBLE, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("log_lines_by_run", "log_lines", ["run_id", "id"])
    op.create_table(
        "commands",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_run(),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("created_at", DOUBLE, nullable=False),
        sa.Column("done_at", DOUBLE),
        sa.Column("ok", sa.Boolean),
        sa.Column("result", sa.Text),
    )
    op.create_index("commands_by_run", "commands", ["run_id", "id"])
    op.create_table(
        "workers",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("queues", sa.JSON, nullable=False),
        sa.Column("started_at", DOUBLE, nullable=False),
        sa.Column("heartbeat_at", DOUBLE, nullable=False),
        sa.Column("run_id", sa.String(32)),
        sa.Column("load", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    """Drop every table, the referring ones first."""
    for table in (
        "candidates",
        "state_changes",
        "scalar_chunks",
        "samples",
        "module_vectors",
        "log_lines",
        "decisions",
        "commands",
        "checkpoints",
        "attempts",
        "workers",
        "runs",
    ):
        op.drop_table(table)
