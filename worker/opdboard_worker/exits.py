"""How a run's process says why it left, besides 0 and 1."""

EXIT_INTERRUPTED = 75
EXIT_ORPHANED = 76
EXIT_NO_DATABASE = 77
