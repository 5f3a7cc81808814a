"""What the server that runs are forked from imports: their programs, with torch and transformers.

Nothing becomes garbage meanwhile, and looking for it would take a fifth of the time; nor does a run's process look through it,
which would take longer than many of its steps and copy the pages that it shares with the server.
"""

import gc
import importlib

PROGRAMS = ("opdboard_worker.training.main", "opdboard_worker.analysis.main")

gc.disable()
for _program in PROGRAMS:
    importlib.import_module(_program)
gc.freeze()
gc.enable()
