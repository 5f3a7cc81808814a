"""The training and analysis engine: trainers, rollouts, checkpoint analysis and the numerics under them."""

import os

# Large tensors on huge pages, where the kernel grants them: a temporary of 100 MB else costs 25,000 page faults each time.
# torch reads this when it is imported.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
