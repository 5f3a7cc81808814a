"""Playgrounds: what is asked of a run's weights, and what they answer, piece by piece."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _of_run() -> sa.Column[str]:
    return sa.Column("run_id", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    """There are none so far."""
    op.create_table(
        "playgrounds",
        sa.Column("run_id", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("beats", sa.Integer, nullable=False),
        sa.Column("left_at_beat", sa.Integer),
        sa.Column("about", sa.JSON),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_run(),
        sa.Column("question", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Float(53), nullable=False),
        sa.Column("done_at", sa.Float(53)),
        sa.Column("stop_asked", sa.Boolean, nullable=False),
    )
    op.create_index("questions_by_run", "questions", ["run_id", "id"])
    op.create_table(
        "answer_pieces",
        sa.Column("id", sa.Integer, primary_key=True),
        _of_run(),
        sa.Column("question_id", sa.Integer, sa.ForeignKey("questions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("piece", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("answer_pieces_by_run", "answer_pieces", ["run_id", "id"])
    op.create_index("ix_answer_pieces_question_id", "answer_pieces", ["question_id"])


def downgrade() -> None:
    """Drop them."""
    for table in ("answer_pieces", "questions", "playgrounds"):
        op.drop_table(table)
