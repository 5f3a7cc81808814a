"""What of a run stays on disk: its checkpoints, and what its candidates can be made again from.

Of each the latest budget.keep_checkpoints stay, and what another run, an analysis or the best checkpoint needs.
"""

from collections.abc import Iterable
from pathlib import Path

from opdboard.domain.records import CheckpointRecord
from opdboard.domain.run_config import RunConfig
from opdboard_worker.core.extrapolation import Line
from opdboard_worker.models import candidates
from opdboard_worker.training import checkpoint
from opdboard_worker.training.control import Control
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.trained import Trained


class Shelf:
    """The folders of one run."""

    def __init__(
        self, config: RunConfig, student: Policy, trained: Trained, control: Control, folder: Path, data_root: Path
    ) -> None:
        """folder: where checkpoints go; data_root: what recorded paths are relative to."""
        self._config = config
        self._student = student
        self._trained = trained
        self._control = control
        self.checkpoints = folder
        self.candidates = folder.with_name("candidates")
        self._data_root = data_root

    def surplus_checkpoints(self, steps: list[int], best_step: int) -> list[int]:
        """Those of the steps, ascending, whose checkpoints are to go."""
        in_use, _ = self._control.weights_in_use()
        if self._config.selection.keep_best:
            in_use = in_use | {best_step}
        return [at for at in steps[: -self._config.budget.keep_checkpoints] if at not in in_use]

    def write_checkpoint(self, state: checkpoint.TrainerState, reason: str) -> CheckpointRecord:
        """Write the student as it stands. Raises DiskFull."""
        student, weights = self._student, self._trained.state_dict()
        size = checkpoint.write(self.checkpoints, student.model, student.tokenizer, state, weights)
        path = self._recorded(checkpoint.checkpoint_folder(self.checkpoints, state.step))
        return CheckpointRecord(step=state.step, path=path, bytes=size, reason=reason)

    def remove_checkpoints(self, steps: Iterable[int]) -> None:
        """Delete their files."""
        for at in steps:
            checkpoint.remove(self.checkpoints, at)

    def write_candidates(self, step: int, line: Line) -> tuple[str, int]:
        """Write what those of a step can be made again from; its recorded path and bytes. Raises DiskFull."""
        student, weights = self._student, self._trained.state_dict()
        size = candidates.write(self.candidates, step, student.model, student.tokenizer, line, weights)
        return self._recorded(candidates.candidates_folder(self.candidates, step)), size

    def surplus_candidates(self) -> list[int]:
        """Steps whose candidates are to go."""
        _, in_use = self._control.weights_in_use()
        surplus = candidates.kept_steps(self.candidates)[: -self._config.budget.keep_checkpoints]
        return [at for at in surplus if at not in in_use]

    def remove_candidates(self, steps: Iterable[int]) -> None:
        """Delete their files."""
        for at in steps:
            candidates.remove(self.candidates, at)

    def remove_candidates_after(self, step: int) -> None:
        """Delete what an earlier attempt kept of steps that will be done again."""
        self.remove_candidates(at for at in candidates.kept_steps(self.candidates) if at > step)

    def _recorded(self, folder: Path) -> str:
        return folder.relative_to(self._data_root).as_posix()
