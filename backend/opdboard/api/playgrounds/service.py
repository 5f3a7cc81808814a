"""Opens playgrounds, asks in them and reads what was answered."""

import time

from sqlalchemy.orm import Session

from opdboard.api.context import Context
from opdboard.api.playgrounds.schemas import PieceOut, PlaygroundOut, QuestionOut, TalkOut, TalkQuery
from opdboard.api.rows import filled
from opdboard.api.runs import service as runs_service
from opdboard.api.sending import send
from opdboard.api.waits import listening, waits
from opdboard.db import overview, playgrounds, runs
from opdboard.db.analysis_tables import QuestionRow
from opdboard.db.tables import Run
from opdboard.domain.errors import NotFound
from opdboard.domain.playground import PlaygroundConfig, Question
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import births, talking
from opdboard.lifecycle.births import NewRun

KEPT_SECONDS = 3600.0
"""For which a playground stays after its end, so that an answer can still be kept."""
_GOING = (RunState.STOPPING, RunState.FINISHED, RunState.STOPPED, RunState.FAILED)


def latest(context: Context, run_id: str) -> PlaygroundOut:
    """The run's last one; NotFound where it has none."""
    with context.database.read() as session:
        runs.get(session, run_id)
        found = playgrounds.about_runs(session, [run_id])
        if not found:
            raise NotFound(f"run {run_id} has no playground; open one", where=run_id)
        return _rendered(context, session, found[0])


def open_one(context: Context, run_id: str) -> PlaygroundOut:
    """The run's live one, which all its readers share, or a new one; those that ended long ago go. Conflict without weights."""
    with context.database.write() as session:
        run = runs.get(session, run_id, lock=True)
        config = runs.config_of(run)
        live = [one for one in playgrounds.about_runs(session, [run_id]) if one.state not in _GOING]
        playground = live[0] if live else births.add(session, NewRun(_config(run_id, config.device)))
        made = _rendered(context, session, playground)
        old = playgrounds.ended_before(session, time.time() - KEPT_SECONDS)
    if not live:
        send(context.queue, made.id)
    runs_service.delete_old(context, old)
    return made


def _config(run_id: str, device: str) -> PlaygroundConfig:
    return PlaygroundConfig.model_validate({"run_id": run_id, "device": device})


def beat(context: Context, playground_id: str, *, leaving: bool) -> None:
    """A page lives, or closes."""
    with context.database.write() as session:
        _get(session, playground_id)
        playgrounds.beat(session, playground_id, leaving=leaving)


def ask(context: Context, playground_id: str, question: Question) -> QuestionOut:
    """Have it answered."""
    with context.database.write() as session:
        return _asked(talking.ask(session, _get(session, playground_id, lock=True), question))


def stop(context: Context, playground_id: str, question_id: int) -> QuestionOut:
    """Have its voices end."""
    with context.database.write() as session:
        run = _get(session, playground_id, lock=True)
        question = playgrounds.question_at(session, playground_id, question_id)
        if question is None:
            raise NotFound(f"there is no question {question_id} in this playground", where="question_id")
        talking.stop(run, question)
        return _asked(question)


def talk(context: Context, playground_id: str, query: TalkQuery) -> TalkOut:
    """What was asked and said since."""
    with context.database.snapshot() as session:
        _get(session, playground_id)
        rows = playgrounds.pieces_of(session, playground_id, after=query.after, limit=query.limit + 1)
        return TalkOut(
            questions=[
                _asked(row) for row in playgrounds.questions_of(session, playground_id, after=query.asked_after)
            ],
            pieces=[
                PieceOut.model_validate(row.piece | {"id": row.id, "question": row.question_id})
                for row in rows[: query.limit]
            ],
            more=len(rows) > query.limit,
        )


def _get(session: Session, playground_id: str, *, lock: bool = False) -> Run:
    run = runs.get(session, playground_id, lock=lock)
    if run.kind != RunKind.PLAYGROUND:
        raise NotFound(f"run {playground_id} is no playground", where=playground_id)
    return run


def _asked(row: QuestionRow) -> QuestionOut:
    return filled(QuestionOut, row, done=row.done_at is not None)


def _rendered(context: Context, session: Session, run: Run) -> PlaygroundOut:
    return filled(
        PlaygroundOut,
        run,
        run_id=run.config["run_id"],
        waits_for=_wait(session, run) if run.state == RunState.QUEUED else "",
        why_ended=runs.history(session, run.id)[-1].reason if RunState(run.state).ended else "",
        about=playgrounds.row_of(session, run.id).about,
        idle_minutes=context.settings.playground_idle_minutes,
    )


def _wait(session: Session, run: Run) -> str:
    found = waits(session, overview.queued(session), listening(session, time.time()))
    return next((wait.detail for one, wait in found if one.id == run.id), "")
