"""A model samples what it is trained on, with a cache or without one, or it is refused with the distance."""

import logging

import pytest
import torch
import transformers
from transformers.cache_utils import DynamicSlidingWindowLayer

from opdboard.domain.errors import ModelProblem
from opdboard_worker.models.demo import build_tokenizer
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.training.agreement import _prompts, tried_policy
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.rollout import sample, uniforms

COMMON = {
    "vocab_size": 15,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "pad_token_id": 12,
    "bos_token_id": 13,
    "eos_token_id": 14,
}
HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48}
WINDOW = {"sliding_window": 4, "head_dim": 8, "layer_types": ["sliding_attention", "full_attention"]}
CACHED = {
    "LlamaConfig": COMMON | HEADS,
    "Gemma3TextConfig": COMMON | HEADS | WINDOW,
    "JambaConfig": COMMON | HEADS | {"attn_layer_period": 2, "attn_layer_offset": 1, "use_mamba_kernels": False},
    "Lfm2Config": COMMON | HEADS | {"layer_types": ["conv", "full_attention"]},
    "BloomConfig": COMMON | {"n_head": 4},
}
STATES = {
    "Mamba2Config": COMMON | {"num_heads": 8, "head_dim": 8, "state_size": 8, "n_groups": 1},
    "MambaConfig": COMMON | {"state_size": 8},
}
PADDED_OTHERWISE = {
    "RwkvConfig": COMMON | {"attention_hidden_size": 32},
    "BartConfig": {
        "vocab_size": 15,
        "d_model": 32,
        "decoder_layers": 2,
        "decoder_attention_heads": 4,
        "decoder_ffn_dim": 48,
    }
    | {"pad_token_id": 12, "bos_token_id": 13, "eos_token_id": 14, "is_decoder": True, "is_encoder_decoder": False},
}
CPU = torch.device("cpu")


def _loaded(family, settings):
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(getattr(transformers, family)(**settings)).eval()
    with torch.no_grad():  # random weights as they are drawn tell little about what came before
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)
    return LoadedModel(model, build_tokenizer(), family)


def _rollout(policy, rows=4, width=10):
    prompts = [[place % 12 for place in range(1, 2 + 3 * row)] for row in range(rows)]
    return sample(policy, prompts, uniforms(rows, width, "test"), temperature=1.0, eos=[14], pass_size=rows)


def _plain_logp(model, rollout):
    found = []
    for row, prompt in enumerate(rollout.responses.prompts):
        answer = rollout.responses.token_BR[row][rollout.responses.mask_BR[row]]
        with torch.no_grad():
            logits = model(torch.cat([torch.tensor(prompt), answer]).unsqueeze(0), use_cache=False).logits[0]
        logp = torch.log_softmax(logits[len(prompt) - 1 : -1], -1)
        found.append(logp.gather(1, answer.unsqueeze(1)).squeeze(1))
    return torch.cat(found)


@pytest.mark.parametrize(("family", "settings"), (CACHED | STATES).items())
def test_what_is_sampled_has_the_log_probabilities_of_a_plain_pass(family, settings, caplog):
    loaded = _loaded(family, settings)
    with caplog.at_level(logging.WARNING):
        policy = tried_policy(loaded, CPU, "float32", 24)
    assert policy.cached == (family in CACHED)
    assert ("samples without a cache" in caplog.text) == (family in STATES)
    rollout = _rollout(policy)
    sampled = rollout.sampler_logp_BR[rollout.responses.mask_BR]
    assert torch.allclose(sampled, _plain_logp(loaded.model, rollout), atol=1e-4)


@pytest.mark.parametrize(("family", "settings"), PADDED_OTHERWISE.items())
def test_a_model_that_padding_changes_is_refused_with_the_distance(family, settings):
    with pytest.raises(ModelProblem, match=rf"{family} is not supported: .* scores are [\d.]+ nats per token from"):
        tried_policy(_loaded(family, settings), CPU, "float32", 24)


MIXED = {"layer_types": ["sliding_attention", "full_attention"], "head_dim": 8}
WINDOWED = {
    "MistralConfig": COMMON | HEADS,
    "Gemma2Config": COMMON | HEADS | MIXED,
    "Qwen2Config": COMMON | HEADS | {"use_sliding_window": True, "max_window_layers": 1},
    "Phi3Config": COMMON | HEADS,
    "GptOssConfig": COMMON | HEADS | MIXED | {"num_local_experts": 2, "num_experts_per_tok": 1},
    "Llama4TextConfig": COMMON | HEADS | {"head_dim": 8, "num_local_experts": 2, "intermediate_size_mlp": 48},
}


@pytest.mark.parametrize("window", [3, 8, 64])
@pytest.mark.parametrize(("family", "settings"), WINDOWED.items())
def test_windows_narrower_and_wider_than_the_sequence(family, settings, window):
    """Prompts end before, at and beyond the window, padded to the longest; responses cross it."""
    name = "attention_chunk_size" if family == "Llama4TextConfig" else "sliding_window"
    loaded = _loaded(family, settings | {name: window})
    policy = Policy(loaded, CPU, "float32")
    prompts = [
        [place % 12 for place in range(length)] for length in (1, window - 1, window, window + 1, 2 * window + 1)
    ]
    rollout = sample(policy, prompts, uniforms(5, 24, "windows"), temperature=1.0, eos=[14], pass_size=5)
    mask_BR, plain_N = rollout.responses.mask_BR, _plain_logp(loaded.model, rollout)
    assert torch.allclose(rollout.sampler_logp_BR[mask_BR], plain_N, atol=1e-4)
    with torch.no_grad():
        scored_NV = torch.log_softmax(policy.head(policy.hidden(rollout.responses)).float(), -1)
    scored_N = scored_NV.gather(1, rollout.responses.token_N.unsqueeze(1)).squeeze(1)
    assert torch.allclose(scored_N, plain_N, atol=1e-4)


@pytest.mark.slow
def test_a_wide_window_is_tried_beyond_where_the_run_goes_beyond(monkeypatch):
    settings = COMMON | HEADS | {"sliding_window": 1100, "max_position_embeddings": 4096}
    assert tried_policy(_loaded("MistralConfig", settings), CPU, "float32", 1200).cached
    init = DynamicSlidingWindowLayer.__init__

    def forgetful(layer, sliding_window: int, **more) -> None:
        init(layer, sliding_window - 600, **more)

    monkeypatch.setattr(DynamicSlidingWindowLayer, "__init__", forgetful)
    assert not tried_policy(_loaded("MistralConfig", settings), CPU, "float32", 1200).cached
    assert tried_policy(_loaded("MistralConfig", settings), CPU, "float32", 500).cached  # never gets there


def test_a_state_taken_for_a_cache_is_seen():
    """What the check is for: with its state as a cache Mamba2 is nats away."""
    loaded = _loaded("Mamba2Config", STATES["Mamba2Config"])
    rollout = _rollout(Policy(loaded, CPU, "float32"))
    sampled = rollout.sampler_logp_BR[rollout.responses.mask_BR]
    assert (sampled - _plain_logp(loaded.model, rollout)).abs().max() > 0.1


def test_sampling_without_a_cache_draws_the_same_tokens():
    policy = tried_policy(_loaded("LlamaConfig", CACHED["LlamaConfig"]), CPU, "float32", 24)
    cached = _rollout(policy, rows=6)
    policy.cached = False
    plain = _rollout(policy, rows=6)
    assert torch.equal(cached.responses.token_BR, plain.responses.token_BR)
    assert torch.equal(cached.responses.mask_BR, plain.responses.mask_BR)
    assert torch.allclose(cached.sampler_logp_BR, plain.sampler_logp_BR, atol=1e-5)
    assert len(set(cached.lengths_B.tolist())) > 1, "rows end at different columns, and leave"


def test_no_token_is_tried_that_stands_for_an_image():
    """Its embedding is another's to give: such a prompt would tell nothing about padding."""
    loaded = _loaded("LlamaConfig", CACHED["LlamaConfig"])
    loaded.model.config.image_token_index = 5
    loaded.model.config.eos_token_id = [3, 4]
    used = {token for prompt in _prompts(Policy(loaded, CPU, "float32"), 24) for token in prompt}
    assert used and not used & {3, 4, 5}
