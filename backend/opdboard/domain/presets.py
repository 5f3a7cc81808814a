"""Ready-made configurations: the runs of the demo, the two methods against each other, and a real model on real data."""

from dataclasses import dataclass, field

from opdboard.domain.budget import Budget
from opdboard.domain.data import ArithmeticData, FileData, HubData
from opdboard.domain.model_sources import GgufModel, HubModel
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.objectives import Grpo
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.run_config import RunConfig
from opdboard.domain.strategies import STRATEGIES
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.linesearch import LineSearch
from opdboard.domain.sweep import Sweep
from opdboard.domain.teachers import ModelTeacher, PrivilegedTeacher, TrainedTeacher


@dataclass(frozen=True)
class Preset:
    """A starting point for the launch form: what it shows, what must be there first, how long it takes."""

    name: str
    title: str
    description: str
    needs: str
    takes: str
    config: RunConfig
    sweep: Sweep = field(default_factory=Sweep)
    per_setting: bool = False


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
DEMO_LINE_SEARCH = DEMO_OPD.model_copy(
    update={
        "name": "Line-searched OPD, lr 1e-5",
        "strategy": LineSearch(),
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

HUB_PAIR = RunConfig(
    name="Qwen2.5 1.5B to 0.5B on GSM8K",
    student=HubModel(repo_id="Qwen/Qwen2.5-0.5B-Instruct"),
    teacher=ModelTeacher(source=HubModel(repo_id="Qwen/Qwen2.5-1.5B-Instruct")),
    data=HubData(repo_id="openai/gsm8k", configuration="main", split="train", held_out="test"),
    strategy=EffOPD(score="negative_reverse_kl", validation_size=32),
    optimizer=Optimizer(learning_rate=1e-6),
    budget=Budget(
        steps=64,
        batch_size=32,
        micro_batch_size=4,
        max_prompt_tokens=512,
        max_response_tokens=512,
        checkpoint_every=16,
        keep_checkpoints=2,
    ),
    monitoring=Monitoring(evaluate_every=8, held_out_size=64, spectral_every=16, samples_count=4),
    precision="bf16",
)

DEMO_OPD_AGAINST_RL = DEMO_OPD.model_copy(
    update={
        "name": "OPD from a GRPO teacher",
        "teacher": TrainedTeacher(
            objective=Grpo(group_size=8),
            optimizer=Optimizer(learning_rate=2e-4),
            budget=_DEMO_BUDGET.model_copy(update={"steps": 128}),
        ),
        "optimizer": Optimizer(learning_rate=1e-4),
        "budget": _DEMO_BUDGET.model_copy(update={"steps": 64}),
    }
)

METHODS_AGAINST_EACH_OTHER = DEMO_EFFOPD.model_copy(update={"name": "Demo lr 1e-5"})

PRESETS = (
    Preset(
        "real-model",
        "Real model, real data",
        "A GGUF or Hugging Face model teaches itself with the answer in sight.",
        needs="A model and a data file on the worker; 8 GB of memory for 135M parameters",
        takes="8 steps, 5 to 15 minutes",
        config=REAL_MODEL,
    ),
    Preset(
        "hub-pair",
        "A pair from the hub",
        "Two models of one tokenizer and prompts, each found by its name; the worker downloads them.",
        needs="A GPU on the worker, and the hub or its models in the cache",
        takes="64 steps; the check tells how long on your worker",
        config=HUB_PAIR,
    ),
    Preset(
        "demo-opd",
        "Demo: OPD",
        "A 0.3M-parameter model learns sums from its teacher, by the optimizer's steps alone.",
        needs="Nothing: all is built in",
        takes="128 steps, under a minute",
        config=DEMO_OPD,
    ),
    Preset(
        "demo-effopd",
        "Demo: EffOPD",
        "The same small rate, looking ahead along the update direction at steps 1, 2, 4, 8, ...",
        needs="Nothing: all is built in",
        takes="64 steps, under a minute",
        config=DEMO_EFFOPD,
    ),
    Preset(
        "demo-line-search",
        "Demo: line-searched OPD",
        "The same small rate, which a line search on the teacher KL corrects as it goes.",
        needs="Nothing: all is built in",
        takes="32 steps, about twenty seconds",
        config=DEMO_LINE_SEARCH,
    ),
    Preset(
        "demo-opd-large-rate",
        "Demo: OPD, ten times the rate",
        "The check that every speed-up needs: what would a larger rate alone have done?",
        needs="Nothing: all is built in",
        takes="32 steps, about ten seconds",
        config=DEMO_OPD_LARGE_RATE,
    ),
    Preset(
        "opd-against-effopd",
        "OPD against EffOPD, three seeds",
        "Six runs in two groups at one rate, so that the difference has an interval.",
        needs="Nothing: all is built in",
        takes="6 runs of 64 steps, a few minutes",
        config=METHODS_AGAINST_EACH_OTHER,
        sweep=Sweep(seeds=[0, 1, 2], grid={"strategy.kind": ["none", "effopd"]}),
        per_setting=True,
    ),
    Preset(
        "opd-against-rl",
        "OPD against RL, three seeds",
        "GRPO by the sums' own verifier makes a teacher of the base; OPD from the same base learns from that teacher.",
        needs="Nothing: all is built in",
        takes="3 runs of 128 steps and 3 of 64, about five minutes",
        config=DEMO_OPD_AGAINST_RL,
        sweep=Sweep(seeds=[0, 1, 2]),
    ),
    Preset(
        "strategies",
        "All strategies at one small rate",
        "Plain OPD and everything that looks ahead, from EffOPD to our line search, one seed each.",
        needs="Nothing: all is built in",
        takes="64 steps with each, a few minutes",
        config=METHODS_AGAINST_EACH_OTHER,
        sweep=Sweep(grid={"strategy.kind": list(STRATEGIES)}),
        per_setting=True,
    ),
)
