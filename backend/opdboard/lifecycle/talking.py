"""Questions to a playground and the answers of its worker: what may be asked, and one transaction per report."""

import time
from collections.abc import Sequence

from sqlalchemy.orm import Session

from opdboard.db import playgrounds, runs
from opdboard.db.analysis_tables import QuestionRow
from opdboard.db.tables import Run
from opdboard.domain.errors import BadInput, Conflict
from opdboard.domain.events import Topic
from opdboard.domain.playground import About, Piece, Question
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import claims

MOST_WAITING = 20


def ask(session: Session, run: Run, question: Question) -> QuestionRow:
    """Store a question for the worker. Conflict where none will come to it, BadInput where it goes on from nothing."""
    state = RunState(run.state)
    if state.ended or state is RunState.STOPPING:
        raise Conflict(f"the playground has {state}: its models are let go of. Open it again, then ask", where=run.id)
    if playgrounds.unanswered(session, run.id) >= MOST_WAITING:
        raise Conflict(f"{MOST_WAITING} questions wait for an answer; stop some first", where=run.id)
    if question.follows is not None:
        before = playgrounds.question_at(session, run.id, question.follows)
        if before is None:
            raise BadInput(f"there is no question {question.follows} in this playground", where="follows")
        if Question.model_validate(before.question).voices != question.voices:
            raise BadInput("a talk goes on with the voices that it began with; ask other voices anew", where="voices")
    row = playgrounds.add_question(session, run.id, question)
    runs.touch(run, Topic.TALK)
    return row


def stop(run: Run, question: QuestionRow) -> None:
    """Have its voices end where they are."""
    question.stop_asked = True
    runs.touch(run, Topic.TALK)


def tell(
    session: Session, run_id: str, attempt: int, question_id: int, pieces: Sequence[Piece], *, done: bool = False
) -> None:
    """Store what the voices said since the last time; StaleAttempt when the attempt is fenced off.

    Told twice, by a commit whose answer was lost, pieces say the same twice.
    """
    run = claims.fence(session, run_id, attempt)
    playgrounds.add_pieces(session, run_id, question_id, pieces)
    if done:
        playgrounds.finish(session, question_id)
        run.fruitless_attempts = 0
    _progress(run)
    runs.touch(run, Topic.TALK)


def open_up(session: Session, run_id: str, attempt: int, about: About) -> None:
    """The models are loaded; answers that an earlier attempt left unfinished begin anew."""
    run = claims.fence(session, run_id, attempt)
    playgrounds.row_of(session, run_id).about = about.model_dump(mode="json")
    playgrounds.forget_unfinished(session, run_id)
    _progress(run)
    runs.touch(run, Topic.TALK)


def wait(session: Session, run_id: str, attempt: int) -> None:
    """Nobody asks, and all is well."""
    _progress(claims.fence(session, run_id, attempt))


def _progress(run: Run) -> None:
    run.heartbeat_at = run.progressed_at = time.time()
