"""What a run will keep in memory (of each device) and on disk, estimated from the shapes of its models.

Follows the trainer: float32 master weights, AdamW, W_0 and W_{t-1} of the attention and MLP matrices, and the lookahead's anchor,
last jump and the copies it makes while it searches. Sequences are taken as long as the budget allows, so activations are an upper
estimate; what the allocator keeps besides and other programs on the device are not included.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from opdboard.domain.measures import ALIGNMENT_DEPTHS
from opdboard.domain.model_shape import ModelShape
from opdboard.domain.module_names import moved_by_authors_filter
from opdboard.domain.optimizer import Lora
from opdboard.domain.run_config import RunConfig
from opdboard.domain.strategies import Strategy
from opdboard.domain.workload import workload

FLOAT = 4
HALF = 2
RUNTIME_BYTES = 400 * 2**20
"""Python with torch and transformers before any model is loaded, measured as the trainer's resident memory on Linux."""
_HEADER_BYTES = 75  # of a tensor in a safetensors file, besides its name
_OTHER_CHECKPOINT_BYTES = 20_000  # states of the random generators, the tokenizer's and the model's small files
_SCALARS_PER_STEP = 30
_SCALAR_BYTES = 32  # sequence, step, value and time, eight bytes each
_NORM_STATISTICS = 5
_SPECTRAL_STATISTICS = 12
_SAMPLE_TOKEN_BYTES = 20  # text, KL and advantage


@dataclass(frozen=True)
class Part:
    """One thing that takes room; phase: 'always', or the phase of a step that alone needs it."""

    name: str
    bytes: int
    phase: str = "always"


def memory(config: RunConfig, student: ModelShape, teacher: ModelShape) -> list[Part]:
    """What is held at once in a step. A step either trains or searches: see `peak`."""
    whole = student.parameters * FLOAT
    matrices = student.module_parameters * FLOAT
    on_host = config.device == "cpu"

    def kept(size: int) -> int:
        """What is left on the device of a copy that takes `size` in float32; in bf16, of weights published as such."""
        return size if config.copies == "device" else size // 2 if config.copies == "bf16" else size * on_host

    parts = [
        Part("student", whole),
        *([Part("teacher", teacher.parameters * FLOAT)] if config.teacher.loaded else []),
        *([Part("initial student, as the reference", whole)] if keeps_reference(config) else []),
        *([Part("the sampler's weights", student.parameters * size)] if (size := config.sampler.copy_bytes) else []),
        Part("gradients", trained_parameters(config, student) * FLOAT),
        Part("Adam moments", 2 * trained_parameters(config, student) * FLOAT),
        Part("W_0 of the matrices", kept(matrices)),
        Part("W_t-1 of the matrices", matrices),
        Part("activations", _activations(config, student), "training"),
        Part("logits", _logits(config, student), "training"),
        Part("key-value cache", _cache(config, student), "rollout"),
    ]
    if config.strategy.looks_ahead:
        moved = _moving(config.strategy, student)
        moving = moved * FLOAT
        parts += [
            # W_0 of what else moves is kept with the anchor; the jump goes wherever W_0 does, but never in half precision.
            Part(
                "anchor and last jump",
                kept(moving * _anchor_moves(config.strategy) + max(moving - matrices, 0))
                + moving * (config.copies == "device" or on_host),
            ),
            Part("start, direction and new anchor", 3 * moving, "search"),
            Part("key-value cache of D_v", _cache(config, student), "search"),
        ]
        if history := config.strategy.history(moved, student) * FLOAT:
            parts.append(Part("checkpoints that the strategy predicts from", history))
    return [*parts, Part("Python, torch, transformers", RUNTIME_BYTES)]


def trained_parameters(config: RunConfig, student: ModelShape) -> int:
    """How many numbers the optimizer steps on: all, or LoRA's factors of each attention and MLP matrix."""
    if isinstance(config.adapter, Lora):
        return sum(config.adapter.rank * sum(module.shape) for module in student.modules)
    return student.parameters


def keeps_reference(config: RunConfig) -> bool:
    """Whether a frozen copy of the initial student is held besides the teacher."""
    return config.objective.needs_reference and not config.teacher.starts_as(config.student)


def peak(parts: Iterable[Part]) -> int:
    """What always is there, and the largest phase."""
    sums: dict[str, int] = {}
    for part in parts:
        sums[part.phase] = sums.get(part.phase, 0) + part.bytes
    always = sums.pop("always", 0)
    return always + max(sums.values(), default=0)


def checkpoint_bytes(config: RunConfig, student: ModelShape) -> int:
    """One checkpoint: weights, moments, and with a strategy the anchor that has left W_0, the last jump and the history."""
    strategy = config.strategy
    moving = _moving(strategy, student)
    copies = 1 + _anchor_moves(strategy) if strategy.looks_ahead else 0
    names = sum(map(len, student.tensors))
    tensors = 4 * len(student.tensors) + copies * len(student.modules)  # weights, two moments, step counts
    headers = tensors * _HEADER_BYTES + 4 * names + copies * sum(len(module.name) for module in student.modules)
    factors = trained_parameters(config, student)
    kept = 3 * student.parameters if factors == student.parameters else student.parameters + 3 * factors
    return (kept + copies * moving + strategy.history(moving, student)) * FLOAT + headers + _OTHER_CHECKPOINT_BYTES


def candidates_bytes(strategy: Strategy, student: ModelShape) -> int:
    """What a trigger's candidates can be made again from: W_t, and D of what moves."""
    headers = (len(student.tensors) + len(student.modules)) * _HEADER_BYTES + sum(map(len, student.tensors))
    return (student.parameters + _moving(strategy, student)) * FLOAT + headers


def snapshot_bytes(config: RunConfig, student: ModelShape) -> int:
    """One snapshot of subspaces: U and V in half precision, singular values in single."""
    rank = config.monitoring.subspace_rank
    total = 0
    for module in student.modules:
        kept = min(rank, *module.shape)
        total += kept * (sum(module.shape) * HALF + FLOAT) + 3 * (len(module.name) + _HEADER_BYTES)
    return total


def disk(config: RunConfig, student: ModelShape) -> list[Part]:
    """What stays on disk at the end."""
    counts = workload(config)
    parts = [Part("checkpoints", counts.checkpoints_kept * checkpoint_bytes(config, student))]
    if config.strategy.looks_ahead:
        kept = min(counts.triggers, config.budget.keep_checkpoints)
        parts.append(Part("weights of candidates", kept * candidates_bytes(config.strategy, student)))
    return [
        *parts,
        Part("subspace snapshots", counts.snapshots * snapshot_bytes(config, student)),
        Part("series and samples", series_bytes(config, len(student.modules))),
    ]


def series_bytes(config: RunConfig, modules: int) -> int:
    """Rows in the database: scalars, per-module statistics, alignment of all earlier snapshots, samples."""
    counts, monitoring = workload(config), config.monitoring
    norms = counts.steps // monitoring.modules_every * _NORM_STATISTICS
    pairs = counts.snapshots * (counts.snapshots - 1) // 2
    vectors = norms + counts.snapshots * _SPECTRAL_STATISTICS + pairs * (2 * len(ALIGNMENT_DEPTHS) + 1)
    sample = _SAMPLE_TOKEN_BYTES * config.budget.max_response_tokens + 4 * config.budget.max_prompt_tokens
    return (
        counts.steps * _SCALARS_PER_STEP * _SCALAR_BYTES
        + vectors * modules * FLOAT
        + counts.evaluations * monitoring.samples_count * sample
    )


def _moving(strategy: Strategy, student: ModelShape) -> int:
    """Numbers that an extrapolation moves."""
    match strategy.moves:
        case "all":
            return student.parameters
        case "authors_filter":
            named = moved_by_authors_filter(list(student.tensors), [module.name for module in student.modules])
            return sum(prod(student.tensors[name]) for name in named)
        case _:
            return student.module_parameters


def _anchor_moves(strategy: Strategy) -> bool:
    """Whether an anchor is kept besides W_0."""
    return strategy.next_anchor != "initial_weights"


def _sequences(config: RunConfig) -> tuple[int, int]:
    """(sequences of a forward pass on one device, tokens of one)."""
    budget = config.budget
    share = -(-budget.batch_size // config.devices)
    return min(budget.micro_batch_size or share, share), budget.max_prompt_tokens + budget.max_response_tokens


def _activations(config: RunConfig, student: ModelShape) -> int:
    """What the backward pass needs of a micro-batch: every matrix's output, both gated products, and eight copies of the
    residual stream's width per layer (norms, rotated queries and keys, attention's output, sums). With gradient
    checkpointing, of one layer at a time, and every layer's input."""
    sequences, tokens = _sequences(config)
    outputs = sum(module.shape[0] for module in student.modules)
    gated = 2 * sum(module.shape[0] for module in student.modules if module.kind == "up")
    width = outputs + gated + 8 * student.hidden * student.layers
    if config.budget.gradient_checkpointing and student.layers:
        width = width // student.layers + student.hidden * student.layers
    size = HALF if config.precision == "bf16" else FLOAT
    return sequences * tokens * width * size


def _logits(config: RunConfig, student: ModelShape) -> int:
    """A chunk's logits of student and teacher and the gradient of the student's; the hidden states of all tokens."""
    sequences, _ = _sequences(config)
    tokens = sequences * config.budget.max_response_tokens
    chunk = min(config.objective.chunk_tokens, tokens)
    return (3 * chunk * student.vocabulary + 3 * tokens * student.hidden) * FLOAT


def _cache(config: RunConfig, student: ModelShape) -> int:
    """Keys and values of a rollout's sequences, and the distribution they draw from (single and double precision)."""
    together, tokens = _sequences(config)
    sequences = min(config.budget.rollout_batch_size or together, -(-config.budget.batch_size // config.devices))
    keys_and_values = sum(_key_value_rows(module.kind, module.shape) for module in student.modules)
    size = HALF if config.precision == "bf16" else FLOAT
    drawing = sequences * student.vocabulary * 5 * FLOAT
    return sequences * tokens * keys_and_values * size + drawing


def _key_value_rows(kind: str, shape: tuple[int, int]) -> int:
    if kind in ("k", "v"):
        return shape[0]
    return 2 * shape[0] // 3 if kind == "qkv" else 0
