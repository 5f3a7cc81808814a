"""What a run is: training, or another job of a worker that lives as training does, or somebody else's training."""

from enum import StrEnum


class RunKind(StrEnum):
    """Who makes the run's data, and from what."""

    TRAINED = "trained"
    """A worker trains."""
    REPORTED = "reported"
    """Another trainer writes over HTTP; no worker has anything to do with it."""
    IMPORT = "import"
    """A worker measures a series of checkpoints that are there already."""
    ANALYSIS = "analysis"
    """A worker evaluates changed weights of another run."""
    CHECK = "check"
    """A worker loads a pair and looks, before a launch; gone soon after."""
    PLAYGROUND = "playground"
    """A worker holds a run's models while somebody talks to them; gone soon after."""

    @property
    def is_job(self) -> bool:
        """A worker does it without training: it can be paused, stopped and resumed, nothing else."""
        return self in (RunKind.IMPORT, RunKind.ANALYSIS, RunKind.CHECK, RunKind.PLAYGROUND)


UNLISTED = (RunKind.ANALYSIS, RunKind.CHECK, RunKind.PLAYGROUND)
"""Listed only where asked for."""
