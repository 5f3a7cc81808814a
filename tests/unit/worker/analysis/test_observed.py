"""What is looked at of embeddings: the tokens that responses can use, and no padding."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from opdboard_worker.analysis import observed
from opdboard_worker.core.vocabulary import Vocabulary


def test_rows_beyond_the_tokenizer_are_no_tokens_whose_shift_is_told(monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(1)
    base_VH, update_VH = torch.randn(12, 4), torch.zeros(12, 4)
    update_VH[:3] = torch.randn(3, 4)
    update_VH[9:] = 100 * torch.randn(3, 4)  # as weight decay or a careless optimizer may move padding
    monkeypatch.setattr(observed, "_used_tokens", lambda *_: Counter({2: 5, 0: 1}))
    student = SimpleNamespace(vocabulary=Vocabulary(9))
    prompts = SimpleNamespace(decode_tokens=lambda ids: [f"t{one}" for one in ids])
    bench: Any = SimpleNamespace(
        embeddings=lambda: {"input": "embed"},
        base={"embed": base_VH},
        scorer=SimpleNamespace(student=student, prompts=prompts),
    )
    updates: Any = SimpleNamespace(at=lambda _: {"embed": update_VH})
    (batch,) = observed.shift_steps(bench, updates, 4)(-1)
    details = batch.variants[0].details
    assert (details["vocabulary"], details["distinct"], details["tokens"]) == (9, 2, ["t2", "t0"])
    cosine_V = torch.cosine_similarity(base_VH, base_VH + update_VH)
    assert details["one_minus_cosine"] == pytest.approx((1 - cosine_V[[2, 0]]).tolist(), abs=1e-6)
    unused = sorted(details["unused_one_minus_cosine"])
    assert unused == pytest.approx(sorted((1 - cosine_V[[1, *range(3, 9)]]).tolist()), abs=1e-6)
