"""What the fields of a run are called elsewhere: TRL's names beside ours, and which field a wrong name may mean.

Of TRL's GKDConfig, DistillationConfig and GRPOConfig, its ScriptArguments and ModelConfig, and transformers' TrainingArguments
beneath them.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from opdboard.domain.run_fields import configuration


@dataclass(frozen=True)
class TrlName:
    """Ours for one of TRL's names. says: what a path alone would not. same: whether a value may be taken over as it is."""

    paths: tuple[str, ...]
    says: str = ""
    same: bool = True


def _as(*paths: str, says: str = "") -> TrlName:
    return TrlName(paths, says)


def _unlike(*paths: str, says: str) -> TrlName:
    return TrlName(paths, says, same=False)


_HUB_OR_FOLDER = "{0}.repo_id with {0}.kind 'hub', or {0}.path with '{1}'"

TRL: Mapping[str, TrlName] = {
    "run_name": _as("name"),
    "model_name_or_path": _as("student.repo_id", "student.path", says=_HUB_OR_FOLDER.format("student", "folder")),
    "model_revision": _as("student.revision"),
    "teacher_model_name_or_path": _as(
        "teacher.source.repo_id", "teacher.source.path", says=_HUB_OR_FOLDER.format("teacher.source", "folder")
    ),
    "teacher_model_revision": _as("teacher.source.revision"),
    "teacher_model_server_url": _as("teacher.url", says="teacher.url with teacher.kind 'remote'"),
    "dataset_name": _as("data.repo_id", "data.path", says=_HUB_OR_FOLDER.format("data", "file")),
    "dataset_config": _as("data.configuration"),
    "dataset_train_split": _as("data.split"),
    "dataset_test_split": _as("data.held_out"),
    "chat_template_kwargs": _as("reading.student.template_arguments"),
    "beta": _as(
        "objective.beta",
        "objective.kl_coefficient",
        says="objective.beta with objective.kind 'jensen_shannon', or objective.kl_coefficient with 'grpo'",
    ),
    "loss_top_k": _as("objective.k", says="objective.k with objective.kind 'top_k'; for 0 choose 'full_vocabulary'"),
    "num_generations": _as(
        "objective.group_size",
        says="objective.group_size with objective.kind 'grpo' or 'dapo'; a distillation draws one response to each prompt",
    ),
    "epsilon": _as("objective.clip_low"),
    "epsilon_high": _as("objective.clip_high"),
    "learning_rate": _as("optimizer.learning_rate"),
    "lr_scheduler_type": _as("optimizer.schedule"),
    "warmup_steps": _as("optimizer.warmup_steps"),
    "weight_decay": _as("optimizer.weight_decay"),
    "adam_beta1": _as("optimizer.beta1"),
    "adam_beta2": _as("optimizer.beta2"),
    "max_grad_norm": _as("optimizer.gradient_clip"),
    "lora_r": _as("adapter.rank", says="adapter.rank with adapter.kind 'lora'"),
    "lora_alpha": _as("adapter.alpha", says="adapter.alpha with adapter.kind 'lora'"),
    "max_steps": _as("budget.steps"),
    "per_device_train_batch_size": _as("budget.micro_batch_size"),
    "gradient_checkpointing": _as("budget.gradient_checkpointing"),
    "max_prompt_length": _as("budget.max_prompt_tokens"),
    "max_completion_length": _as("budget.max_response_tokens"),
    "max_new_tokens": _as("budget.max_response_tokens"),
    "temperature": _as("budget.temperature"),
    "save_steps": _as("budget.checkpoint_every"),
    "save_total_limit": _as("budget.keep_checkpoints"),
    "eval_steps": _as("monitoring.evaluate_every"),
    "load_best_model_at_end": _as("selection.keep_best"),
    "early_stopping_patience": _as("selection.patience"),
    "vllm_gpu_memory_utilization": _as("sampler.memory_share", says="sampler.memory_share with sampler.kind 'vllm'"),
    "metric_for_best_model": _unlike(
        "selection.metric", says="selection.metric, with names of measures such as eval/accuracy"
    ),
    "use_vllm": _unlike("sampler.kind", says="sampler.kind 'vllm'"),
    "use_peft": _unlike("adapter.kind", says="adapter.kind 'lora'"),
    "use_teacher_server": _unlike("teacher.kind", says="teacher.kind 'remote'"),
    "bf16": _unlike("precision", says="precision 'bf16'"),
    "lmbda": _unlike("objective.kind", says="always 1: every batch is sampled from the student; leave it out"),
    "seq_kd": _unlike("objective.kind", says="always false: the student learns from its own responses; leave it out"),
    "gradient_accumulation_steps": _unlike(
        "budget.batch_size",
        says="in budget.batch_size, which counts all sequences of a step: per_device_train_batch_size x "
        "gradient_accumulation_steps x devices",
    ),
    "num_train_epochs": _unlike("budget.steps", says="budget.steps, which counts optimizer steps"),
    "warmup_ratio": _unlike("optimizer.warmup_steps", says="optimizer.warmup_steps, which counts steps"),
    "max_length": _unlike(
        "budget.max_prompt_tokens",
        "budget.max_response_tokens",
        says="budget.max_prompt_tokens and budget.max_response_tokens, each a limit of its own",
    ),
}
"""By TRL's name. A path may be of one kind of its choice alone, and beta means two things in TRL, too."""

_PARTS_CUTOFF = 0.75


def hint(path: str) -> str:
    """What a field that does not exist may mean: 'TRL's max_completion_length is budget.max_response_tokens here'; else ''."""
    name = path.rpartition(".")[2]
    theirs = TRL.get(name)
    if theirs is not None and (theirs.says or all(one.rpartition(".")[2] != name for one in theirs.paths)):
        return f"TRL's {name} is {theirs.says or ' or '.join(theirs.paths)} here"
    by_part = _by_last_part()
    parts = [name] if name in by_part else difflib.get_close_matches(name, by_part, n=1, cutoff=_PARTS_CUTOFF)
    meant = [one for part in parts for one in by_part[part] if one != path]
    beside = [one for one in meant if one.rpartition(".")[0] == path.rpartition(".")[0]]
    meant = beside or meant
    return f"did you mean {' or '.join(meant[:2])}?" if meant else ""


@cache
def _by_last_part() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in configuration():
        found.setdefault(path.rpartition(".")[2], []).append(path)
    return found
