"""How many batches of an attempt are stored: one whose commit was not answered is not stored twice."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Attempts so far count from zero: none of them writes any more."""
    op.add_column("attempts", sa.Column("batches", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Take the column back."""
    op.drop_column("attempts", "batches")
