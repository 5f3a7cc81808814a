"""A causal LM seen as what distillation needs: hidden states of response tokens, and a head that makes logits of them.

Keeping hidden states instead of logits is what lets the loss work in chunks of tokens (core.losses).
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from opdboard.domain.errors import ModelProblem
from opdboard_worker.models.loading import LoadedModel
from opdboard_worker.models.pair import vocabulary_of
from opdboard_worker.training.recompute import RecomputedLayers

_PROBE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Responses:
    """Prompts and responses of B examples.

    prompts: token ids per example. token_BR: response ids, right-padded. mask_BR: True on response tokens, EOS included.
    """

    prompts: Sequence[Sequence[int]]
    token_BR: Tensor
    mask_BR: Tensor

    def rows(self, start: int, stop: int) -> "Responses":
        """Examples start..stop-1, without the columns that are padding for all of them."""
        mask_BR = self.mask_BR[start:stop]
        width = max(1, int(mask_BR.sum(1).max()))
        return Responses(self.prompts[start:stop], self.token_BR[start:stop, :width], mask_BR[:, :width])

    def of_rows(self, rows: Sequence[int]) -> "Responses":
        """Some of the examples, without the columns that are padding for all of them."""
        mask_BR = self.mask_BR[rows]
        width = max(1, int(mask_BR.sum(1).max()))
        return Responses([self.prompts[row] for row in rows], self.token_BR[rows, :width], mask_BR[:, :width])

    def with_prompts(self, prompts: Sequence[Sequence[int]]) -> "Responses":
        """The same responses after other prompts: what a teacher with privileged context reads."""
        return Responses(prompts, self.token_BR, self.mask_BR)

    @property
    def token_N(self) -> Tensor:
        """All response tokens, example after example."""
        return self.token_BR[self.mask_BR]

    @property
    def position_N(self) -> Tensor:
        """Index within its response of each token in token_N."""
        return torch.arange(self.token_BR.shape[1], device=self.token_BR.device).expand_as(self.token_BR)[self.mask_BR]

    @property
    def row_N(self) -> Tensor:
        """Index of the example of each token in token_N."""
        rows, width = self.token_BR.shape
        return torch.arange(rows, device=self.token_BR.device).unsqueeze(1).expand(rows, width)[self.mask_BR]


class Policy:
    """A loaded model on its device, run in float32 or under bf16 autocast."""

    def __init__(self, loaded: LoadedModel, device: torch.device, precision: str, *, recompute: bool = False) -> None:
        """Moves the model; ModelProblem when its logits cannot be rebuilt from its last hidden state, or are fewer than its tokens.

        recompute: gradient checkpointing. BadInput where the model cannot.
        """
        self.model: Any = loaded.model.to(device)  # pyright: ignore[reportArgumentType]
        self.tokenizer: Any = loaded.tokenizer
        self.label = loaded.label
        self.vocabulary = vocabulary_of(loaded)
        """What it is compared on; where end tokens are mapped, teaching says so to every policy of a pair."""
        self.ends: Sequence[int] = ()
        """Tokens that end its own texts."""
        self.device = device
        self.precision = precision
        self.cached = True
        """Whether sampling may keep keys and values from token to token (training.agreement finds out)."""
        self._body: Any = _body(self.model)
        self._output: Any = self.model.get_output_embeddings()
        self._softcap: float | None = getattr(self.model.config, "final_logit_softcapping", None)
        self._scale: float = _logit_scale(self.model.config)
        self._recomputed = RecomputedLayers(self.model, self.label) if recompute else None
        self._check_head()

    @property
    def pad_id(self) -> int:
        """What fills rows up: masked everywhere, so any token will do where the tokenizer has none for it."""
        return self.tokenizer.pad_token_id or 0

    def autocast(self) -> torch.autocast:
        """bf16 autocast where asked for, otherwise nothing."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def head(self, hidden_NH: Tensor) -> Tensor:
        """Logits (N, V) of hidden states (N, H): of the vocabulary's tokens alone, see Vocabulary.logits."""
        logits_NR = self._output(hidden_NH) * self._scale
        if self._softcap:
            logits_NR = torch.tanh(logits_NR / self._softcap) * self._softcap
        return self.vocabulary.logits(logits_NR)

    def forward(self, token_BT: Tensor, mask_BT: Tensor, position_BT: Tensor, cache: Any = None) -> tuple[Tensor, Any]:
        """Last hidden states (B, T, H) and the key-value cache, which is extended when given."""
        output = self._body(
            input_ids=token_BT,
            attention_mask=mask_BT,
            position_ids=position_BT,
            past_key_values=cache,
            use_cache=cache is not None,
        )
        return output.last_hidden_state, cache

    def hidden(self, responses: Responses) -> Tensor:
        """Hidden states (N, H) that predict each response token, in the order of responses.token_N."""
        prompt_BP, prompt_mask_BP = self.pad_left(responses.prompts)
        width = responses.token_BR.shape[1]
        token_BT = torch.cat([prompt_BP, responses.token_BR.to(self.device)], 1)
        mask_BT = torch.cat([prompt_mask_BP, responses.mask_BR.to(self.device)], 1)
        with self.autocast(), self._recomputing():
            hidden_BTH, _ = self.forward(token_BT, mask_BT.long(), positions(mask_BT))
        predicting_BRH = hidden_BTH[:, prompt_BP.shape[1] - 1 : prompt_BP.shape[1] - 1 + width]
        return predicting_BRH[responses.mask_BR.to(self.device)]

    def pad_left(self, prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Token ids and mask (B, P), padded on the left so that every response starts in the same column."""
        width = max(len(prompt) for prompt in prompts)
        pad = self.pad_id
        token_BP = torch.full((len(prompts), width), pad, dtype=torch.long)
        mask_BP = torch.zeros((len(prompts), width), dtype=torch.bool)
        for row, prompt in enumerate(prompts):
            token_BP[row, width - len(prompt) :] = torch.tensor(prompt, dtype=torch.long)
            mask_BP[row, width - len(prompt) :] = True
        return token_BP.to(self.device), mask_BP.to(self.device)

    def _recomputing(self) -> AbstractContextManager[None]:
        return self._recomputed.on() if self._recomputed is not None and torch.is_grad_enabled() else nullcontext()

    @torch.no_grad()
    def _check_head(self) -> None:
        token_BT = torch.arange(1, 5, device=self.device).unsqueeze(0) % self.vocabulary.size
        mask_BT = torch.ones_like(token_BT)
        hidden_BTH, _ = self.forward(token_BT, mask_BT, positions(mask_BT.bool()))
        rebuilt, expected = (
            self.head(hidden_BTH),
            self.vocabulary.logits(self.model(input_ids=token_BT, attention_mask=mask_BT, use_cache=False).logits),
        )
        error = float((rebuilt - expected).abs().max() / expected.abs().max().clamp_min(1e-6))
        if not error <= _PROBE_TOLERANCE:
            raise ModelProblem(
                f"the logits of {self.label} are not its output layer applied to its last hidden state (relative error {error:.1e}); "
                "this architecture is not supported",
                where=self.label,
            )


def positions(mask_BT: Tensor) -> Tensor:
    """Position ids (B, T) that start at 0 on the first token that is not padding."""
    return (mask_BT.long().cumsum(1) - 1).clamp_min(0)


def _body(model: Any) -> Any:
    """What makes the last hidden states. Some architectures name a wrapper with a head, or the head, as their decoder."""
    named = (
        model.get_decoder() if hasattr(model, "get_decoder") else None,
        model.base_model,
        getattr(model, "model", None),
    )
    bodies = (one for one in named if isinstance(one, PreTrainedModel) and one.get_output_embeddings() is None)
    return next(bodies, model.base_model)


def _logit_scale(config: Any) -> float:
    if getattr(config, "logits_scaling", None):
        return 1.0 / config.logits_scaling
    return getattr(config, "logit_scale", None) or 1.0
