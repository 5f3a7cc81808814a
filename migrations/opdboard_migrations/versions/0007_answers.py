"""A prompt may have no known answer."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Samples may be without one."""
    with op.batch_alter_table("samples") as samples:
        samples.alter_column("answer", existing_type=sa.Text(), nullable=True)


def downgrade() -> None:
    """Samples without one get an empty one."""
    op.execute("UPDATE samples SET answer = '' WHERE answer IS NULL")
    with op.batch_alter_table("samples") as samples:
        samples.alter_column("answer", existing_type=sa.Text(), nullable=False)
