"""Transactions that outlast a database that is away: a restart, a failover, a connection that was cut."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import tenacity
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from opdboard.db.database import Database

PATIENCE_SECONDS = 900.0
"""How long a transaction is tried again before the work that needs it ends."""

_LASTING = ("full", "disk i/o error", "no space left", "no such table", "no such column", "readonly", "read-only")
"""Words of an error that waiting does not mend."""

log = logging.getLogger(__name__)

Result = TypeVar("Result")


def passes(error: BaseException) -> bool:
    """Whether the database is only away for a while."""
    if not isinstance(error, DBAPIError):
        return False
    away = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return away and not any(words in str(error.orig).lower() for words in _LASTING)


class PatientDatabase:
    """A database whose transactions are functions, done again as a whole until one is through.

    A commit whose answer was lost is done again too, so a function must find out whether it was done before.
    """

    def __init__(self, database: Database, seconds: float = PATIENCE_SECONDS) -> None:
        """seconds: after so long the database's own error is raised."""
        self._database = database
        self._seconds = seconds

    def read(self, do: Callable[[Session], Result]) -> Result:
        """What the function reads."""

        def once() -> Result:
            with self._database.read() as session:
                return do(session)

        return self._until_through(once)

    def write(self, do: Callable[[Session], Result]) -> Result:
        """What the function returns, after its transaction was committed."""

        def once() -> Result:
            with self._database.write() as session:
                return do(session)

        return self._until_through(once)

    def _until_through(self, once: Callable[[], Result]) -> Result:
        began = time.monotonic()
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception(passes),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=5.0),
            stop=tenacity.stop_after_delay(self._seconds),
            before_sleep=_tell,
            reraise=True,
        )
        result = again(once)
        if (waited := time.monotonic() - began) > 1 and again.statistics.get("attempt_number", 1) > 1:
            log.warning("the database answers again, after %.1f s", waited)
        return result


def _tell(state: tenacity.RetryCallState) -> None:
    if state.attempt_number == 1 and state.outcome is not None:
        error = state.outcome.exception()
        log.warning("the database does not answer, trying again: %s", getattr(error, "orig", error))
