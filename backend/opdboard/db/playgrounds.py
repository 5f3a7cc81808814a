"""Playgrounds: which there are, what was asked in them, and the answers in pieces."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from opdboard.db.analysis_tables import PieceRow, PlaygroundRow, QuestionRow
from opdboard.db.tables import Lineage, Run
from opdboard.domain.playground import Ending, Piece, Question
from opdboard.domain.run_kinds import RunKind


@dataclass(frozen=True)
class Look:
    """What a worker sees when it looks: the first question without an answer, and what pages have told."""

    waiting: int | None
    stop_asked: bool
    """Of that question."""
    beats: int
    left: bool
    """The last page that told anything said that it closes."""


def about_runs(session: Session, run_ids: Sequence[str]) -> list[Run]:
    """Playgrounds of these runs, the latest first."""
    about = select(Lineage.run_id).where(Lineage.source_id.in_(run_ids))
    query = select(Run).where(Run.id.in_(about), Run.kind == RunKind.PLAYGROUND)
    return list(session.scalars(query.order_by(Run.created_at.desc(), Run.id)))


def ended_before(session: Session, moment: float) -> list[str]:
    """Playgrounds that ended before the moment."""
    return list(session.scalars(select(Run.id).where(Run.kind == RunKind.PLAYGROUND, Run.ended_at < moment)))


def add(session: Session, run_id: str) -> None:
    """What a new playground keeps of its own."""
    session.add(PlaygroundRow(run_id=run_id, beats=0))


def row_of(session: Session, run_id: str) -> PlaygroundRow:
    """That, locked."""
    return session.get_one(PlaygroundRow, run_id, with_for_update=True)


def beat(session: Session, run_id: str, *, leaving: bool) -> None:
    """A page shows the playground, or says that it closes."""
    row = row_of(session, run_id)
    row.beats += 1
    row.left_at_beat = row.beats if leaving else None


def look(session: Session, run_id: str) -> Look:
    """One look of the worker; two small queries."""
    waiting = select(QuestionRow.id, QuestionRow.stop_asked).where(
        QuestionRow.run_id == run_id, QuestionRow.done_at.is_(None)
    )
    first = session.execute(waiting.order_by(QuestionRow.id).limit(1)).first()
    told = select(PlaygroundRow.beats, PlaygroundRow.left_at_beat).where(PlaygroundRow.run_id == run_id)
    beats, left = session.execute(told).one()
    question, stop_asked = (None, False) if first is None else first
    return Look(question, stop_asked, beats, left is not None)


def question_at(session: Session, run_id: str, question_id: int) -> QuestionRow | None:
    """A question of this playground."""
    row = session.get(QuestionRow, question_id)
    return row if row is not None and row.run_id == run_id else None


def questions_of(session: Session, run_id: str, *, after: int = 0) -> list[QuestionRow]:
    """Questions with an id above `after`, in their order."""
    query = select(QuestionRow).where(QuestionRow.run_id == run_id, QuestionRow.id > after)
    return list(session.scalars(query.order_by(QuestionRow.id)))


def unanswered(session: Session, run_id: str) -> int:
    """How many questions wait."""
    query = select(func.count()).where(QuestionRow.run_id == run_id, QuestionRow.done_at.is_(None))
    return session.scalar(query) or 0


def add_question(session: Session, run_id: str, question: Question) -> QuestionRow:
    """Stored, to be answered."""
    row = QuestionRow(run_id=run_id, question=question.model_dump(mode="json"), created_at=time.time())
    session.add(row)
    session.flush()
    return row


def add_pieces(session: Session, run_id: str, question_id: int, pieces: Sequence[Piece]) -> None:
    """In their order; what a piece does not tell is left out."""
    for piece in pieces:
        document = piece.model_dump(mode="json", exclude_defaults=True) | {"voice": piece.voice}
        session.add(PieceRow(run_id=run_id, question_id=question_id, piece=document))
        session.flush()  # ids in this order


def finish(session: Session, question_id: int) -> None:
    """All voices have ended."""
    session.execute(update(QuestionRow).where(QuestionRow.id == question_id).values(done_at=time.time()))


def forget_unfinished(session: Session, run_id: str) -> None:
    """Pieces of answers that an earlier attempt did not finish: the questions are answered anew."""
    open_ones = select(QuestionRow.id).where(QuestionRow.run_id == run_id, QuestionRow.done_at.is_(None))
    session.execute(delete(PieceRow).where(PieceRow.question_id.in_(open_ones)))


def pieces_of(session: Session, run_id: str, *, after: int, limit: int) -> list[PieceRow]:
    """Pieces with an id above `after`, in their order."""
    query = select(PieceRow).where(PieceRow.run_id == run_id, PieceRow.id > after)
    return list(session.scalars(query.order_by(PieceRow.id).limit(limit)))


def endings(session: Session, question_id: int) -> dict[int, Ending]:
    """Voice -> how its answer ended, of those that have."""
    query = select(PieceRow).where(PieceRow.question_id == question_id).order_by(PieceRow.id)
    pieces = (Piece.model_validate(row.piece) for row in session.scalars(query))
    return {piece.voice: piece.end for piece in pieces if piece.end is not None}
