"""Gradient checkpointing: the same gradients from less memory, no dropout, and rollouts that know nothing of it."""

import pytest
import torch
import transformers

from opdboard.domain.budget import Budget
from opdboard.domain.errors import BadInput
from opdboard.domain.optimizer import Lora
from opdboard.domain.run_config import RunConfig
from opdboard_worker.models.demo import build_tokenizer
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.training.policy import Policy, Responses
from opdboard_worker.training.rollout import sample, uniforms
from opdboard_worker.training.trained import trained_part

CPU = torch.device("cpu")
SMALL = {"vocab_size": 15, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 6, "num_attention_heads": 4}
FAMILIES = {
    "LlamaConfig": SMALL | {"tie_word_embeddings": True},
    "Qwen3Config": SMALL | {"num_key_value_heads": 2, "head_dim": 8},
    "GPT2Config": {  # drops out everywhere when it trains
        "vocab_size": 15,
        "n_embd": 32,
        "n_layer": 6,
        "n_head": 4,
        "resid_pdrop": 0.5,
        "embd_pdrop": 0.5,
        "attn_pdrop": 0.5,
    },
    "OPTConfig": {  # its layers drop out themselves
        "vocab_size": 15,
        "hidden_size": 32,
        "ffn_dim": 48,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "word_embed_proj_dim": 32,
        "dropout": 0.5,
    },
}
by_family = pytest.mark.parametrize("family", FAMILIES)


def model_of(family):
    torch.manual_seed(0)
    config = getattr(transformers, family)(**FAMILIES[family], pad_token_id=12, bos_token_id=13, eos_token_id=14)
    return transformers.AutoModelForCausalLM.from_config(config).eval()


def policy_of(model, *, recompute, precision="float32"):
    return Policy(LoadedModel(model, build_tokenizer(), "a model"), CPU, precision, recompute=recompute)


def responses():
    token_BR = torch.arange(24).reshape(3, 8) % 12
    mask_BR = torch.arange(8) < torch.tensor([[8], [5], [3]])
    return Responses([[1, 2, 3], [4], [5, 6]], token_BR, mask_BR)


def gradients_and_saved(policy):
    """Of a loss on the hidden states, by parameter; and the bytes that the forward pass kept for them."""
    own = {p.untyped_storage().data_ptr() for p in policy.model.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage  # held, so that no other takes its place
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = policy.hidden(responses()).float().square().sum()
    loss.backward()
    found = {name: p.grad for name, p in policy.model.named_parameters() if p.grad is not None}
    assert len(found) > 10
    return found, sum(storage.nbytes() for storage in kept.values())


@by_family
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_gradients_are_the_same_bit_for_bit_from_less_memory(family, precision):
    expected, whole = gradients_and_saved(policy_of(model_of(family), recompute=False, precision=precision))
    got, kept = gradients_and_saved(policy_of(model_of(family), recompute=True, precision=precision))
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[name], expected[name]) for name in expected)
    assert kept < whole / 3


@by_family
def test_the_model_stays_in_evaluation_mode_and_rollouts_keep_their_cache(family):
    plain, recomputing = (policy_of(model_of(family), recompute=one) for one in (False, True))
    gradients_and_saved(recomputing)
    assert not any(module.training for module in recomputing.model.modules())
    prompts, numbers = [[1, 2, 3], [4]], uniforms(2, 5, "a key")
    rollouts = [
        sample(policy, prompts, numbers, temperature=1.0, eos=[14], pass_size=2) for policy in (plain, recomputing)
    ]
    assert torch.equal(rollouts[0].responses.token_BR, rollouts[1].responses.token_BR)
    assert torch.equal(rollouts[0].sampler_logp_BR, rollouts[1].sampler_logp_BR)


def test_lora_factors_get_their_gradients():
    found = []
    for recompute in (False, True):
        model = model_of("LlamaConfig")
        trained = trained_part(model, RunConfig(adapter=Lora(rank=2), budget=Budget()))
        policy = policy_of(model, recompute=recompute)
        policy.hidden(responses()).square().sum().backward()
        found.append([parameter.grad for parameter in trained.parameters.values()])
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True))
    assert any(gradient.abs().max() > 0 for gradient in found[0])


def test_a_model_without_such_layers_is_refused():
    model = model_of("LlamaConfig")
    model.model.layers = torch.nn.ModuleList()
    with pytest.raises(BadInput, match="gradient_checkpointing off"):
        policy_of(model, recompute=True)
