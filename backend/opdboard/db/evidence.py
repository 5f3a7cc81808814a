"""Decisions, checkpoints and samples: what a run leaves behind besides its series."""

import time
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from opdboard.db.tables import Candidate, Checkpoint, Decision, Sample
from opdboard.domain.errors import NotFound
from opdboard.domain.model_sources import RunModel
from opdboard.domain.records import CheckpointRecord, DecisionRecord, SampleRecord
from opdboard.domain.storable import readable_text


def add_decisions(session: Session, run_id: str, seq: int, decisions: Sequence[DecisionRecord]) -> None:
    """Store each decision with its candidates in the order they were tried."""
    for record in decisions:
        fields = {key: value for key, value in asdict(record).items() if key != "candidates"}
        tries = [Candidate(index=index, **asdict(candidate)) for index, candidate in enumerate(record.candidates)]
        session.add(Decision(run_id=run_id, seq=seq, candidates=tries, **fields))


def mark_vetoed(session: Session, run_id: str, seq: int, step: int) -> None:
    """The jump taken at this step was taken back."""
    session.execute(
        update(Decision)
        .where(Decision.run_id == run_id, Decision.step == step, Decision.accepted_factor != 0)
        .values(vetoed=True, seq=seq)
    )


def decisions_of(session: Session, run_id: str, *, after: int = 0) -> list[Decision]:
    """Decisions written or changed after a sequence number, in order."""
    query = select(Decision).where(Decision.run_id == run_id, Decision.seq > after).order_by(Decision.step, Decision.id)
    return list(session.scalars(query))


def decisions_of_all(session: Session, run_ids: Sequence[str]) -> dict[str, list[Decision]]:
    """Run -> its decisions, in order."""
    found: dict[str, list[Decision]] = {run_id: [] for run_id in run_ids}
    query = select(Decision).where(Decision.run_id.in_(run_ids)).order_by(Decision.step, Decision.id)
    for decision in session.scalars(query):
        found[decision.run_id].append(decision)
    return found


def last_jump(session: Session, run_id: str) -> Decision | None:
    """The last decision that moved the weights, taken back or not."""
    query = select(Decision).where(Decision.run_id == run_id, Decision.accepted_factor != 0)
    return session.scalars(query.order_by(Decision.step.desc(), Decision.id.desc()).limit(1)).first()


def mark_candidates_removed(session: Session, run_id: str, seq: int, steps: Sequence[int]) -> None:
    """The weights from which candidates of these steps could be made again are gone."""
    if not steps:
        return
    condition = (Decision.run_id == run_id) & Decision.step.in_(steps) & Decision.weights_path.is_not(None)
    session.execute(update(Decision).where(condition).values(weights_path=None, weights_bytes=None, seq=seq))


def candidates_at(session: Session, run_id: str, step: int) -> Decision:
    """The decision at a step whose candidates can be made again; NotFound lists those there are."""
    query = select(Decision).where(Decision.run_id == run_id, Decision.weights_path.is_not(None))
    kept = list(session.scalars(query.order_by(Decision.step)))
    matching = [decision for decision in kept if decision.step == step]
    if not matching:
        steps = ", ".join(str(decision.step) for decision in kept) or "none"
        raise NotFound(
            f"run {run_id} keeps no candidates of step {step}; their weights are kept for steps: {steps}", where=run_id
        )
    return matching[-1]


def weights_path(session: Session, source: RunModel) -> str:
    """The folder, relative to the data folder, of a run's checkpoint or of the candidates at a step; NotFound if gone."""
    if source.factor is None:
        return checkpoint_at(session, source.run_id, source.step).path
    assert source.step is not None
    path = candidates_at(session, source.run_id, source.step).weights_path
    assert path is not None
    return path


def add_checkpoints(session: Session, run_id: str, seq: int, checkpoints: Sequence[CheckpointRecord]) -> None:
    """Announce complete checkpoints; one at a step that already has one replaces it."""
    now = time.time()
    for record in checkpoints:
        session.execute(delete(Checkpoint).where(Checkpoint.run_id == run_id, Checkpoint.step == record.step))
        session.add(Checkpoint(run_id=run_id, seq=seq, created_at=now, removed=False, **asdict(record)))


def mark_checkpoints_removed(session: Session, run_id: str, seq: int, steps: Sequence[int]) -> None:
    """Their folders are gone; the rows stay as a record."""
    if not steps:
        return
    condition = (Checkpoint.run_id == run_id) & Checkpoint.step.in_(steps)
    session.execute(update(Checkpoint).where(condition).values(removed=True, seq=seq))


def checkpoints_of(session: Session, run_id: str) -> list[Checkpoint]:
    """All checkpoints ever written, by step."""
    return list(session.scalars(select(Checkpoint).where(Checkpoint.run_id == run_id).order_by(Checkpoint.step)))


def checkpoint_at(session: Session, run_id: str, step: int | None) -> Checkpoint:
    """The checkpoint at a step, or the latest; NotFound lists what there is."""
    present = [checkpoint for checkpoint in checkpoints_of(session, run_id) if not checkpoint.removed]
    matching = [checkpoint for checkpoint in present if step in (None, checkpoint.step)]
    if not matching:
        steps = ", ".join(str(checkpoint.step) for checkpoint in present) or "none"
        raise NotFound(
            f"run {run_id} has no checkpoint{'' if step is None else f' at step {step}'}; present: {steps}",
            where=run_id,
        )
    return matching[-1]


def latest_checkpoint(session: Session, run_id: str) -> Checkpoint | None:
    """The newest checkpoint still on disk."""
    query = (
        select(Checkpoint)
        .where(Checkpoint.run_id == run_id, Checkpoint.removed.is_(False))
        .order_by(Checkpoint.step.desc())
    )
    return session.scalars(query.limit(1)).first()


def add_samples(session: Session, run_id: str, seq: int, samples: Sequence[SampleRecord]) -> None:
    """Store responses; NUL characters, which PostgreSQL text cannot hold, become the replacement character."""
    for record in samples:
        written = {name: getattr(record, name) for name in ("prompt", "answer", "response")}
        texts = {name: None if text is None else readable_text(text) for name, text in written.items()}
        tokens = [readable_text(token) for token in record.tokens]
        arrays = {name: np.asarray(getattr(record, name), "<f4").tobytes() for name in ("token_kl", "token_advantage")}
        fields = vars(record) | texts | arrays | {"tokens": tokens}
        session.add(Sample(run_id=run_id, seq=seq, **fields))


def samples_at(session: Session, run_id: str, step: int | None = None) -> list[Sample]:
    """The samples stored at a step, or at the latest step that has any."""
    if step is None:
        newest = select(Sample.step).where(Sample.run_id == run_id).order_by(Sample.step.desc()).limit(1)
        step = session.scalar(newest)
    query = select(Sample).where(Sample.run_id == run_id, Sample.step == step).order_by(Sample.index)
    return list(session.scalars(query))


def sample_steps(session: Session, run_id: str) -> list[int]:
    """Steps that have samples, ascending."""
    return sorted(set(session.scalars(select(Sample.step).where(Sample.run_id == run_id))))


def sampled_prompts(session: Session, run_id: str) -> list[tuple[str, str | None, int]]:
    """Prompt, expected answer and number of stored responses of every prompt, in the order of its first response."""
    query = (
        select(Sample.prompt, Sample.answer, func.count())
        .where(Sample.run_id == run_id)
        .group_by(Sample.prompt, Sample.answer)
        .order_by(func.min(Sample.step), func.min(Sample.index))
    )
    return [(prompt, answer, count) for prompt, answer, count in session.execute(query)]


def samples_of_prompt(session: Session, run_id: str, prompt: str) -> list[Sample]:
    """Every stored response to a prompt, by step."""
    query = select(Sample).where(Sample.run_id == run_id, Sample.prompt == prompt).order_by(Sample.step, Sample.index)
    return list(session.scalars(query))


def rewind(session: Session, run_id: str, step: int) -> None:
    """Drop what was stored after the step (-1: all but a checkpoint at step 0): a resumed attempt makes it again."""
    later = select(Decision.id).where(Decision.run_id == run_id, Decision.step > step)
    session.execute(delete(Candidate).where(Candidate.decision_id.in_(later)))
    for table in (Decision, Sample):
        session.execute(delete(table).where(table.run_id == run_id, table.step > step))
    session.execute(delete(Checkpoint).where(Checkpoint.run_id == run_id, Checkpoint.step > max(step, 0)))
