"""AdamW against its formula, and mixed precision: bfloat16 where the model computes, float32 where it is kept."""

import pytest
import torch

from opdboard.domain.budget import Budget
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.run_config import RunConfig
from opdboard_worker.training.optimizer import Updater
from opdboard_worker.training.policy import Policy, Responses

RATE, BETA1, BETA2, DECAY, EPSILON = 0.01, 0.8, 0.95, 0.1, 1e-8


def updater_of(parameter, **changes):
    settings = Optimizer(learning_rate=RATE, beta1=BETA1, beta2=BETA2, weight_decay=DECAY, gradient_clip=None)
    config = RunConfig(optimizer=settings.model_copy(update=changes), budget=Budget(steps=10))
    return Updater({"w": parameter}, config)


def test_three_steps_are_those_of_the_paper():
    """arXiv:1711.05101, algorithm 2: decoupled decay, bias-corrected moments."""
    torch.manual_seed(0)
    parameter = torch.nn.Parameter(torch.randn(4, 3))
    updater = updater_of(parameter)
    weight = parameter.detach().double()
    first, second = torch.zeros_like(weight), torch.zeros_like(weight)
    for step in (1, 2, 3):
        gradient = torch.randn(4, 3)
        parameter.grad = gradient.clone()
        updater.step(updater.gradient_norm())
        first = BETA1 * first + (1 - BETA1) * gradient.double()
        second = BETA2 * second + (1 - BETA2) * gradient.double().square()
        scaled = (first / (1 - BETA1**step)) / ((second / (1 - BETA2**step)).sqrt() + EPSILON)
        weight = weight * (1 - RATE * DECAY) - RATE * scaled
        torch.testing.assert_close(parameter.detach().double(), weight, rtol=1e-5, atol=1e-6)
    assert updater._optimizer.defaults["fused"], "one kernel for all parameters, also on CPU"


def test_a_long_gradient_is_cut_to_length_and_a_short_one_left_alone():
    for size, expected in ((100.0, 1.0), (0.01, 0.01)):
        parameter = torch.nn.Parameter(torch.zeros(4))
        updater = updater_of(parameter, gradient_clip=1.0)
        parameter.grad = torch.full((4,), size / 2)
        norm = updater.gradient_norm()
        updater.step(norm)
        assert float(norm) == pytest.approx(size)
        assert float(parameter.grad.norm()) == pytest.approx(expected, rel=1e-4)


def test_under_bf16_activations_are_halved_and_weights_gradients_and_moments_are_not(load_demo):
    policy = Policy(load_demo("base"), torch.device("cpu"), "bf16")
    seen = set()
    for layer in policy.model.model.layers:
        layer.mlp.down_proj.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    responses = Responses([[13, 1, 2]], torch.tensor([[3, 4, 14]]), torch.ones(1, 3, dtype=torch.bool))
    hidden_NH = policy.hidden(responses)
    with policy.autocast():
        logits_NV = policy.head(hidden_NH)
    assert seen == {torch.bfloat16} and logits_NV.dtype == torch.bfloat16
    logits_NV.float().logsumexp(-1).sum().backward()
    parameters = dict(policy.model.named_parameters())
    updater = Updater(parameters, RunConfig(optimizer=Optimizer(learning_rate=1e-4)))
    before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    updater.step(updater.gradient_norm())
    for name, parameter in parameters.items():
        assert parameter.dtype == torch.float32 and parameter.grad is not None and parameter.grad.dtype == torch.float32
        assert not torch.equal(parameter, before[name]) or not bool(parameter.grad.any())
    assert {tensor.dtype for tensor in updater.tensors().values()} == {torch.float32}
