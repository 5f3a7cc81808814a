"""The callback inside a real Trainer of transformers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

from opdboard_worker.trainer_callback import OpdboardCallback


class KeptRun:
    """Keeps what is logged; somebody stops it after a step."""

    def __init__(self, stop_after: int) -> None:
        self.points: list[tuple[int, str, float]] = []
        self._stop_after = stop_after

    @property
    def stopped(self) -> bool:
        return any(step >= self._stop_after for step, _, _ in self.points)

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        self.points += [(step, key, value) for key, value in scalars.items()]


def train(folder: Path, run: KeptRun) -> None:
    config = LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    rows: Any = [{"input_ids": torch.arange(8), "labels": torch.arange(8)} for _ in range(16)]
    arguments = TrainingArguments(
        str(folder), max_steps=6, logging_steps=1, eval_strategy="steps", eval_steps=2, report_to=[], use_cpu=True,
        save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    Trainer(model, arguments, train_dataset=rows, eval_dataset=rows[:4], callbacks=[OpdboardCallback(run)]).train()


def test_every_number_is_reported_once_at_its_step(tmp_path):
    run = KeptRun(stop_after=99)
    train(tmp_path, run)
    assert [step for step, key, _ in run.points if key == "loss"] == [1, 2, 3, 4, 5, 6]
    assert [step for step, key, _ in run.points if key == "eval/loss"] == [2, 4, 6]
    assert len({point[:2] for point in run.points}) == len(run.points)


def test_a_stop_ends_the_training_after_its_step(tmp_path):
    run = KeptRun(stop_after=3)
    train(tmp_path, run)
    assert max(step for step, _, _ in run.points) in (3, 4)  # the line of a step is logged before or after it is asked
