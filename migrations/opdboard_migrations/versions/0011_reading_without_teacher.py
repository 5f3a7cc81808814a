"""How a teacher reads is set only where there is one: what had no effect, and is refused now, is as if nobody had set it."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

RUNS = sa.table("runs", sa.column("id", sa.String), sa.column("kind", sa.String), sa.column("config", sa.JSON))


def upgrade() -> None:
    """In runs and in checks that wait."""
    bind = op.get_bind()
    # A configuration is long: one at a time, by id, whatever the number of runs.
    for run_id in bind.execute(sa.select(RUNS.c.id).where(RUNS.c.kind.in_(("trained", "check")))).scalars().all():
        config = bind.execute(sa.select(RUNS.c.config).where(RUNS.c.id == run_id)).scalar_one()
        if (changed := _unset(config)) != config:
            bind.execute(sa.update(RUNS).where(RUNS.c.id == run_id).values(config=changed))


def downgrade() -> None:
    """Nothing: it is what was meant before, too."""


def _unset(config: dict[str, Any]) -> dict[str, Any]:
    if (config.get("teacher") or {}).get("kind") != "none" or "reading" not in config:
        return config
    unset = {"teacher": {"template": "student", "template_arguments": {}, "end_tokens": []}, "ends": "leave"}
    return {**config, "reading": {**config["reading"], **unset}}
