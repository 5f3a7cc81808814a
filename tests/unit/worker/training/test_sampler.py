"""Sampling by an engine with weights of its own: here a second model in this process, which receives them like any other."""

import pytest
import torch
from pydantic import ValidationError

from opdboard.domain.errors import BadInput, ModelProblem
from opdboard.domain.optimizer import Lora
from opdboard.domain.run_config import RunConfig
from opdboard.domain.sampler import VllmSampler
from opdboard.settings import Settings
from opdboard_worker.core.vocabulary import Vocabulary
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.policy import Policy, Responses
from opdboard_worker.training.rollout import draw, uniforms
from opdboard_worker.training.samplers.sampler import EngineSampler, Generated, check_agreement
from opdboard_worker.training.trained import trained_part

PROMPTS = ["123+456=", "1+2=", "999+1=", "50+50="]


class SecondModel:
    """An Engine: another instance of the architecture, with other weights until it is given some."""

    def __init__(self, loaded):
        self.policy = Policy(loaded, torch.device("cpu"), "float32")
        self.loads = 0

    def load(self, weights):
        own = dict(self.policy.model.named_parameters())
        given = {name: tensor for name, tensor in weights if name in own}
        assert given.keys() == own.keys(), "an engine reads weights by the names of a checkpoint"
        with torch.no_grad():
            for name, parameter in own.items():
                parameter.copy_(given[name])
        self.loads += 1

    def generate(self, prompts, seeds, *, longest, temperature, eos, event):
        return [
            self._one(prompt, seed, longest, temperature, [*eos, *event], event)
            for prompt, seed in zip(prompts, seeds, strict=True)
        ]

    def _one(self, prompt, seed, longest, temperature, eos, event):
        generator = torch.Generator().manual_seed(seed)
        tokens, logp = [], []
        while len(tokens) < longest and (not tokens or tokens[-1] not in eos):
            logits_V = self.policy.model(input_ids=torch.tensor([[*prompt, *tokens]])).logits[0, -1]
            token, one = draw(logits_V[None] / temperature, torch.rand(1, generator=generator, dtype=torch.float64))
            tokens.append(int(token))
            whole = logits_V.log_softmax(-1)[list(event)].logsumexp(0) if int(token) in event else one
            logp.append(float(whole))
        return Generated(tokens, logp)


@pytest.fixture
def engine(load_demo):
    return SecondModel(load_demo("teacher"))


def weights_of(policy):
    return lambda: dict(policy.model.named_parameters())


def sampled(sampler, policy, *key):
    prompts = [policy.tokenizer(text)["input_ids"] for text in PROMPTS]
    eos = [policy.tokenizer.eos_token_id]
    return sampler(prompts, uniforms(len(prompts), 6, *key), temperature=1.0, eos=eos, pass_size=2)


@torch.no_grad()
def trainer_logp(policy, responses: Responses):
    logits_NV = policy.head(policy.hidden(responses))
    return torch.log_softmax(logits_NV, -1).gather(1, responses.token_N[:, None]).squeeze(1)


def test_an_engine_samples_from_the_weights_of_the_moment(policy, engine):
    sampler = EngineSampler(engine, policy, weights_of(policy))
    for step in range(3):
        rollout = sampled(sampler, policy, step)
        logp_N = trainer_logp(policy, rollout.responses)
        torch.testing.assert_close(rollout.sampler_logp_BR[rollout.responses.mask_BR], logp_N, atol=1e-4, rtol=0.0)
        check_agreement(rollout, logp_N)
        with torch.no_grad():  # an update, or a jump
            for parameter in policy.model.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
    assert engine.loads == 3


def test_what_an_engine_ends_with_counts_as_the_event(policy, engine):
    eos, digits = policy.tokenizer.eos_token_id, [3, 4, 5, 6, 7]
    policy.vocabulary = Vocabulary(15, (eos, *digits))
    rollout = sampled(EngineSampler(engine, policy, weights_of(policy)), policy, "key")
    token_N = rollout.responses.token_N
    assert not torch.isin(token_N, torch.tensor(digits)).any() and rollout.ended_B.all()
    logp_N = trainer_logp(policy, rollout.responses)
    torch.testing.assert_close(rollout.sampler_logp_BR[rollout.responses.mask_BR], logp_N, atol=1e-4, rtol=0.0)


def test_an_engine_with_other_weights_is_noticed(policy, engine):
    sampler = EngineSampler(engine, policy, weights_of(engine.policy))
    rollout = sampled(sampler, policy, "key")
    with pytest.raises(ModelProblem, match="does not hold the student's weights"):
        check_agreement(rollout, trainer_logp(policy, rollout.responses))


def test_responses_are_those_of_their_rows_and_end_where_they_end(policy, engine):
    sampler = EngineSampler(engine, policy, weights_of(policy))
    once, again, other = (sampled(sampler, policy, key) for key in ("a", "a", "b"))
    assert torch.equal(once.responses.token_BR, again.responses.token_BR)
    assert not torch.equal(once.responses.token_BR, other.responses.token_BR)
    eos = policy.tokenizer.eos_token_id
    for tokens, mask, ended in zip(once.responses.token_BR, once.responses.mask_BR, once.ended_B, strict=True):
        kept = tokens[mask].tolist()
        assert kept and (eos in kept) == bool(ended) and eos not in kept[:-1]
        assert ended or len(kept) == 6


def test_merged_adapters_reach_the_engine_under_the_plain_names(load_demo, engine):
    loaded = load_demo("base")
    trained = trained_part(loaded.model, RunConfig(adapter=Lora(rank=2)))
    with torch.no_grad():
        for parameter in trained.parameters.values():
            parameter.add_(0.1 * torch.randn_like(parameter))
    student = Policy(loaded, torch.device("cpu"), "float32")
    whole = trained.state_dict()
    assert whole is not None
    rollout = sampled(EngineSampler(engine, student, lambda: whole), student, "key")
    logp_N = trainer_logp(student, rollout.responses)
    torch.testing.assert_close(rollout.sampler_logp_BR[rollout.responses.mask_BR], logp_N, atol=1e-4, rtol=0.0)


@pytest.mark.parametrize("changes", [{"devices": 2}, {"device": "cpu"}])
def test_vllm_is_for_one_gpu(changes):
    with pytest.raises(ValidationError, match="devices 1"):
        RunConfig.model_validate({"sampler": {"kind": "vllm"}, **changes})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_vllm_is_refused_with_what_to_do(tmp_path):
    config = RunConfig(sampler=VllmSampler())
    with pytest.raises(BadInput, match=r"sampler\.kind 'own'") as refused:
        assemble(config, Settings(data_dir=tmp_path), lambda _: tmp_path, tmp_path / "snapshots")
    assert refused.value.where == "sampler.kind"
