"""At a temperature other than 1 everything is about the tempered policy: what samples, what is trained, what is measured.

Expected losses and gradients are made by autograd from whole logits, response by response, with both sides divided by the
temperature: as TRL's GKD (generalized_jsd_loss) and GRPO (per-token log-probabilities) do.
"""

from dataclasses import replace

import pytest
import torch
from invariant.conftest import tiny_config
from torch.nn.functional import kl_div, log_softmax

from opdboard.domain.objectives import Dapo, FullVocabulary, Grpo, JensenShannon, SampledToken, Sft, TopK
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import RemoteTeacher

OBJECTIVES = [
    FullVocabulary(),
    FullVocabulary(reward_scale=1.25),
    SampledToken(),
    SampledToken(reward_scale=1.25),
    TopK(k=3, support="teacher"),
    JensenShannon(beta=0.0),
    JensenShannon(beta=0.3),
    JensenShannon(beta=1.0),
    Grpo(group_size=4, kl_coefficient=0.0),
    Dapo(group_size=4, updates_per_batch=1, sampling_rounds=1),
]


def at_temperature(temperature, objective, **changes):
    return tiny_config(steps=1, objective=objective, temperature=temperature, **changes)


def logits_of(model, rollout):
    """Of each response token (N, V), a forward pass without padding per response."""
    parts = []
    for prompt, tokens, mask in zip(
        rollout.responses.prompts, rollout.responses.token_BR, rollout.responses.mask_BR, strict=True
    ):
        said = tokens[mask].tolist()
        ids = torch.tensor([[*prompt, *said]])
        parts.append(model(input_ids=ids).logits[0, len(prompt) - 1 : -1])
    return torch.cat(parts)


def generalised_jsd(student, teacher, beta):
    """GKD's, with kl_div(input, target) = sum target (target - input) in logarithms."""
    if beta == 0:
        return kl_div(student, teacher, reduction="none", log_target=True).sum(-1)
    if beta == 1:
        return kl_div(teacher, student, reduction="none", log_target=True).sum(-1)
    one = torch.tensor(beta)
    mixture = torch.logaddexp(student + (1 - one).log(), teacher + one.log())
    of_teacher = kl_div(mixture, teacher, reduction="none", log_target=True).sum(-1)
    return beta * of_teacher + (1 - beta) * kl_div(mixture, student, reduction="none", log_target=True).sum(-1)


def binned(logp, mask):
    """Log-probabilities of the tokens of the mask, and of all others together."""
    rest = logp.masked_fill(mask, -torch.inf).logsumexp(-1, keepdim=True)
    return torch.cat([logp[mask].view(len(logp), -1), rest], -1)


def expected_loss(objective, student, teacher, reference, experience):
    """student, teacher, reference: tempered log-probabilities (N, V)."""
    responses = experience.rollout.responses
    token, row = responses.token_N, responses.row_N
    said = student.gather(-1, token[:, None]).squeeze(-1)
    if isinstance(objective, Grpo | Dapo):
        per_token = isinstance(objective, Dapo)
        lengths = experience.rollout.lengths_B.float()
        weight = torch.full_like(lengths, 1 / float(lengths.sum())) if per_token else 1 / (len(lengths) * lengths)
        ratio = (said - said.detach()).exp()
        return -(weight[row] * experience.advantage_B.float()[row] * ratio).sum()
    scale = getattr(objective, "reward_scale", 1.0)
    wanted = log_softmax(reference + scale * (teacher - reference), -1) if scale != 1.0 else teacher
    match objective:
        case FullVocabulary():
            return (student.exp() * (student - wanted)).sum(-1).mean()
        case SampledToken():
            of = [logp.gather(-1, token[:, None]).squeeze(-1) for logp in (teacher, reference)]
            advantage = scale * (of[0] - of[1]) - (said - of[1])
            return -(advantage.detach() * said).mean()
        case TopK():
            mask = torch.zeros_like(teacher, dtype=torch.bool).scatter(-1, teacher.topk(objective.k).indices, True)
            mine, theirs = binned(student, mask), binned(teacher, mask)
            return (mine.exp() * (mine - theirs)).sum(-1).mean()
        case _:
            return generalised_jsd(student, teacher, objective.beta).mean()


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_losses_and_gradients_are_those_of_the_tempered_policies(train, temperature):
    for objective in OBJECTIVES:
        checked = []

        def check(training, objective=objective, checked=checked):
            parts = training.parts
            scorer, model = parts.scorer, parts.scorer.student.model
            experience = parts.learner.gather(1, 0)
            if experience.advantage_B is not None:
                drawn = torch.randn(len(experience.examples), generator=torch.Generator().manual_seed(0))
                experience = replace(experience, advantage_B=drawn.double())
            whole = slice(0, len(experience.examples))
            parts.updater.zero_grad()
            loss, scalars = parts.learner.backward(experience, whole)
            found = {name: p.grad.clone() for name, p in parts.updater.parameters.items()}

            student = log_softmax(logits_of(model, experience.rollout) / temperature, -1)
            with torch.no_grad():
                teacher_model = scorer.teacher.policy_of(experience.examples[0]).model
                teacher = log_softmax(logits_of(teacher_model, experience.rollout) / temperature, -1)
            expected = expected_loss(objective, student, teacher, student.detach(), experience)
            parts.updater.zero_grad()
            expected.backward()
            norm = max(float(p.grad.norm()) for p in parts.updater.parameters.values())
            assert norm > 0
            for name, parameter in parts.updater.parameters.items():
                assert torch.allclose(found[name], parameter.grad, rtol=1e-3, atol=1e-4 * norm), (objective, name)
            parts.updater.zero_grad()
            assert loss == pytest.approx(float(expected), rel=1e-4, abs=1e-6), objective

            rollout = experience.rollout
            said = student.gather(-1, rollout.responses.token_N[:, None]).squeeze(-1)
            sampled = rollout.sampler_logp_BR[rollout.responses.mask_BR]
            assert torch.allclose(said, sampled, atol=1e-4), "importance weights are 1"
            if "reverse_kl" in scalars:
                kl = (student.exp() * (student - teacher)).sum(-1).mean()
                assert scalars["reverse_kl"] == pytest.approx(float(kl), rel=1e-4)
            checked.append(objective)

        train(at_temperature(temperature, objective), before=check)
        assert checked == [objective]


def test_evaluations_and_decisions_are_at_the_temperature_too(train):
    def check(training):
        scorer, held_out = training.parts.scorer, training.parts.held_out
        answers = scorer.answer(held_out, "held-out")
        policy = scorer.teacher.policy_of(held_out[0])
        with torch.no_grad():
            student, teacher = (
                log_softmax(logits_of(model, answers.rollout) / 0.5, -1)
                for model in (scorer.student.model, policy.model)
            )
        kl = (student.exp() * (student - teacher)).sum(-1).mean()
        assert answers.reverse_kl == pytest.approx(float(kl), rel=1e-4)
        said = scorer.student_logp(held_out, answers.rollout)
        assert torch.allclose(said, answers.measures.student_logprob, atol=1e-5)
        views = scorer.teacher_views(held_out, answers.rollout)
        again = scorer.rescore(held_out, answers, views)
        assert again.reverse_kl == pytest.approx(answers.reverse_kl, rel=1e-5)

    train(at_temperature(0.5, FullVocabulary()), before=check)


def test_supervised_training_is_at_temperature_one_whatever_samples(train):
    _, cold = train(at_temperature(0.5, Sft()))
    _, usual = train(at_temperature(1.0, Sft()))
    assert cold.series("loss") == usual.series("loss")


def test_a_teacher_that_tells_a_few_log_probabilities_is_refused_at_another_temperature():
    remote = {"kind": "remote", "url": "http://teacher:8000/v1", "model": "m"}
    config = {"objective": {"kind": "sampled_token"}, "teacher": remote}
    assert isinstance(RunConfig.model_validate(config).teacher, RemoteTeacher)
    with pytest.raises(ValueError, match=r"budget\.temperature is 0\.5"):
        RunConfig.model_validate(config | {"budget": {"temperature": 0.5}})
