"""A short real run of four steps on the demo pair, for what is done with its checkpoints."""

from pathlib import Path
from typing import Any

from opdboard.db import analyses
from opdboard.db.database import Database
from opdboard.domain.budget import Budget
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.records import VariantRecord
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.settings import Settings
from opdboard_worker.sinks import MemorySink
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.control import Orders
from opdboard_worker.training.loop import Training

CONFIG = RunConfig(
    optimizer=Optimizer(learning_rate=1e-3),
    budget=Budget(
        steps=4, batch_size=8, max_prompt_tokens=16, max_response_tokens=6, checkpoint_every=1, keep_checkpoints=9
    ),
    monitoring=Monitoring(evaluate_every=4, held_out_size=16, spectral_every=4, samples_count=0),
    device="cpu",
)


class Undisturbed:
    """A Control that asks for nothing."""

    def orders(self, step: int) -> Orders:
        return Orders()

    def become(self, state: RunState, *, reason: str = "", error: dict[str, Any] | None = None) -> bool:
        return True

    def wait_while_paused(self, pause_ids: list[int], step: int) -> Orders:
        return Orders()

    def weights_in_use(self) -> tuple[set[int], set[int]]:
        return set(), set()


def no_runs(source: object) -> Path:
    raise AssertionError(f"nothing here loads {source}")


def train(root: Path) -> None:
    """The run, whose id is 'subject', in a data folder."""
    folder = root / "runs" / "subject"
    parts = assemble(CONFIG, Settings(data_dir=root), no_runs, folder / "snapshots")
    Training(parts, MemorySink(), Undisturbed(), folder / "checkpoints", root).run()


def found(database: Database, run_id: str) -> list[VariantRecord]:
    with database.read() as session:
        return [analyses.record_of(row) for row in analyses.variants_of(session, run_id)]
