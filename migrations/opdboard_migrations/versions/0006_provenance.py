"""What each attempt was made with: versions of software, and which weights and data it read."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of attempts so far nobody knows."""
    op.add_column("attempts", sa.Column("provenance", sa.JSON, nullable=True))


def downgrade() -> None:
    """Take the column back."""
    op.drop_column("attempts", "provenance")
