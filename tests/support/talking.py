"""A run of a tiny chat model with weights on disk, and its playground as its worker and its readers have it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from sqlalchemy.orm import Session
from transformers import LlamaConfig, LlamaForCausalLM

from opdboard.db import evidence, playgrounds, runs
from opdboard.db.database import Database
from opdboard.domain.playground import Piece, PlaygroundConfig, Question
from opdboard.domain.records import CheckpointRecord
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import births, claims, talking, transitions
from opdboard.lifecycle.births import NewRun
from opdboard.settings import Settings
from opdboard_worker.analysis.job import do_job
from opdboard_worker.core.extrapolation import Line
from opdboard_worker.models import candidates
from opdboard_worker.playground import job
from opdboard_worker.process import Attempt
from opdboard_worker.sinks import DatabaseSink
from opdboard_worker.training.control import DatabaseControl
from support.stored_runs import candidate, decision
from support.tiny_models import SMALL, moved
from support.tokenizers import byte_tokenizer

FACTOR = 3.0


def chat_model(seed: int) -> Any:
    """Random, decided enough to say different things; one token per byte."""
    torch.manual_seed(seed)
    sizes: dict[str, Any] = SMALL | {"vocab_size": 264, "max_position_embeddings": 512}
    config = LlamaConfig(**sizes)
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight.mul_(12)
    model.generation_config.eos_token_id = 257
    return model.eval()


@dataclass
class Folders:
    root: Path
    models: dict[str, Any]


def write_models(root: Path) -> Folders:
    """Base, teacher, a checkpoint, a candidate, and data: what the run loads."""
    tokenizer = byte_tokenizer()
    models = {"base": chat_model(0), "teacher": chat_model(1), "trained": moved(chat_model(0), 3, 0.03)}
    for name, model in models.items():
        model.save_pretrained(root / name)
        tokenizer.save_pretrained(root / name)
    start = dict(models["trained"].named_parameters())
    ahead = {name: 0.05 * torch.ones_like(one) for name, one in start.items() if name.endswith("q_proj.weight")}
    line = Line(start={name: start[name].detach().clone() for name in ahead}, direction=ahead)
    candidates.write(root / "candidates", 2, models["trained"], tokenizer, line)
    models["candidate"] = chat_model(0)
    models["candidate"].load_state_dict(models["trained"].state_dict())
    with torch.no_grad():
        for name, one in models["candidate"].named_parameters():
            if name in ahead:
                one.add_(FACTOR * ahead[name])
    rows = "\n".join(f'{{"prompt": "What is {n}?", "answer": "{n}"}}' for n in range(12))
    (root / "data.jsonl").write_text(rows)
    return Folders(root, models)


def config_of(root: Path, **changes: Any) -> RunConfig:
    given: dict[str, Any] = {
        "student": {"kind": "folder", "path": str(root / "base")},
        "teacher": {"kind": "model", "source": {"kind": "folder", "path": str(root / "teacher")}},
        "data": {"kind": "file", "path": str(root / "data.jsonl"), "instruction": "Be brief."},
        "budget": {"max_response_tokens": 8, "temperature": 0.8, "batch_size": 2},
        "monitoring": {"held_out_size": 4},
        "device": "cpu",
    }
    return RunConfig.model_validate(given | changes)


def store_run(session: Session, root: Path, folders: Folders, **changes: Any) -> str:
    """The run in a database, stopped, with a checkpoint of step 2 and a candidate that was refused there.

    root: the installation's data folder.
    """
    run = births.add(session, NewRun(config_of(folders.root, **changes)))
    transitions.transition(session, run, RunState.STOPPED)
    (root / "runs").mkdir(parents=True, exist_ok=True)
    (root / "runs" / run.id).symlink_to(folders.root)
    evidence.add_checkpoints(session, run.id, 1, [CheckpointRecord(2, f"runs/{run.id}/trained", 1, "schedule")])
    tries = [candidate(0.0, 0.0, accepted=True), candidate(FACTOR, -0.2, accepted=False)]
    tried = replace(decision(2, 0.0, tries), weights_path=f"runs/{run.id}/candidates/step-000002", weights_bytes=1)
    evidence.add_decisions(session, run.id, 1, [tried])
    return run.id


@dataclass
class Talking:
    """A run, and its playground as its worker and its readers have it."""

    settings: Settings
    database: Database
    run_id: str
    id: str

    def ask(self, **asked: Any) -> int:
        """A question, stored; its id."""
        with self.database.write() as session:
            question = Question.model_validate({"max_tokens": 8} | asked)
            return talking.ask(session, runs.get(session, self.id, lock=True), question).id

    def again(self) -> "Talking":
        """A new playground of the same run."""
        with self.database.write() as session:
            opened = births.add(session, NewRun(PlaygroundConfig(run_id=self.run_id, device="cpu")))
            return replace(self, id=opened.id)

    def attempt(self) -> Attempt:
        with self.database.write() as session:
            number = claims.claim(session, self.id, "host:1:0")
        assert number is not None
        control = DatabaseControl(self.database, self.id, number)
        return Attempt(
            self.id, number, self.settings, self.database, control, DatabaseSink(self.database, self.id, number)
        )

    def work(self, attempt: Attempt | None = None) -> str:
        """A worker's whole attempt, which ends with the last question; why it ended."""
        assert do_job(attempt or self.attempt(), job.prepare) == 0
        with self.database.read() as session:
            return runs.history(session, self.id)[-1].reason

    def answers(self, question: int) -> dict[int, dict[str, Any]]:
        """Voice -> all that was told of its answer, pieces put together as a page does."""
        with self.database.read() as session:
            rows = playgrounds.pieces_of(session, self.id, after=0, limit=10_000)
        told: dict[int, dict[str, Any]] = {}
        for row in rows:
            if row.question_id != question:
                continue
            piece = Piece.model_validate(row.piece)
            one = told.setdefault(piece.voice, {"tokens": [], "logp": [], "kl": [], "by_others": [], "pieces": 0})
            one["pieces"] += 1
            for name in ("tokens", "logp", "kl"):
                one[name][piece.start : piece.start + len(getattr(piece, name))] = getattr(piece, name)
            for place, values in enumerate(piece.by_others):
                one["by_others"] += [[] for _ in range(place + 1 - len(one["by_others"]))]
                one["by_others"][place][piece.start : piece.start + len(values)] = values
            one |= {name: getattr(piece, name) for name in ("read", "end") if getattr(piece, name) is not None}
        return told
