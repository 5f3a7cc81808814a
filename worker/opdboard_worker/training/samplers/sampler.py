"""The student's responses: sampled by the trainer itself, or by an engine that receives the student's weights.

An engine samples in its own numerics, so its log-probabilities are kept with the tokens: the sampled-token loss weighs
each token by trainer against sampler (02, OPD), and GRPO's and DAPO's ratios are to the policy that sampled.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor
from typing_extensions import override

from opdboard.domain.errors import ModelProblem
from opdboard.domain.sampler import OwnSampler
from opdboard_worker.training.choice import Choice
from opdboard_worker.training.policy import Policy, Responses
from opdboard_worker.training.rollout import Rollout, sample

log = logging.getLogger(__name__)

_MOST_APART = 0.1
"""Mean distance of an engine's log-probabilities from the trainer's, nats per token; bfloat16 brings a tenth of it."""


class Sampler(Protocol):
    """Samples from the student as its weights are at the time of the call."""

    def __call__(
        self,
        prompts: Sequence[Sequence[int]],
        uniform_BR: Tensor,
        *,
        temperature: float,
        eos: Sequence[int],
        pass_size: int,
    ) -> Rollout:
        """One response per prompt, decided by its row of numbers; see rollout.sample."""
        ...


_CHOICE: Choice[Sampler] = Choice("opdboard_worker.training.samplers")
samples, make_sampler = _CHOICE.of, _CHOICE.make
"""Makers take (settings, RunConfig, the student's Policy, the Trained part of it)."""


@samples(OwnSampler)
def own_sampler(_settings: OwnSampler, _config: object, student: Policy, _trained: object) -> Sampler:
    """The student itself."""
    return partial(sample, student)


@dataclass(frozen=True)
class Generated:
    """One response of an engine: token ids, the end token included, and the log-probability of each in nats.

    Of a token of the event, the log-probability of the event.
    """

    tokens: Sequence[int]
    logp: Sequence[float]


class Engine(Protocol):
    """Something that generates with weights of its own."""

    def load(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """Take these weights, under the names of a Hugging Face checkpoint; nothing computed before may be used again."""
        ...

    def generate(
        self,
        prompts: Sequence[Sequence[int]],
        seeds: Sequence[int],
        *,
        longest: int,
        temperature: float,
        eos: Sequence[int],
        event: Sequence[int],
    ) -> list[Generated]:
        """One response per prompt, each from its own seed, under the distribution that `temperature` makes.

        event: tokens of which any ends a response, their probabilities counting together; may be empty.
        """
        ...


class EngineSampler(Sampler):
    """An engine beside the trainer. It has W_t, or a candidate, whenever it samples: weights go over before each time."""

    def __init__(self, engine: Engine, student: Policy, weights: Callable[[], Mapping[str, Tensor]]) -> None:
        """weights: the student's as they are when called, by name, adapters merged."""
        self._engine = engine
        self._student = student
        self._weights = weights

    @torch.no_grad()
    @override
    def __call__(
        self,
        prompts: Sequence[Sequence[int]],
        uniform_BR: Tensor,
        *,
        temperature: float,
        eos: Sequence[int],
        pass_size: int,
    ) -> Rollout:
        """A response's seed comes from its row, so candidates are compared on common numbers here too."""
        self._engine.load(self._weights().items())
        rows, width = uniform_BR.shape
        seeds = [int(number * 2**31) for number in uniform_BR[:, 0].tolist()]
        vocabulary = self._student.vocabulary
        generated = [
            Generated(vocabulary.tokens(one.tokens), one.logp)
            for one in self._engine.generate(
                prompts, seeds, longest=width, temperature=temperature, eos=eos, event=vocabulary.event
            )
        ]
        token_BR = torch.full((rows, width), self._student.pad_id)
        mask_BR = torch.zeros((rows, width), dtype=torch.bool)
        logp_BR = torch.zeros((rows, width))
        for row, one in enumerate(generated):
            length = len(one.tokens)
            token_BR[row, :length] = torch.tensor(one.tokens)
            logp_BR[row, :length] = torch.tensor(one.logp)
            mask_BR[row, :length] = True
        ended_B = torch.tensor([bool(one.tokens) and one.tokens[-1] in eos for one in generated], dtype=torch.bool)
        return Rollout(Responses(prompts, token_BR, mask_BR), logp_BR, ended_B).to(self._student.device)


def check_agreement(rollout: Rollout, trainer_logp_N: Tensor) -> None:
    """Raise ModelProblem unless sampler and trainer give a rollout's tokens the same log-probabilities, to numerics.

    trainer_logp_N: of responses.token_N, at the temperature that samples.
    """
    sampler_logp_N = rollout.sampler_logp_BR[rollout.responses.mask_BR]
    apart = float((sampler_logp_N - trainer_logp_N.to(sampler_logp_N)).abs().mean())
    if not apart <= _MOST_APART:
        raise ModelProblem(
            f"the sampling engine and the trainer are {apart:.2g} nats per token apart on the same tokens (at most "
            f"{_MOST_APART} is allowed): it does not hold the student's weights, or computes another model. Choose sampler.kind 'own'",
            where="sampler.kind",
        )
    log.info("the sampling engine and the trainer are %.2g nats per token apart", apart)
