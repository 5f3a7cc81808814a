"""A text read part by part is expected as in one plain pass, whatever a model carries from token to token."""

from typing import Any

import pytest
import torch
from support.tiny_models import FAMILIES, tiny_model
from support.tokenizers import byte_tokenizer

from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.playground.reader import Reader
from opdboard_worker.training.policy import Policy

PROMPT, TEXT = [5, 6, 7, 8, 9], [3, 4, 10, 11, 12, 13, 14]


def policy(family: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Policy:
    for name, value in changes.items():
        monkeypatch.setitem(FAMILIES[family], name, value)
    size = FAMILIES[family]["vocab_size"]
    tokenizer = byte_tokenizer()
    monkeypatch.setattr(tokenizer, "get_vocab", lambda: {str(one): one for one in range(size)})
    return Policy(LoadedModel(tiny_model(family).eval(), tokenizer, family), torch.device("cpu"), "float32")


@pytest.mark.parametrize(
    ("family", "changes"),
    [("Llama", {}), ("GPT2", {}), ("Mistral", {"sliding_window": 4}), ("Qwen3Moe", {})],
)
@pytest.mark.parametrize("cached", [True, False])
def test_parts_are_expected_as_the_whole(family, changes, cached, monkeypatch) -> None:
    one = policy(family, monkeypatch, **changes)
    one.cached = cached
    reader = Reader(one, PROMPT, len(TEXT))
    expected = [reader.read(part) for part in (TEXT[:1], TEXT[1:4], TEXT[4:])]
    with torch.no_grad():
        plain = one.model(input_ids=torch.tensor([PROMPT + TEXT]), use_cache=False).logits[0, len(PROMPT) - 1 :]
    torch.testing.assert_close(torch.cat([*expected, reader.next_V.unsqueeze(0)]), plain, atol=1e-5, rtol=1e-5)
