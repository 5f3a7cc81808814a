"""Arguments of commands, forks from a candidate, deletions, saved views, alerts, webhooks; runs of other trainers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DOUBLE = sa.Float(53)


def upgrade() -> None:
    """Add columns with a value for the rows that exist, then the new tables."""
    # Not in batch mode: it would drop and copy the table on SQLite, and the drop would cascade to all that a run has.
    op.add_column("runs", sa.Column("kind", sa.String(16), nullable=False, server_default="trained"))
    op.add_column("runs", sa.Column("forked_factor", DOUBLE))
    op.create_index("runs_by_group", "runs", ["group_name", "created_at"])
    op.add_column("commands", sa.Column("arguments", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("commands", sa.Column("asked_step", sa.Integer))
    op.add_column("commands", sa.Column("obeyed_step", sa.Integer))
    op.add_column("decisions", sa.Column("overridden", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("decisions", sa.Column("weights_path", sa.Text))
    op.add_column("decisions", sa.Column("weights_bytes", sa.BigInteger))
    _create_lineage()
    op.create_table(
        "deleted_runs",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("at", DOUBLE, nullable=False),
    )
    op.create_index("deleted_runs_by_time", "deleted_runs", ["at"])
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("page", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("updated_at", DOUBLE, nullable=False),
        sa.UniqueConstraint("page", "name"),
    )
    op.create_table(
        "alert_rules",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("measure", sa.String(128), nullable=False),
        sa.Column("comparison", sa.String(16), nullable=False),
        sa.Column("threshold", DOUBLE),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("runs", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", DOUBLE, nullable=False),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at", DOUBLE, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("rule_id", sa.Integer, sa.ForeignKey("alert_rules.id", ondelete="SET NULL")),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("measure", sa.String(128)),
        sa.Column("module", sa.String(300)),
        sa.Column("others", sa.Integer, nullable=False),
        sa.Column("value", DOUBLE),
        sa.Column("cleared_step", sa.Integer),
        sa.Column("seen_at", DOUBLE),
    )
    op.create_index("alerts_by_run", "alerts", ["run_id", "step"])
    op.create_index("alerts_by_time", "alerts", ["at"])
    op.create_index("ix_alerts_rule_id", "alerts", ["rule_id"])
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", DOUBLE, nullable=False),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("webhook_id", sa.Integer, sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("alert_id", sa.Integer, sa.ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", DOUBLE),
        sa.Column("delivered_at", DOUBLE),
        sa.Column("error", sa.Text),
    )
    op.create_index("ix_webhook_deliveries_webhook_id", "webhook_deliveries", ["webhook_id"])
    op.create_index("ix_webhook_deliveries_alert_id", "webhook_deliveries", ["alert_id"])
    op.create_index("webhook_deliveries_by_due", "webhook_deliveries", ["due_at"])


def _create_lineage() -> None:
    """The table, and the rows of runs that were made before it."""
    lineage = op.create_table(
        "lineage",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("relation", sa.String(16), nullable=False),
        sa.Column("source_id", sa.String(32), nullable=False),
        sa.Column("step", sa.Integer),
        sa.Column("factor", DOUBLE),
    )
    op.create_index("ix_lineage_run_id", "lineage", ["run_id"])
    op.create_index("ix_lineage_source_id", "lineage", ["source_id"])
    runs = sa.table("runs", sa.column("id", sa.String), sa.column("config", sa.JSON))
    rows = []
    for run_id, config in op.get_bind().execute(sa.select(runs.c.id, runs.c.config)):
        sources = {"student": config.get("student") or {}, "teacher": (config.get("teacher") or {}).get("source") or {}}
        rows += [
            {"run_id": run_id, "relation": relation, "source_id": source["run_id"], "step": source.get("step")}
            for relation, source in sources.items()
            if source.get("kind") == "run"
        ]
    if rows:
        op.bulk_insert(lineage, rows)


def downgrade() -> None:
    """Back to the first schema."""
    for table in ("lineage", "webhook_deliveries", "webhooks", "alerts", "alert_rules", "saved_views", "deleted_runs"):
        op.drop_table(table)
    for column in ("weights_bytes", "weights_path", "overridden"):
        op.drop_column("decisions", column)
    for column in ("obeyed_step", "asked_step", "arguments"):
        op.drop_column("commands", column)
    op.drop_index("runs_by_group", "runs")
    op.drop_column("runs", "forked_factor")
    op.drop_column("runs", "kind")
