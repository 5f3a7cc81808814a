"""The way of one model through everything that depends on its parameters' names: score, train, save, resume, import."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from opdboard_worker.analysis.series import open_base
from opdboard_worker.models.coverage import coverage
from opdboard_worker.models.demo import build_tokenizer
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.models.loading import weights_like
from opdboard_worker.models.matrices import matrices_of
from opdboard_worker.models.saving import save
from opdboard_worker.training.policy import Policy, Responses

STAGES = ("score", "train", "save", "resume", "import", "modules")


def stages(model: Any, folder: Path) -> Iterator[tuple[str, str]]:
    """(stage, what came of it) in the order of STAGES; an error of a stage is raised. Needs nothing but the stages before."""
    tokenizer = build_tokenizer()
    policy = Policy(LoadedModel(model, tokenizer, "tiny"), torch.device("cpu"), "fp32")
    responses = Responses([[8, 9, 10], [11]], torch.tensor([[12, 13, 14], [9, 10, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]]).bool())  # fmt: skip

    def logp() -> torch.Tensor:
        logits_NV = policy.head(policy.hidden(responses))
        return logits_NV.log_softmax(-1).gather(-1, responses.token_N[:, None]).squeeze(-1)

    assert bool(logp().isfinite().all())
    yield "score", "ok"
    trained = [one for one in model.parameters() if one.is_floating_point()]
    optimizer = torch.optim.AdamW(trained, lr=1e-3)
    for _ in range(2):
        optimizer.zero_grad()
        (-logp().mean()).backward()
        optimizer.step()
    yield "train", "ok"
    save(model, tokenizer, folder)
    yield "save", "renamed" if _renamed(model, folder) else "ok"
    live = {name: one.detach() for name, one in model.named_parameters()}
    read = weights_like(model, folder)
    assert read.keys() == live.keys() and all(torch.equal(read[name], live[name]) for name in live)
    yield "resume", "equal"
    held = matrices_of(model)
    ours = {module.name: (module, view.of(live[name])) for name, found in held.items() for module, view in found}
    theirs = open_base(folder)
    assert dict(theirs.modules) == {name: module for name, (module, _) in ours.items()}
    assert all(torch.equal(theirs.matrix(name), matrix) for name, (_, matrix) in ours.items())
    yield "import", "equal"
    assert len({module.label for module, _ in ours.values()}) == len(ours) > 0
    assert all(module.shape == tuple(matrix.shape) for module, matrix in ours.values())
    shares = coverage({name: tuple(one.shape) for name, one in live.items()}, held)
    yield "modules", f"{len(ours)} | {shares.of_blocks:.0%} | {shares.of_all:.0%}"


def _renamed(model: Any, folder: Path) -> bool:
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", framework="pt") as stored:
        names = set(stored.keys())
    assert json.loads((folder / "config.json").read_text())
    return not names <= set(model.state_dict())
