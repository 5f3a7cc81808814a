"""Sampling: the right distribution, and answers that depend on nothing but their own random numbers."""

import pytest
import torch

from opdboard_worker.training.rollout import draw, sample, token_places, uniforms

PROMPTS = ["123+456=", "1+2=", "999+1=", "50+50="]


@pytest.fixture
def prompts(policy):
    return [policy.tokenizer(text, add_special_tokens=False)["input_ids"] for text in PROMPTS]


def _sample(policy, prompts, *, micro_batch_size=64, key=("seed", 0), width=6, temperature=1.0):
    eos = [policy.tokenizer.eos_token_id]
    numbers = uniforms(len(prompts), width, *key)
    return sample(policy, prompts, numbers, temperature=temperature, eos=eos, pass_size=micro_batch_size)


def test_draw_inverts_the_cumulative_distribution():
    probabilities = torch.tensor([[0.2, 0.5, 0.3]])
    uniform = torch.tensor([0.0, 0.19, 0.2, 0.69, 0.71, 0.9999], dtype=torch.float64)
    tokens, logp = draw(probabilities.log().expand(6, 3), uniform)
    assert tokens.tolist() == [0, 0, 1, 1, 2, 2]
    assert torch.allclose(logp.exp(), probabilities[0, tokens])


def test_draw_never_takes_an_impossible_token():
    logits = torch.tensor([[float("-inf"), 1.0, float("-inf")]])
    tokens, _ = draw(logits.expand(3, 3), torch.tensor([0.0, 0.5, 1 - 1e-16], dtype=torch.float64))
    assert tokens.tolist() == [1, 1, 1]


def test_draw_follows_the_distribution():
    logits = torch.tensor([0.0, 1.0, -1.0, 2.0])
    tokens, _ = draw(logits.expand(20_000, 4), uniforms(20_000, 1, "many")[:, 0])
    shares = torch.bincount(tokens, minlength=4) / 20_000
    assert torch.allclose(shares, torch.softmax(logits, 0), atol=0.015)


def test_uniforms_depend_on_the_whole_key():
    assert torch.equal(uniforms(2, 3, 0, "rollout", 5), uniforms(2, 3, 0, "rollout", 5))
    assert not torch.equal(uniforms(2, 3, 0, "rollout", 5), uniforms(2, 3, 0, "rollout", 6))
    assert not torch.equal(uniforms(2, 3, 0, "rollout", 5), uniforms(2, 3, 1, "rollout", 5))


def test_micro_batches_do_not_change_the_answers(policy, prompts):
    together, apart = _sample(policy, prompts), _sample(policy, prompts, micro_batch_size=1)
    assert torch.equal(together.responses.token_BR, apart.responses.token_BR)
    assert torch.allclose(together.sampler_logp_BR, apart.sampler_logp_BR, atol=1e-5)


def test_sampler_and_trainer_agree_on_probabilities(policy, prompts):
    rollout = _sample(policy, prompts)
    logits = policy.head(policy.hidden(rollout.responses))
    trainer = torch.log_softmax(logits, -1).gather(1, rollout.responses.token_N.unsqueeze(1)).squeeze(1)
    assert torch.allclose(trainer, rollout.sampler_logp_BR[rollout.responses.mask_BR], atol=1e-4)


def test_a_response_is_masked_after_its_end(policy, prompts):
    rollout = _sample(policy, prompts * 8)
    eos = policy.tokenizer.eos_token_id
    assert bool(rollout.ended_B.any())
    for tokens, mask, ended in zip(rollout.responses.token_BR, rollout.responses.mask_BR, rollout.ended_B, strict=True):
        kept = tokens[mask].tolist()
        assert (eos in kept) == bool(ended)
        assert eos not in kept[:-1]
        assert mask.tolist() == sorted(mask.tolist(), reverse=True)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2]])
def test_tokens_computed_in_another_order_find_their_places(order):
    lengths = torch.tensor([2, 0, 3, 1])
    of_rows = [torch.full((length,), 10 * row) + torch.arange(length) for row, length in enumerate(lengths.tolist())]
    computed_N = torch.cat([of_rows[row] for row in order])
    assert torch.equal(computed_N[token_places(order, lengths)], torch.cat(of_rows))


def test_no_responses_have_no_places():
    assert token_places([], torch.tensor([], dtype=torch.long)).tolist() == []
