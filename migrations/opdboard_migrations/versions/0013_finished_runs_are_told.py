"""Webhooks hear of finished runs, too."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A delivery is of an alert or of a run's end; a webhook may leave the latter out."""
    # Never by a batch, which rebuilds the table on SQLite: dropping the old one would take all deliveries along.
    op.add_column("webhooks", sa.Column("finished", sa.Boolean, nullable=False, server_default=sa.true()))
    with op.batch_alter_table("webhook_deliveries") as deliveries:
        deliveries.alter_column("alert_id", existing_type=sa.Integer(), nullable=True)
        deliveries.add_column(sa.Column("run_id", sa.String(32), nullable=True))
        deliveries.create_foreign_key("webhook_deliveries_run_id_fkey", "runs", ["run_id"], ["id"], ondelete="CASCADE")
        deliveries.create_index("ix_webhook_deliveries_run_id", ["run_id"])


def downgrade() -> None:
    """Deliveries of a run's end are lost."""
    op.execute("DELETE FROM webhook_deliveries WHERE alert_id IS NULL")
    with op.batch_alter_table("webhook_deliveries") as deliveries:
        deliveries.drop_index("ix_webhook_deliveries_run_id")
        deliveries.drop_constraint("webhook_deliveries_run_id_fkey", type_="foreignkey")
        deliveries.drop_column("run_id")
        deliveries.alter_column("alert_id", existing_type=sa.Integer(), nullable=False)
    op.drop_column("webhooks", "finished")
