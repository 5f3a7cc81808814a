"""Steering as the trainer sees it: commands to obey between two steps, and the run's state to keep true."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.orm import Session
from typing_extensions import override

from opdboard.db import commands, lineage, runs
from opdboard.db.database import Database
from opdboard.domain.commands import AnyRequest, Extrapolate, Veto, request_of
from opdboard.domain.events import Topic
from opdboard.domain.records import CommandResult
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import claims, transitions
from opdboard_worker.patience import PatientDatabase
from opdboard_worker.training.ranks import Ranks

PAUSE_POLL_SECONDS = 0.2


@dataclass
class Orders:
    """What the pending commands amount to at one step boundary: their ids, and what is asked where that differs."""

    extrapolate: list[tuple[int, Extrapolate]] = field(default_factory=list)
    veto: list[tuple[int, Veto]] = field(default_factory=list)
    checkpoint: list[int] = field(default_factory=list)
    pause: list[int] = field(default_factory=list)
    stop: list[int] = field(default_factory=list)
    resume: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, requests: Iterable[tuple[int, AnyRequest]]) -> "Orders":
        """Sort commands by kind, in the order given."""
        orders = cls()
        for command_id, request in requests:
            match request:
                case Extrapolate():
                    orders.extrapolate.append((command_id, request))
                case Veto():
                    orders.veto.append((command_id, request))
                case _:
                    getattr(orders, request.command.value).append(command_id)
        return orders


class Control(Protocol):
    """The trainer's line to whoever steers."""

    def orders(self, step: int) -> Orders:
        """Commands to obey at this step."""
        ...

    def become(self, state: RunState, *, reason: str = "", error: dict[str, Any] | None = None) -> bool:
        """Record the run's new state; False, and nothing happens, where a stop was asked for that this would undo."""
        ...

    def wait_while_paused(self, pause_ids: list[int], step: int) -> Orders:
        """Hold after this step until told to resume or stop; the orders that ended the pause."""
        ...

    def weights_in_use(self) -> tuple[set[int], set[int]]:
        """Steps of checkpoints, and of kept candidates, that other runs still have to load."""
        ...


class DatabaseControl(Control):
    """Commands and states as rows, fenced by the attempt's number; outlasts a database that is away."""

    def __init__(self, database: Database, run_id: str, attempt: int) -> None:
        """The attempt must have been claimed."""
        self._database = PatientDatabase(database)
        self._run_id = run_id
        self._attempt = attempt

    @override
    def orders(self, step: int) -> Orders:
        """What a lost attempt did at a later step waits for that step."""
        pending = self._database.read(lambda session: commands.pending(session, self._run_id))
        due = [row for row in pending if row.obeyed_step is None or row.obeyed_step <= step]
        return Orders.of((row.id, request_of(row.kind, row.arguments)) for row in due)

    def state(self) -> RunState:
        """The run's state now; StaleAttempt when another attempt owns it."""
        return self._database.read(lambda session: RunState(claims.fence(session, self._run_id, self._attempt).state))

    @override
    def become(self, state: RunState, *, reason: str = "", error: dict[str, Any] | None = None) -> bool:
        """Commands that an ended run can no longer obey are closed."""

        def change(session: Session) -> bool:
            run = runs.get(session, self._run_id, lock=True)
            if state.ended and run.attempt == self._attempt and run.state == state:
                return True  # by a commit whose answer was lost
            run = claims.fence(session, self._run_id, self._attempt)
            if run.state == RunState.STOPPING and not state.ended:
                return state is RunState.STOPPING
            if run.state != state:
                transitions.transition(session, run, state, reason=reason, error=error)
            if state.ended:
                commands.drop_pending(session, self._run_id, f"the run has {state} before this was obeyed")
            return True

        return self._database.write(change)

    def plan(self, total_steps: int) -> None:
        """Note how many steps there are, where that is known only now."""

        def note(session: Session) -> None:
            run = claims.fence(session, self._run_id, self._attempt)
            if run.total_steps != total_steps:
                run.total_steps = total_steps
                runs.touch(run, Topic.STATE)

        self._database.write(note)

    def finish(self, results: list[CommandResult]) -> None:
        """Write down what was done with commands outside of a batch."""

        def close(session: Session) -> None:
            run = claims.fence(session, self._run_id, self._attempt)
            runs.touch(run, Topic.COMMANDS)
            for result in results:
                commands.finish(session, result, run.step)

        self._database.write(close)

    @override
    def weights_in_use(self) -> tuple[set[int], set[int]]:
        return self._database.read(lambda session: lineage.weights_in_use(session, self._run_id))

    @override
    def wait_while_paused(self, pause_ids: list[int], step: int) -> Orders:
        """Other commands stay pending and are obeyed at the next step.

        A stop that was asked for since the pause, or since the resume, was read comes before it.
        """
        if self.become(RunState.PAUSED, reason="pause asked for"):
            self.finish([CommandResult(command_id, True, "paused") for command_id in pause_ids])
        while True:
            orders = self.orders(step)
            if orders.stop:
                return orders
            if orders.resume and self.become(RunState.RUNNING, reason="resume asked for"):
                self.finish([CommandResult(command_id, True, "resumed") for command_id in orders.resume])
                return Orders()
            time.sleep(PAUSE_POLL_SECONDS)


class SharedControl(Control):
    """One line for all ranks of a run: the first speaks and listens, the others hear from it what it heard."""

    def __init__(self, control: Control, ranks: Ranks) -> None:
        """control: used by the first rank alone."""
        self._control = control
        self._ranks = ranks
        self._first = ranks.rank == 0

    @override
    def orders(self, step: int) -> Orders:
        return self._ranks.from_first(self._control.orders(step) if self._first else Orders())

    @override
    def become(self, state: RunState, *, reason: str = "", error: dict[str, Any] | None = None) -> bool:
        return self._control.become(state, reason=reason, error=error) if self._first else True

    @override
    def wait_while_paused(self, pause_ids: list[int], step: int) -> Orders:
        waited = self._control.wait_while_paused(pause_ids, step) if self._first else Orders()
        return self._ranks.from_first(waited)

    @override
    def weights_in_use(self) -> tuple[set[int], set[int]]:
        """Asked by the first rank alone, which is the one that removes."""
        return self._control.weights_in_use()
