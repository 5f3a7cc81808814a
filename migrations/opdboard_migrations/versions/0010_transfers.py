"""What a run waits for from the hub, or pushes there."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing moves yet."""
    op.add_column("runs", sa.Column("transfer", sa.JSON, nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("runs", "transfer")
