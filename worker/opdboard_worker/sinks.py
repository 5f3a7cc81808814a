"""Where a trainer's reports go."""

from dataclasses import dataclass, field
from typing import Protocol

from typing_extensions import override

from opdboard.db.database import Database
from opdboard.domain.modules import Module
from opdboard.domain.provenance import Provenance
from opdboard.domain.records import Batch
from opdboard.domain.run_state import RunState
from opdboard.domain.transfer import Transfer
from opdboard.lifecycle import recording
from opdboard_worker.patience import PatientDatabase


class MetricSink(Protocol):
    """Takes batches; each becomes visible as a whole or not at all."""

    def begin(self, *, step: int, modules: list[Module], device: str, made_with: Provenance | None = None) -> None:
        """Training starts or goes on after `step`; anything reported beyond it is void."""
        ...

    def write(self, batch: Batch) -> None:
        """Take one batch; raises StaleAttempt when another attempt owns the run."""
        ...

    def transferring(self, transfer: Transfer | None) -> bool:
        """The run waits for this, None: for nothing any more; False where it was asked to stop meanwhile."""
        ...


class DatabaseSink(MetricSink):
    """Writes each batch once, in one transaction, fenced by the attempt's number; outlasts a database that is away."""

    def __init__(self, database: Database, run_id: str, attempt: int) -> None:
        """The attempt must have been claimed."""
        self._database = PatientDatabase(database)
        self._run_id = run_id
        self._attempt = attempt
        self._written = 0

    @override
    def begin(self, *, step: int, modules: list[Module], device: str, made_with: Provenance | None = None) -> None:
        self._database.write(
            lambda session: recording.begin(
                session, self._run_id, self._attempt, step=step, modules=modules, device=device, made_with=made_with
            )
        )

    @override
    def write(self, batch: Batch) -> None:
        number = self._written + 1
        self._database.write(
            lambda session: recording.record(session, self._run_id, self._attempt, batch, number=number)
        )
        self._written = number

    @override
    def transferring(self, transfer: Transfer | None) -> bool:
        state = self._database.write(
            lambda session: recording.transferring(session, self._run_id, self._attempt, transfer)
        )
        return state is not RunState.STOPPING


class NoSink(MetricSink):
    """Forgets everything; for the ranks of a run that are not the first."""

    @override
    def begin(self, *, step: int, modules: list[Module], device: str, made_with: Provenance | None = None) -> None:
        pass

    @override
    def write(self, batch: Batch) -> None:
        pass

    @override
    def transferring(self, transfer: Transfer | None) -> bool:
        return True


@dataclass
class MemorySink(MetricSink):
    """Keeps batches in a list; for notebooks and tests."""

    batches: list[Batch] = field(default_factory=list)

    @override
    def begin(self, *, step: int, modules: list[Module], device: str, made_with: Provenance | None = None) -> None:
        self.batches = [batch for batch in self.batches if batch.step <= step]

    @override
    def write(self, batch: Batch) -> None:
        self.batches.append(batch)

    @override
    def transferring(self, transfer: Transfer | None) -> bool:
        return True

    def series(self, key: str) -> dict[int, float]:
        """Values of a scalar by step."""
        return {batch.step: batch.scalars[key] for batch in self.batches if key in batch.scalars}
