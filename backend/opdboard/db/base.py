"""What every table has: the declarative base, and the column that says whose a row is."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Table(DeclarativeBase):
    """Declarative base; Alembic's target metadata hangs on it."""


def of_run() -> Mapped[str]:
    """The id of the run that a row belongs to, and goes with."""
    return mapped_column(String(32), ForeignKey("runs.id", ondelete="CASCADE"), index=False)
