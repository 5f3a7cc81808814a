"""Response tokens per second of OPD steps, opdboard with all live monitoring against TRL's DistillationTrainer.

    python -m venv TRL && TRL/bin/pip install trl
    python benchmarks/step_throughput.py --model SmolLM2-135M-Instruct.Q4_1.gguf --data gsm8k_test.jsonl --trl TRL/bin/python

TRL is needed by this script alone and lives in an environment of its own; --trl names its interpreter. Both train the
same weights to the same teacher on the same prompts at every step: whole-vocabulary reverse KL, AdamW, float32, no
gradient checkpointing, sampling by transformers at temperature 1. Each round runs one process after the other: opdboard,
TRL with the whole batch in one pass, TRL with opdboard's micro-batches; the faster TRL counts. The first step of each
process warms up. Wall time counts; CPU time, which a busy machine disturbs less, is told in the settings. opdboard's step includes its module norms, its reports to a database, and a sixteenth of the time of
spectra, as at the default cadence; neither side makes held-out evaluations or checkpoints.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from typing_extensions import override


def main() -> None:
    """Prepare model and prompts, run the processes, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a GGUF file or a folder of a Hugging Face model")
    parser.add_argument("--data", type=Path, help="a JSONL file of prompts (problem or prompt, answer)")
    parser.add_argument("--trl", default=sys.executable, help="the interpreter of an environment that has TRL")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=2, help="measured steps of each process")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--micro-batch", type=int, default=4)
    parser.add_argument("--response-tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", choices=["opdboard", "trl"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        import torch

        torch.set_num_threads(arguments.threads)
        child = _opdboard if arguments.child == "opdboard" else _trl
        print(json.dumps(child(arguments)), flush=True)
        return
    if arguments.model is None or arguments.data is None:
        parser.error("--model and --data are needed")
    with tempfile.TemporaryDirectory(prefix="opdboard-throughput-") as name:
        _prepare(arguments, Path(name))
        _compare(arguments, Path(name))


def _compare(arguments: argparse.Namespace, folder: Path) -> None:
    from live_run import last_line, median_interval

    whole, micro = arguments.batch, arguments.micro_batch
    rates: dict[str, list[float]] = {"opdboard": [], "trl, whole batch": [], "trl, micro-batches": []}
    cpu_rates: dict[str, list[float]] = {name: [] for name in rates}
    told: dict[str, Any] = {}
    for _ in range(arguments.rounds):
        for name, interpreter, size in (
            ("opdboard", sys.executable, micro),
            ("trl, whole batch", arguments.trl, whole),
            ("trl, micro-batches", arguments.trl, micro),
        ):
            told[name] = _run(interpreter, name.split(",")[0], arguments, folder, size)
            rates[name].append(told[name]["tokens"] / told[name]["seconds"])
            cpu_rates[name].append(told[name]["tokens"] / told[name]["cpu_seconds"])
            print(f"{time.strftime('%H:%M:%S')} {name}: {rates[name][-1]:.2f} tokens/s", file=sys.stderr, flush=True)
    best = max(("trl, whole batch", "trl, micro-batches"), key=lambda name: statistics.median(rates[name]))
    measured = {
        "tokens_ratio": [ours / theirs for ours, theirs in zip(rates["opdboard"], rates[best], strict=True)],
        "tokens_per_second": rates["opdboard"],
        "trl_tokens_per_second": rates[best],
    }
    summaries = {name: median_interval(values) for name, values in measured.items()}
    settings = {
        "model": arguments.model.name,
        "data": arguments.data.name,
        "loss": "reverse KL, whole vocabulary",
        "precision": "float32",
        **{key: getattr(arguments, key) for key in ("rounds", "steps", "batch", "micro_batch", "response_tokens")},
        "trl_is": best,
        "trl_versions": told[best]["versions"],
        "tokens_per_second_of_all": {name: [round(rate, 2) for rate in of] for name, of in rates.items()},
        "tokens_per_cpu_second_of_all": {name: [round(rate, 2) for rate in of] for name, of in cpu_rates.items()},
        "monitoring_share": told["opdboard"]["monitoring_share"],
    }
    values = {name: value for name, (value, _) in summaries.items()}
    print(last_line("step_throughput", values, {name: interval for name, (_, interval) in summaries.items()}, settings))


def _run(interpreter: str, child: str, arguments: argparse.Namespace, folder: Path, size: int) -> dict[str, Any]:
    command = [interpreter, __file__, "--child", child, "--folder", str(folder), "--micro-batch", str(size)]
    for option in ("steps", "batch", "response_tokens", "threads"):
        command += [f"--{option.replace('_', '-')}", str(getattr(arguments, option))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the {child} process failed; TRL needs an environment of its own, see --help")
    return json.loads(done.stdout.splitlines()[-1])


def _prepare(arguments: argparse.Namespace, folder: Path) -> None:
    """Student, a teacher near it, and the prompts, for either side to read."""
    import torch

    from opdboard.domain.data import FileData
    from opdboard.domain.model_sources import FolderModel, GgufModel
    from opdboard.settings import Settings
    from opdboard_worker.data.examples import load_examples, split
    from opdboard_worker.models.loading import load

    path = str(arguments.model.resolve())
    source = GgufModel(path=path) if arguments.model.is_file() else FolderModel(path=path)
    loaded = load(source, settings=Settings(), run_folder=lambda _: Path())
    model: Any = loaded.model
    for name in ("student", "teacher"):
        model.save_pretrained(folder / name)
        loaded.tokenizer.save_pretrained(folder / name)
        torch.manual_seed(0)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter) * parameter.std(), alpha=0.02)
    rows = [json.loads(line) for line in arguments.data.read_text().splitlines()[: arguments.batch + _HELD_OUT]]
    asked = [{"prompt": row.get("problem") or row["prompt"], "answer": str(row["answer"])} for row in rows]
    (folder / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    train, _ = split(load_examples(FileData(path=str(folder / "prompts.jsonl"), instruction=""), folder), _HELD_OUT)
    (folder / "train.json").write_text(json.dumps([example.prompt for example in train]))


_HELD_OUT = 4
"""opdboard keeps some prompts apart; they are not used here."""


def _opdboard(arguments: argparse.Namespace) -> dict[str, Any]:
    """Tokens and seconds of the steps after the first."""
    from live_run import NEVER, live_training

    from opdboard.domain.budget import Budget
    from opdboard.domain.data import FileData
    from opdboard.domain.model_sources import FolderModel
    from opdboard.domain.monitoring import Monitoring
    from opdboard.domain.optimizer import Optimizer
    from opdboard.domain.records import Batch
    from opdboard.domain.run_config import RunConfig
    from opdboard.domain.teachers import ModelTeacher

    folder, first = arguments.folder, 2
    monitoring = Monitoring(evaluate_every=NEVER, held_out_size=_HELD_OUT, samples_count=0)
    config = RunConfig(
        student=FolderModel(path=str(folder / "student")),
        teacher=ModelTeacher(source=FolderModel(path=str(folder / "teacher"))),
        data=FileData(path=str(folder / "prompts.jsonl"), instruction=""),
        optimizer=Optimizer(learning_rate=1e-6),
        budget=Budget(
            steps=first + arguments.steps + 1,
            batch_size=arguments.batch,
            micro_batch_size=arguments.micro_batch,
            rollout_batch_size=arguments.batch,
            max_prompt_tokens=1024,
            max_response_tokens=arguments.response_tokens,
            checkpoint_every=NEVER,
        ),
        monitoring=monitoring,
        device="cpu",
    )
    began: dict[int, tuple[float, float]] = {}
    scalars: dict[int, dict[str, float]] = {}

    def at_step(step: int) -> None:
        began[step] = time.perf_counter(), time.process_time()
        if step == first + arguments.steps:
            raise _Enough

    with live_training(config, at_step) as training:
        monitor, write = training.parts.monitor, training.sink.write
        of_spectra: list[tuple[float, float]] = []

        def noting(batch: Batch) -> None:
            scalars[batch.step] = batch.scalars
            write(batch)

        def timed(step: int, *rest: Any) -> Any:
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return spectra(step, *rest)
            finally:
                of_spectra.append((time.perf_counter() - wall, time.process_time() - cpu))
                # Taken out of the steps here; their share is added below.
                for before, (at_wall, at_cpu) in began.items():
                    began[before] = at_wall + of_spectra[-1][0], at_cpu + of_spectra[-1][1]

        training.sink.write = noting
        spectra, vars(monitor)["_spectra"] = monitor._spectra, timed
        with contextlib.suppress(_Enough):
            training.run()
    last, share = first + arguments.steps, arguments.steps / monitoring.spectral_every
    seconds, cpu_seconds = (
        began[last][kind] - began[first][kind] + share * statistics.median(one[kind] for one in of_spectra)
        for kind in (0, 1)
    )
    tokens = [scalars[step]["tokens"] - scalars[step - 1]["tokens"] for step in scalars if step > 0]
    watching = sum(scalars[step]["monitor_seconds"] for step in range(first, last))
    rare = sum(wall for wall, _ in of_spectra[1:]) - share * statistics.median(wall for wall, _ in of_spectra)
    return {
        "tokens": statistics.mean(tokens) * arguments.steps,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "monitoring_share": round((watching - rare) / seconds, 4),
    }


class _Enough(Exception):
    """Ends the run."""


def _trl(arguments: argparse.Namespace) -> dict[str, Any]:
    """Tokens and seconds of the steps after the first; runs where there is no opdboard."""
    import logging
    import warnings
    from importlib.metadata import version

    from datasets import Dataset  # pyright: ignore[reportMissingImports]
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import DistillationConfig, DistillationTrainer  # pyright: ignore[reportMissingImports]

    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    folder = arguments.folder
    prompts = [[{"role": "user", "content": text}] for text in json.loads((folder / "train.json").read_text())]
    began: list[tuple[float, float]] = []
    tokens: list[int] = []

    class Clock(TrainerCallback):
        """Notes the end of each step."""

        @override
        def on_step_end(self, *_args: Any, **_kwargs: Any) -> None:
            began.append((time.perf_counter(), time.process_time()))

    trainer = DistillationTrainer(
        model=AutoModelForCausalLM.from_pretrained(folder / "student", dtype="float32"),
        teacher_model=AutoModelForCausalLM.from_pretrained(folder / "teacher", dtype="float32"),
        processing_class=AutoTokenizer.from_pretrained(folder / "student", padding_side="left"),
        train_dataset=Dataset.from_dict({"prompt": prompts}),
        args=DistillationConfig(
            output_dir=str(folder / "trl"),
            per_device_train_batch_size=arguments.micro_batch,
            gradient_accumulation_steps=arguments.batch // arguments.micro_batch,
            max_steps=arguments.steps + 1,
            max_completion_length=arguments.response_tokens,
            beta=1.0,
            temperature=1.0,
            learning_rate=1e-6,
            gradient_checkpointing=False,
            bf16=False,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        callbacks=[Clock()],
    )
    generate = trainer._generate_single_turn

    def counting(*args: Any, **kwargs: Any) -> Any:
        completions = generate(*args, **kwargs)
        tokens.append(sum(len(ids) for ids in completions))
        return completions

    trainer._generate_single_turn = counting
    trainer.train()
    seconds, cpu_seconds = (began[-1][kind] - began[0][kind] for kind in (0, 1))
    return {
        "tokens": sum(tokens[1:]),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "versions": {name: version(name) for name in ("trl", "torch", "transformers")},
    }


if __name__ == "__main__":
    main()
