"""A policy that is known to say the same however it is asked: token by token from a cache, padded in a batch, or plainly.

Which state a model carries from token to token, and what it makes of padding, differs between families and versions; where
one of the two is not what is taken for granted the model goes on answering, from another distribution. So it is measured.
"""

import logging

import torch
from torch import Tensor

from opdboard.domain.errors import ModelProblem
from opdboard_worker.models.limits import positions_of
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.rollout import Rollout, sample, uniforms

log = logging.getLogger(__name__)

MOST_APART = {"float32": 0.01, "bf16": 0.1}
"""Mean distance over a sequence, nats per token: float32 brings a thousandth of it, bfloat16 a tenth."""
_LENGTHS = (1, 5, 11)
_TOKENS = 8
_WINDOWS = ("sliding_window", "attention_chunk_size")


def tried_policy(
    loaded: LoadedModel, device: torch.device, precision: str, longest: int, *, recompute: bool = False
) -> Policy:
    """A Policy whose sampled log-probabilities are those of a plain forward pass, without a cache if need be.

    longest: tokens of the longest prompt and response; windows that they go beyond are tried beyond. Raises ModelProblem
    with the distance where padding changes what the model says; see Policy for the rest.
    """
    policy = Policy(loaded, device, precision, recompute=recompute)
    told = _told_apart(policy, longest)
    if told is not None:
        policy.cached = False
        without = _told_apart(policy, longest)
        if without is not None:
            raise ModelProblem(
                f"{policy.label} is not supported: in a batch of prompts of different lengths, {without}, so that what it is "
                "trained on would be another model's",
                where=policy.label,
            )
        log.warning("%s: %s; it samples without a cache, which takes longer", policy.label, told)
    return policy


@torch.no_grad()
def _told_apart(policy: Policy, longest: int) -> str | None:
    """What differs between sampling, scoring in a batch and a plain pass of each sequence; None where nothing does."""
    prompts = _prompts(policy, longest)
    try:
        rollout = sample(
            policy,
            prompts,
            uniforms(len(prompts), _TOKENS, "agreement"),
            temperature=1.0,
            eos=[-1],
            pass_size=len(prompts),
        )
        padded_N = torch.log_softmax(policy.head(policy.hidden(rollout.responses)).float(), -1)
        plain = _plainly(policy, rollout)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # of the model's own code, about a cache or a mask that it does not know
        return f"it fails ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
    token_N = rollout.responses.token_N
    named = torch.tensor(sorted(_named(policy)), dtype=torch.long, device=policy.device)
    named_BR = torch.isin(rollout.responses.token_BR, named).long()
    told_BR = named_BR.cumsum(1) == named_BR  # what comes after the place of an image is no text to the whole model
    scored = padded_N.gather(1, token_N.unsqueeze(1)).squeeze(1).reshape(len(prompts), -1)
    for what, logp_BR in (("scores", scored), ("sampled log-probabilities", rollout.sampler_logp_BR)):
        apart_BR = torch.where(told_BR, (logp_BR - plain).abs(), 0.0)
        apart = float((apart_BR.sum(1) / told_BR.sum(1)).max())
        if not apart <= MOST_APART[policy.precision]:
            return f"its {what} are {apart:.2g} nats per token from those of a plain pass"
    return None


def _plainly(policy: Policy, rollout: Rollout) -> Tensor:
    """log-probabilities (B, R) of the responses, each sequence alone, whole and without padding."""
    rows: list[Tensor] = []
    for prompt, token_R in zip(rollout.responses.prompts, rollout.responses.token_BR, strict=True):
        sequence = torch.cat([torch.tensor(prompt, device=policy.device), token_R])
        with policy.autocast():
            logits_TV = policy.model(input_ids=sequence.unsqueeze(0), use_cache=False).logits[0]
        logits_RV = policy.vocabulary.logits(logits_TV[len(prompt) - 1 : -1])
        logp_RV = torch.log_softmax(logits_RV.float(), -1)
        rows.append(logp_RV.gather(1, token_R.unsqueeze(1)).squeeze(1))
    return torch.stack(rows)


def _prompts(policy: Policy, longest: int) -> list[list[int]]:
    """Prompts of different lengths made of ordinary tokens; two that end before and beyond a window which is gone beyond."""
    config = policy.model.config
    text = config.get_text_config()
    room = (positions_of(config) or 1 << 20) - _TOKENS
    lengths = {length for length in _LENGTHS if length <= room}
    for name in _WINDOWS:
        window = getattr(text, name, None)
        if isinstance(window, int) and window < min(longest, room - 2):
            lengths |= {max(1, window - _TOKENS // 2), window + 3}
    special = {*getattr(policy.tokenizer, "all_special_ids", ()), *_named(policy)}
    ordinary = [token for token in range(min(policy.vocabulary.size, 1000)) if token not in special] or [0]
    generator = torch.Generator().manual_seed(0)
    return [
        [ordinary[place] for place in torch.randint(len(ordinary), (length,), generator=generator).tolist()]
        for length in sorted(lengths)
    ]


def _named(policy: Policy) -> set[int]:
    """Tokens that the model's configuration names, such as those that stand for parts of an image."""
    config = policy.model.config
    settings = (*config.to_dict().items(), *config.get_text_config().to_dict().items())
    named = (value for name, value in settings if "token_id" in name or "token_index" in name)
    return {one for value in named for one in (value if isinstance(value, list) else [value]) if isinstance(one, int)}
