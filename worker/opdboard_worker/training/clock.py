"""Where a run's time goes. Seconds are cumulative over attempts: a checkpoint carries them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Adds up seconds by purpose; 'rollout', 'update', 'monitor' and 'search' make up the cost of training."""

    COUNTED = ("rollout", "update", "monitor", "search")

    def __init__(self, spent: dict[str, float] | None = None) -> None:
        """spent: seconds of earlier attempts, from a checkpoint."""
        self.spent = dict.fromkeys((*self.COUNTED, "evaluation", "checkpoint"), 0.0) | (spent or {})

    @contextmanager
    def running(self, purpose: str) -> Iterator[None]:
        """Count the block's wall time under the purpose."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spent[purpose] += time.perf_counter() - began

    @property
    def counted(self) -> float:
        """Seconds of training, monitoring and search so far; not evaluation, checkpoints and pauses."""
        return sum(self.spent[purpose] for purpose in self.COUNTED)
