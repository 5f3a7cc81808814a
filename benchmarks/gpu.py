"""Steps of OPD at the shapes of a 1.5B model on one CUDA device: response tokens per second, and where the time goes.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --device cpu --tiny     # a small shape, to try the script without a device

Student and teacher have the shapes of Qwen2.5-1.5B and random weights, since only time and room count here: a random
model hardly ever ends a response, so that each is as long as allowed. Whole-vocabulary reverse KL, bf16 autocast with
float32 master weights, gradient checkpointing, all live monitoring on, reports written to a database. The first step
warms up and is left out, as are held-out evaluations; spectra count at the steps at which they are due.

values: tokens_per_second, step_seconds (medians over the steps), rollout_share, monitor_share, memory_gib (peak of the
device). The last line of stdout is one JSON object.
"""

import argparse
import contextlib
import tempfile
from pathlib import Path
from typing import Any

import torch
from live_run import NEVER, last_line, live_training, median_interval
from transformers import Qwen2Config, Qwen2ForCausalLM

from opdboard.domain.budget import Budget
from opdboard.domain.model_sources import FolderModel
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.records import Batch
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import ModelTeacher
from opdboard_worker.models.demo import build_tokenizer

SHAPES: dict[str, dict[str, Any]] = {
    "1.5B": {
        "vocab_size": 151_936,
        "hidden_size": 1536,
        "intermediate_size": 8960,
        "num_hidden_layers": 28,
        "num_attention_heads": 12,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    },
    "tiny": {
        "vocab_size": 2_048,
        "hidden_size": 64,
        "intermediate_size": 192,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    },
}


def main() -> None:
    """Make the models, train a few steps, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--tiny", action="store_true", help="a small shape")
    parser.add_argument("--steps", type=int, default=6, help="measured steps")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--micro-batch", type=int, default=8)
    parser.add_argument("--response-tokens", type=int, default=512)
    arguments = parser.parse_args()
    shape = "tiny" if arguments.tiny else "1.5B"
    with tempfile.TemporaryDirectory(prefix="opdboard-gpu-") as name:
        config = _config(arguments, *(_random_model(Path(name) / role, shape, role) for role in ("student", "teacher")))
        measured = _steps(config, last=arguments.steps + 1)
    values, intervals = {}, {}
    for key, of_step in {
        "tokens_per_second": lambda one: one["tokens_per_second"],
        "step_seconds": lambda one: one["step_seconds"],
        "rollout_share": lambda one: one["rollout_seconds"] / one["step_seconds"],
        "monitor_share": lambda one: one["monitor_seconds"] / one["step_seconds"],
    }.items():
        values[key], intervals[key] = median_interval([of_step(one) for one in measured])
    values["memory_gib"] = max(one["memory_bytes"] for one in measured) / 2**30
    settings = {
        "device": torch.cuda.get_device_name() if arguments.device == "cuda" else "cpu",
        "shape": shape,
        "steps": arguments.steps,
        "batch": arguments.batch,
        "micro_batch": arguments.micro_batch,
        "response_tokens": arguments.response_tokens,
        "response_length": measured[-1]["response_length"],
    }
    print(last_line("gpu", values, intervals, settings))


def _random_model(folder: Path, shape: str, role: str) -> FolderModel:
    """A folder with weights of their own for each role; the demo's characters are its first tokens."""
    torch.manual_seed(len(role))
    tokenizer = build_tokenizer()
    ids = {f"{kind}_token_id": getattr(tokenizer, f"{kind}_token_id") for kind in ("pad", "bos", "eos")}
    model = Qwen2ForCausalLM(Qwen2Config(**SHAPES[shape], **ids))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return FolderModel(path=str(folder))


def _config(arguments: argparse.Namespace, student: FolderModel, teacher: FolderModel) -> RunConfig:
    return RunConfig(
        student=student,
        teacher=ModelTeacher(source=teacher),
        optimizer=Optimizer(learning_rate=1e-6),
        budget=Budget(
            steps=arguments.steps + 2,
            batch_size=arguments.batch,
            micro_batch_size=arguments.micro_batch,
            rollout_batch_size=arguments.batch,
            max_prompt_tokens=16,
            max_response_tokens=arguments.response_tokens,
            checkpoint_every=NEVER,
            gradient_checkpointing=True,
        ),
        monitoring=Monitoring(evaluate_every=NEVER, held_out_size=1, samples_count=0),
        device=arguments.device,
        precision="bf16",
    )


class _Enough(Exception):
    """Ends the run before its last step, which would be evaluated and stored."""


def _steps(config: RunConfig, last: int) -> list[dict[str, float]]:
    """What each step after the first one reported."""
    reported: list[dict[str, float]] = []

    def at_step(step: int) -> None:
        if step > last:
            raise _Enough

    with live_training(config, at_step) as training:
        write = training.sink.write

        def noting(batch: Batch) -> None:
            if "step_seconds" in batch.scalars:
                reported.append(batch.scalars)
            write(batch)

        training.sink.write = noting
        with contextlib.suppress(_Enough):
            training.run()
    return reported[1:]


if __name__ == "__main__":
    main()
