"""What analyses of a run's checkpoints found: changed weights, and what each of them scored."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DOUBLE = sa.Float(53)
_ESTIMATES = ("over_base", "over_final", "recovery")


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "variants",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("subject_seq", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("family", sa.String(32), nullable=False),
        sa.Column("x", DOUBLE),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("norm", DOUBLE),
        sa.Column("details", sa.JSON, nullable=False),
        sa.UniqueConstraint("run_id", "position"),
    )
    estimates = [f"{name}{end}" for name in _ESTIMATES for end in ("", "_low", "_high")]
    op.create_table(
        "variant_scores",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("variant_id", sa.Integer, sa.ForeignKey("variants.id", ondelete="CASCADE"), nullable=False),
        sa.Column("measure", sa.String(32), nullable=False),
        *(sa.Column(name, DOUBLE, nullable=False) for name in ("value", "low", "high", *estimates)),
        sa.Column("per_prompt", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_variant_scores_variant_id", "variant_scores", ["variant_id"])


def downgrade() -> None:
    """Take them back."""
    op.drop_table("variant_scores")
    op.drop_table("variants")
