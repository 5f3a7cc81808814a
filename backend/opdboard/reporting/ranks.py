"""Which process of a distributed training this is, as far as it can be told without importing anything."""

import os
import sys


def rank() -> int:
    """The rank among all processes of the training: of torch.distributed when begun, else RANK (torchrun); 0 when alone."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return int(distributed.get_rank())
    text = os.environ.get("RANK", "")
    return int(text) if text.isascii() and text.isdigit() else 0
