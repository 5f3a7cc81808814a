"""Ready-made configurations: the three runs of the demo, and a real model on real data."""

from dataclasses import dataclass

from opdboard.domain.run_config import (
    ArithmeticData,
    Budget,
    EffOPD,
    FileData,
    GgufModel,
    Monitoring,
    Optimizer,
    PrivilegedTeacher,
    RunConfig,
)


@dataclass(frozen=True)
class Preset:
    """A starting point for the launch form."""

    name: str
    title: str
    description: str
    config: RunConfig


_DEMO_BUDGET = Budget(
    steps=128, batch_size=256, max_prompt_tokens=16, max_response_tokens=6, checkpoint_every=32, keep_checkpoints=2
)
_DEMO_MONITORING = Monitoring(evaluate_every=4, held_out_size=256, spectral_every=16, samples_count=4)

DEMO_OPD = RunConfig(
    name="OPD, lr 1e-5",
    data=ArithmeticData(),
    optimizer=Optimizer(learning_rate=1e-5),
    budget=_DEMO_BUDGET,
    monitoring=_DEMO_MONITORING,
)
DEMO_EFFOPD = DEMO_OPD.model_copy(
    update={
        "name": "EffOPD, lr 1e-5",
        "strategy": EffOPD(score="negative_reverse_kl", validation_size=64),
        "budget": _DEMO_BUDGET.model_copy(update={"steps": 64}),
    }
)
DEMO_OPD_LARGE_RATE = DEMO_OPD.model_copy(
    update={
        "name": "OPD, lr 1e-4",
        "optimizer": Optimizer(learning_rate=1e-4),
        "budget": _DEMO_BUDGET.model_copy(update={"steps": 32}),
    }
)
REAL_MODEL = RunConfig(
    name="SmolLM2-135M on GSM8K",
    student=GgufModel(path="SmolLM2-135M-Instruct.Q4_1.gguf"),
    teacher=PrivilegedTeacher(),
    data=FileData(path="gsm8k_test.jsonl"),
    strategy=EffOPD(score="negative_reverse_kl", validation_size=8, candidates=3),
    optimizer=Optimizer(learning_rate=5e-6),
    budget=Budget(
        steps=8,
        batch_size=8,
        micro_batch_size=4,
        max_prompt_tokens=256,
        max_response_tokens=48,
        checkpoint_every=8,
        keep_checkpoints=1,
    ),
    monitoring=Monitoring(evaluate_every=4, held_out_size=8, spectral_every=8, samples_count=4),
)

PRESETS = (
    Preset(
        "demo-opd",
        "Demo: OPD",
        "A 0.3M-parameter model learns sums from its teacher; about half a minute on two cores.",
        DEMO_OPD,
    ),
    Preset(
        "demo-effopd",
        "Demo: EffOPD",
        "The same, looking ahead along its update direction at steps 1, 2, 4, 8, ...",
        DEMO_EFFOPD,
    ),
    Preset(
        "real-model",
        "Real model, real data",
        "A GGUF or Hugging Face model teaches itself with the answer in sight; set both paths to files on the worker.",
        REAL_MODEL,
    ),
)
