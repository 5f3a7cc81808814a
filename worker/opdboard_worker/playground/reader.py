"""A model that reads a text part by part and says what it expects next: to speak, or to judge what another has said."""

from collections.abc import Sequence

import torch
from torch import Tensor

from opdboard_worker.training.kv_cache import sampling_cache
from opdboard_worker.training.policy import Policy


class Reader:
    """One text on one policy; of its vocabulary's V tokens, see Policy.head."""

    def __init__(self, policy: Policy, prompt: Sequence[int], room: int) -> None:
        """Reads the prompt. room: tokens that come after it at most."""
        self._policy = policy
        self._ids: list[int] = []
        self._cache, keep = sampling_cache(policy.model.config, room) if policy.cached else (None, None)
        self._several_at_once = self._cache is None or keep is not None
        """Layers other than full attention are only known to go on token by token."""
        self.next_V = self._head(self._hidden(prompt)[-1:])[0]
        """Logits of what comes next."""

    @torch.no_grad()
    def read(self, ids: Sequence[int]) -> Tensor:
        """Go on with these tokens, at least one; the logits (n, V) that expected each of them."""
        logits_nV = self._head(
            self._hidden(ids) if self._several_at_once else torch.cat([self._hidden([token]) for token in ids])
        )
        expected_nV = torch.cat([self.next_V.unsqueeze(0), logits_nV[:-1]])
        self.next_V = logits_nV[-1]
        return expected_nV

    @torch.no_grad()
    def _hidden(self, ids: Sequence[int]) -> Tensor:
        """Last hidden states (n, H) of the tokens."""
        before = len(self._ids)
        self._ids += ids
        fed = self._ids if self._cache is None else list(ids)
        first = len(self._ids) - len(fed)
        device = self._policy.device
        token_1T = torch.tensor([fed], device=device)
        mask_1T = torch.ones((1, len(self._ids)), dtype=torch.long, device=device)
        position_1T = torch.arange(first, len(self._ids), device=device).unsqueeze(0)
        with self._policy.autocast():
            hidden_1TH, _ = self._policy.forward(token_1T, mask_1T, position_1T, self._cache)
        return hidden_1TH[0, before - first :]

    @torch.no_grad()
    def _head(self, hidden_nH: Tensor) -> Tensor:
        with self._policy.autocast():
            return self._policy.head(hidden_nH).float()
