"""What a user can ask of a live run. The trainer reads commands between two steps."""

from enum import StrEnum


class Command(StrEnum):
    """A steering action; each is stored with who asked, when, and what the trainer did."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CHECKPOINT = "checkpoint"
    EXTRAPOLATE = "extrapolate"
    VETO = "veto"
