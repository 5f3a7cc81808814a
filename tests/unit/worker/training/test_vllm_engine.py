"""The real engine, in vLLM's build for the CPU, where that is installed (docs/gpu.md tells how).

Left out is a head that is tied to the embeddings: that build keeps a packed copy of the head, which it does not make anew.
"""

import pytest
import torch
from invariant.test_pairs import END, TURN, bytes_bpe
from support.pairs import padded
from transformers import LlamaConfig, LlamaForCausalLM

from opdboard_worker.core.vocabulary import Vocabulary
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.models.saving import as_saved, of_tokens_alone, save_tokens_alone
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.rollout import uniforms
from opdboard_worker.training.samplers.sampler import EngineSampler
from opdboard_worker.training.samplers.vllm_engine import VllmEngine

vllm = pytest.importorskip("vllm", reason="vLLM is not installed")
PROMPTS = [f"How many apples are {one} and {one + 1} apples?" for one in range(16)]


@pytest.fixture
def student() -> Policy:
    """With rows that no token has, and heads of a size that the engine takes."""
    size = 1 + max(bytes_bpe().get_vocab().values())
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=128,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=256,
        initializer_range=0.25,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for text in (END, TURN):
            model.lm_head.weight[bytes_bpe().get_vocab()[text]] *= 2
    return Policy(LoadedModel(padded(model.eval(), 13), bytes_bpe(), "student"), torch.device("cpu"), "float32")


@pytest.fixture
def engine(student: Policy, tmp_path, monkeypatch: pytest.MonkeyPatch) -> VllmEngine:
    own = vllm.LLM

    def on_the_cpu(*, gpu_memory_utilization: float, **settings) -> object:
        device.undo()  # what vLLM itself sees is the truth
        return own(**settings | {"dtype": "float32", "enforce_eager": True})

    model, size = student.model, student.vocabulary.size
    save_tokens_alone(model, student.tokenizer, tmp_path, model.state_dict(), size)
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    monkeypatch.setattr(vllm, "LLM", on_the_cpu)
    with pytest.MonkeyPatch.context() as device:
        device.setattr(torch.cuda, "is_available", lambda: True)
        return VllmEngine(tmp_path, memory_share=0.3, longest=128, seed=0)


@pytest.mark.parametrize("mapped", [False, True])
def test_its_log_probabilities_are_the_trainers_before_and_after_a_step(student: Policy, engine, mapped: bool) -> None:
    vocabulary = bytes_bpe().get_vocab()
    if mapped:
        student.vocabulary = Vocabulary(student.vocabulary.size, (vocabulary[END], vocabulary[TURN]))
    model, size = student.model, student.vocabulary.size
    sampler = EngineSampler(engine, student, lambda: as_saved(model, of_tokens_alone(model, model.state_dict(), size)))
    prompts = [bytes_bpe()(text)["input_ids"] for text in PROMPTS]
    ends, temperature = ([vocabulary[END]], 1.0) if mapped else ([vocabulary[TURN]], 0.7)

    def apart(key: str) -> float:
        rollout = sampler(prompts, uniforms(16, 40, key), temperature=temperature, eos=ends, pass_size=8)
        assert 0 < int(rollout.ended_B.sum()) <= 16
        assert int(rollout.responses.token_N.max()) < size
        with torch.no_grad():
            logits_NV = student.head(student.hidden(rollout.responses)) / temperature
        logp_N = logits_NV.log_softmax(-1).gather(1, rollout.responses.token_N.unsqueeze(1)).squeeze(1)
        return float((rollout.sampler_logp_BR[rollout.responses.mask_BR] - logp_N).abs().max())

    assert apart("before") < 1e-3
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    assert apart("after") < 1e-3
