"""What is run: a GRPO teacher of the demo base, OPD from it at two rates, EffOPD, and GRPO with OPD's own budget."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opdboard.domain.budget import Budget
from opdboard.domain.interventions import INTERVENTIONS
from opdboard.domain.model_sources import RunModel
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.objectives import Grpo
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.presets import DEMO_OPD
from opdboard.domain.run_config import RunConfig
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.teachers import ModelTeacher, NoTeacher

TEACHER, OPD, SLOW_OPD, EFFOPD, RL = (
    "GRPO teacher",
    "OPD, lr 1e-4",
    "OPD, lr 1e-5",
    "EffOPD, lr 1e-5",
    "GRPO, lr 2e-4",
)
STUDENTS = (OPD, SLOW_OPD, EFFOPD, RL)
ANALYSED = (OPD, RL)
MEASURED = tuple(kind for kind, one in INTERVENTIONS.items() if one.purpose == "intervention")
"""Kinds of analyses that change a run's weights and look; they ask for nothing but the run."""

_RL_RATE, _OPD_RATE = 2e-4, 1e-4
_OTHER_SEED = 100
"""Added to the seeds of the GRPO baseline, which would else repeat the first steps of the teacher's own run."""


@dataclass(frozen=True)
class Scale:
    """How much is done."""

    seeds: tuple[int, ...]
    analysed_seeds: tuple[int, ...]
    teacher_steps: int
    steps: int
    batch_size: int
    held_out: int
    scoring: Mapping[str, int]
    takes: str
    of_rl: tuple[str, ...] = MEASURED
    """Interventions on the GRPO runs as well."""


FULL = Scale(
    seeds=(0, 1, 2),
    analysed_seeds=(0, 1, 2),
    teacher_steps=128,
    steps=64,
    batch_size=256,
    held_out=512,
    scoring={"prompts": 512, "samples": 2},
    takes="15 runs and 48 analyses, about 20 minutes on two cores",
)
QUICK = Scale(
    seeds=(0,),
    analysed_seeds=(0,),
    teacher_steps=40,
    steps=20,
    batch_size=128,
    held_out=256,
    scoring={"prompts": 256, "samples": 1},
    takes="5 runs and 11 analyses, about 3 minutes on two cores; one seed, so nothing has an interval over seeds",
    of_rl=("scale_final", "embedding_shift", "rank_one_trajectory"),
)


def teacher(scale: Scale, seed: int) -> RunConfig:
    """GRPO of the base by the sums' own verifier."""
    return _run(
        scale,
        TEACHER,
        seed,
        scale.teacher_steps,
        teacher=NoTeacher(),
        objective=Grpo(group_size=8),
        optimizer=Optimizer(learning_rate=_RL_RATE),
    )


def student(scale: Scale, role: str, seed: int, teacher_run: str) -> RunConfig:
    """A run from the base; GRPO is compared with the teacher at each evaluation and learns nothing from it."""
    changes: dict[str, Any] = {
        OPD: {"optimizer": Optimizer(learning_rate=_OPD_RATE)},
        SLOW_OPD: {"optimizer": Optimizer(learning_rate=_OPD_RATE / 10)},
        EFFOPD: {
            "optimizer": Optimizer(learning_rate=_OPD_RATE / 10),
            "strategy": EffOPD(score="negative_reverse_kl", validation_size=64),
        },
        RL: {"objective": Grpo(group_size=8), "optimizer": Optimizer(learning_rate=_RL_RATE)},
    }[role]
    learns_from = ModelTeacher(source=RunModel(run_id=teacher_run))
    return _run(scale, role, seed + (_OTHER_SEED if role == RL else 0), scale.steps, teacher=learns_from, **changes)


def _run(scale: Scale, role: str, seed: int, steps: int, **changes: Any) -> RunConfig:
    early = max(1, round(scale.steps / 10))
    budget = Budget(
        steps=steps,
        batch_size=scale.batch_size,
        max_prompt_tokens=16,
        max_response_tokens=6,
        checkpoint_every=early if steps == scale.steps else steps,
        keep_checkpoints=20,
    )
    monitoring = Monitoring(
        evaluate_every=max(1, scale.steps // 8), held_out_size=scale.held_out, spectral_every=early, samples_count=4
    )
    fields = {"name": f"{role}, seed {seed}", "seed": seed, "budget": budget, "monitoring": monitoring}
    return DEMO_OPD.model_copy(update=fields | changes)


def analyses(scale: Scale, role: str) -> list[tuple[str, dict[str, Any]]]:
    """The interventions on a run of that role, with what each asks for."""
    wanted = scale.of_rl if role == RL else MEASURED
    return [
        (kind, {"evaluation": dict(scale.scoring)} if kind != "rank_one_trajectory" else {})
        for kind in MEASURED
        if kind in wanted
    ]
