"""What a run says of the device that it trains on."""

import pytest
import torch

from opdboard_worker.training.assembly import _device_name
from opdboard_worker.training.ranks import Alone


@pytest.mark.parametrize(("threads", "told"), [(1, "CPU, 1 thread"), (8, "CPU, 8 threads")])
def test_a_cpu_is_named_with_its_threads(threads: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert _device_name(torch.device("cpu"), Alone()) == told
