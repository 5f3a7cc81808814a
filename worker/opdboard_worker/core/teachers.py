"""What a teacher knows of N response tokens: its whole next-token distribution, or a few log-probabilities of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from torch import Tensor
from typing_extensions import override

Head = Callable[[Tensor], Tensor]
"""Hidden states (n, H) to logits (n, V): a closure, so that soft-capping and logit scales are part of it."""


class TeacherScores(Protocol):
    """The teacher's next-token distributions on N response tokens, made a chunk at a time."""

    complete: ClassVar[bool] = True
    """Whether the whole distribution is known; if not, measures that need it are NaN."""

    def __len__(self) -> int: ...

    def logits(self, tokens: slice) -> Tensor:
        """Logits (n, V) of some of the tokens."""
        ...


@dataclass(frozen=True)
class WholeTeacher(TeacherScores):
    """A teacher whose hidden states (N, K) are there; its head makes all logits of a chunk from them."""

    hidden_NK: Tensor
    head: Head

    @override
    def __len__(self) -> int:
        return self.hidden_NK.shape[0]

    @override
    def logits(self, tokens: slice) -> Tensor:
        return self.head(self.hidden_NK[tokens])


@dataclass(frozen=True)
class MixedTeacher(TeacherScores):
    """Several whole teachers, each of some of the tokens: token n is row place_N[n] of part number part_N[n]. All of one vocabulary."""

    parts: Sequence[WholeTeacher]
    part_N: Tensor
    place_N: Tensor

    @override
    def __len__(self) -> int:
        return self.part_N.shape[0]

    @override
    def logits(self, tokens: slice) -> Tensor:
        part_n, place_n = self.part_N[tokens], self.place_N[tokens]
        first = self.parts[0]
        logits_nV: Tensor | None = None
        for number, part in enumerate(self.parts):
            of_part = (part_n == number).nonzero().squeeze(1)
            if len(of_part) == 0 and (logits_nV is not None or part is not first):
                continue
            logits_mV = part.head(part.hidden_NK[place_n[of_part]])
            if logits_nV is None:
                logits_nV = logits_mV.new_empty(len(part_n), logits_mV.shape[1])
            logits_nV[of_part] = logits_mV
        assert logits_nV is not None, "the first part is asked even for no tokens"
        return logits_nV


@dataclass(frozen=True)
class PartialTeacher(TeacherScores):
    """A teacher of which only log-probabilities (nats) of some tokens are known, such as one behind an endpoint.

    token_N with logp_N is the sampled token, top_token_NM with top_logp_NM the M most likely ones (M may be 0), on any
    device; V is the vocabulary. What they leave of the probability is spread evenly over all other tokens. Only sums
    over those tokens mean anything then: enough for the sampled token and for the top k <= M with their tail.
    """

    complete: ClassVar[bool] = False
    token_N: Tensor
    logp_N: Tensor
    top_token_NM: Tensor
    top_logp_NM: Tensor
    vocabulary: int

    @override
    def __len__(self) -> int:
        return self.token_N.shape[0]

    @override
    def logits(self, tokens: slice) -> Tensor:
        token_n1, logp_n1 = self.token_N[tokens, None], self.logp_N[tokens, None].float()
        top_token_nM, top_logp_nM = self.top_token_NM[tokens], self.top_logp_NM[tokens].float()
        new_n1 = ~(top_token_nM == token_n1).any(1, keepdim=True)
        known_n1 = top_logp_nM.double().exp().sum(1, keepdim=True) + logp_n1.double().exp() * new_n1
        others_n1 = self.vocabulary - top_token_nM.shape[1] - new_n1.long()
        # Rounding may leave a little less than nothing; a tail of exactly 0 would make every divergence infinite.
        share_n1 = ((1 - known_n1).clamp_min(_SMALLEST_TAIL) / others_n1.clamp_min(1)).log().float()
        logits_nV = share_n1.repeat(1, self.vocabulary)
        return logits_nV.scatter_(1, top_token_nM, top_logp_nM).scatter_(1, token_n1, logp_n1)


_SMALLEST_TAIL = 1e-6
"""Probability: about what an endpoint's float32 log-probabilities can resolve of one minus a sum."""
