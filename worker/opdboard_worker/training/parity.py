"""A served teacher against the weights that it is said to serve: both score the same tokens behind the same prompts."""

import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from opdboard.domain.check import Apart, Parity, TokenApart
from opdboard_worker.data.examples import Example
from opdboard_worker.training.policy import Policy, Responses
from opdboard_worker.training.probe import Scorer
from opdboard_worker.training.teacher import LoadedTeacher

_WORST = 5

log = logging.getLogger(__name__)


def apart(one_N: Tensor, other_N: Tensor) -> Apart:
    """Mean and largest absolute difference of two series."""
    apart_N = (one_N.double() - other_N.to(one_N.device).double()).abs()
    return Apart(mean=float(apart_N.mean()), largest=float(apart_N.max()), tokens=len(apart_N))


@torch.no_grad()
def parity(
    scorer: Scorer, examples: Sequence[Example], responses: Responses, served_N: Tensor, weights: Callable[[], Policy]
) -> Parity:
    """served_N: what the server told of responses.token_N, nats; weights: loads the local ones, which are let go of here."""
    policy = weights()
    local = scorer.measures(examples, responses, LoadedTeacher(policy, scorer.prompts).scores(examples, responses))
    found = Parity(
        weights=policy.label,
        apart=apart(served_N, local.teacher_logprob),
        worst=_worst(scorer, responses.token_N, served_N, local.teacher_logprob),
    )
    log.info("the server is %.3g nats/token from %s, %.3g at most", found.apart.mean, policy.label, found.apart.largest)
    return found


def _worst(scorer: Scorer, token_N: Tensor, served_N: Tensor, local_N: Tensor) -> list[TokenApart]:
    token_N, served_N, local_N = (one.cpu() for one in (token_N, served_N.double(), local_N.double()))
    apart_N = (served_N - local_N).abs()
    first = token_N[apart_N.argsort(descending=True)].tolist()
    worst = []
    for token in list(dict.fromkeys(first))[:_WORST]:
        there_N = token_N == token
        worst.append(
            TokenApart(
                id=token,
                text=scorer.prompts.text([token]),
                times=int(there_N.sum()),
                served=float(served_N[there_N].mean()),
                local=float(local_N[there_N].mean()),
                largest=float(apart_N[there_N].max()),
            )
        )
    return worst
