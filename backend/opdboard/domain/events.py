"""The topics under which a run's changes are announced: the browser refetches only what moved."""

from enum import StrEnum


class Topic(StrEnum):
    """One kind of stored data of a run."""

    STATE = "state"
    SCALARS = "scalars"
    MODULES = "modules"
    ALIGNMENT = "alignment"
    DECISIONS = "decisions"
    CHECKPOINTS = "checkpoints"
    SAMPLES = "samples"
    LOGS = "logs"
    COMMANDS = "commands"
    ALERTS = "alerts"
    ANALYSES = "analyses"
    CHECK = "check"
    TALK = "talk"
