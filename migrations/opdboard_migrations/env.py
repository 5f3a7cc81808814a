"""Runs revisions on the connection that Database.upgrade hands over, or on OPDBOARD_DATABASE_URL when Alembic is called directly."""

from typing import Literal

from alembic import context
from sqlalchemy import Connection, text

from opdboard.db.tables import AnyFloat, Table

UPGRADE_LOCK = 7_031_989  # any constant: two upgrades of one PostgreSQL database wait for each other


def render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """A revision must not depend on today's code: AnyFloat is a double in the database."""
    return "sa.Float(53)" if kind == "type" and isinstance(item, AnyFloat) else False


def migrate(connection: Connection) -> None:
    """Run the revisions in one transaction; SQLite rebuilds a table where it cannot alter it."""
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        context.run_migrations()


def main() -> None:
    """Find the connection; Alembic's own command line works too."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        migrate(connection)
        return
    from opdboard.db.database import Database  # only when Alembic is called directly
    from opdboard.settings import Settings

    database = Database(Settings.read().sql_url)
    with database.write() as session:
        migrate(session.connection())
    database.close()


main()
