"""A candidate's gain is over W_t: where it was over the one accepted before it, or in another score, it is told anew.

Scores of single examples are not stored, so such a gain has no interval any more. Where two scores decided, or the one that
decides was not known, the one that was told is named.
"""

import math

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

DECISIONS = sa.table(
    "decisions",
    sa.column("id", sa.Integer),
    *(sa.column(name, sa.String) for name in ("strategy", "trigger", "score_name")),
)
CANDIDATES = sa.table(
    "candidates",
    *(sa.column(name, sa.Integer) for name in ("id", "decision_id", "position")),
    *(sa.column(name) for name in ("factor", "score", "accuracy", "gain", "gain_low", "gain_high")),
    sa.column("accepted", sa.Boolean),
)


def upgrade() -> None:
    """Decision by decision, of which there are few."""
    bind = op.get_bind()
    unknown = "nan" if bind.dialect.name == "sqlite" else math.nan  # which SQLite has no number for
    for decision in bind.execute(sa.select(DECISIONS)).all():
        of_decision = CANDIDATES.c.decision_id == decision.id
        tried = bind.execute(sa.select(CANDIDATES).where(of_decision).order_by(CANDIDATES.c.position)).all()
        # The search of line-searched OPD held every candidate against W_t, and what was accepted before it was no matter.
        in_turn = decision.strategy != "linesearch" or decision.trigger == "command"
        start = next((float(one.score) for one in tried if one.factor == 0), math.nan)
        accepted = False
        for one in tried:
            gain = float(one.score) - start
            differs = abs(gain - float(one.gain)) > 1e-9 * (1 + abs(gain))
            if one.factor and (differs or (in_turn and accepted)):
                told = {"gain": unknown if math.isnan(gain) else gain, "gain_low": unknown, "gain_high": unknown}
                bind.execute(sa.update(CANDIDATES).where(CANDIDATES.c.id == one.id).values(told))
            accepted = accepted or bool(one.factor and one.accepted)
    unanswered = sa.select(CANDIDATES.c.decision_id).where(CANDIDATES.c.factor == 0, CANDIDATES.c.accuracy.is_(None))
    untold = sa.and_(
        DECISIONS.c.strategy == "alpharl", DECISIONS.c.score_name == "accuracy", DECISIONS.c.id.in_(unanswered)
    )
    told_by_kl = sa.or_(DECISIONS.c.score_name == "both", untold)
    bind.execute(sa.update(DECISIONS).where(told_by_kl).values(score_name="negative_reverse_kl"))


def downgrade() -> None:
    """Nothing: the gains that were there cannot be told any more."""
