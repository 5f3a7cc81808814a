"""Steering as the trainer sees it: commands to obey between two steps, and the run's state to keep true."""

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from opdboard.db import runs, steering
from opdboard.db.database import Database
from opdboard.domain.commands import Command
from opdboard.domain.events import Topic
from opdboard.domain.records import CommandResult
from opdboard.domain.run_state import RunState

PAUSE_POLL_SECONDS = 0.2


@dataclass
class Orders:
    """What the pending commands amount to at one step boundary."""

    extrapolate: list[int] = field(default_factory=list)
    veto: list[int] = field(default_factory=list)
    checkpoint: list[int] = field(default_factory=list)
    pause: list[int] = field(default_factory=list)
    stop: list[int] = field(default_factory=list)
    resume: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, commands: list[tuple[int, Command]]) -> "Orders":
        """Sort command ids by kind."""
        orders = cls()
        for command_id, kind in commands:
            getattr(orders, kind.value).append(command_id)
        return orders


class Control(Protocol):
    """The trainer's line to whoever steers."""

    def orders(self) -> Orders:
        """Commands pending now."""
        ...

    def become(self, state: RunState, *, reason: str = "", error: dict[str, Any] | None = None) -> None:
        """Record the run's new state."""
        ...

    def wait_while_paused(self, pause_ids: list[int]) -> Orders:
        """Hold until told to resume or stop; the orders that ended the pause."""
        ...


class DatabaseControl:
    """Commands and states as rows, fenced by the attempt's number."""

    def __init__(self, database: Database, run_id: str, attempt: int) -> None:
        """The attempt must have been claimed."""
        self._database = database
        self._run_id = run_id
        self._attempt = attempt

    def orders(self) -> Orders:
        """See Control."""
        with self._database.read() as session:
            return Orders.of([(row.id, Command(row.kind)) for row in steering.pending(session, self._run_id)])

    def state(self) -> RunState:
        """The run's state now; StaleAttempt when another attempt owns it."""
        with self._database.read() as session:
            return RunState(runs.fence(session, self._run_id, self._attempt).state)

    def become(self, state: RunState, *, reason: str = "", error: dict[str, Any] | None = None) -> None:
        """See Control; commands that an ended run can no longer obey are closed."""
        with self._database.write() as session:
            run = runs.fence(session, self._run_id, self._attempt)
            if run.state != state:
                runs.transition(session, run, state, reason=reason, error=error)
            if state.ended:
                steering.drop_pending(session, self._run_id, f"the run has {state} before this was obeyed")

    def finish(self, results: list[CommandResult]) -> None:
        """Write down what was done with commands outside of a batch."""
        with self._database.write() as session:
            runs.touch(runs.fence(session, self._run_id, self._attempt), Topic.COMMANDS)
            for result in results:
                steering.finish(session, result)

    def wait_while_paused(self, pause_ids: list[int]) -> Orders:
        """See Control. Other commands stay pending and are obeyed at the next step."""
        self.become(RunState.PAUSED, reason="pause asked for")
        self.finish([CommandResult(command_id, True, "paused") for command_id in pause_ids])
        while True:
            orders = self.orders()
            if orders.stop:
                return orders
            if orders.resume:
                self.become(RunState.RUNNING, reason="resume asked for")
                self.finish([CommandResult(command_id, True, "resumed") for command_id in orders.resume])
                return Orders()
            time.sleep(PAUSE_POLL_SECONDS)
