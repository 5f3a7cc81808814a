"""A playground as a job: it holds the models, waits for questions and answers them.

What is said is stored a few times a second, one transaction for all voices: as often as the live stream looks, and no oftener.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from opdboard.db import evidence, playgrounds, runs
from opdboard.domain.errors import OpdboardError
from opdboard.domain.model_sources import RunModel
from opdboard.domain.playground import About, HeldOutPrompt, Piece, PlaygroundConfig, Question
from opdboard.domain.records import Batch
from opdboard.lifecycle import talking
from opdboard_worker.analysis.job import Job
from opdboard_worker.data.examples import Example
from opdboard_worker.patience import PatientDatabase
from opdboard_worker.playground.answer import Answer
from opdboard_worker.playground.attention import Attention
from opdboard_worker.playground.cast import Cast, estimator_of, make_cast
from opdboard_worker.playground.conversation import begun, going_on
from opdboard_worker.process import Attempt

POLL_SECONDS = 0.2
"""Between looks for questions."""
WELL_SECONDS = 60.0
"""How often a playground that nobody asks says that it makes progress."""
MOST_HELD_OUT = 200

log = logging.getLogger(__name__)


def prepare(attempt: Attempt, stored: dict[str, Any]) -> Job:
    """The job of a playground; BadInput where not even the base can be loaded."""
    asked = PlaygroundConfig.model_validate(stored)
    with attempt.database.read() as session:
        run = runs.get(session, asked.run_id)
        config, launched = runs.config_of(run), datetime.fromtimestamp(run.created_at, UTC)
        if playgrounds.look(session, attempt.run_id).left:
            return Job(lambda _: iter(()), 1, why_ended=lambda _: "its page was closed before a worker was free")

    def run_folder(source: RunModel) -> Path:
        with attempt.database.read() as session:
            return attempt.settings.root / evidence.weights_path(session, source)

    cast = make_cast(asked.run_id, config, asked.device, attempt.settings, run_folder, launched)
    playground = Playground(attempt, cast, Attention(attempt.settings.playground_idle_minutes * 60))
    return Job(playground.steps, 1, device=str(cast.base.device), why_ended=lambda _: playground.why_over)


class Playground:
    """One attempt at the job."""

    def __init__(self, attempt: Attempt, cast: Cast, attention: Attention) -> None:
        """attention: knows when to let go."""
        self._attempt = attempt
        self._database = PatientDatabase(attempt.database)
        self._cast = cast
        self._attention = attention
        self._examples: dict[tuple[int, int], Example] = {}
        """(question, voice) -> what it was asked."""
        self.why_over = ""

    def steps(self, _after: int) -> Iterator[Batch | None]:
        """Until nobody is there any more; no step is ever stored, and each None is a place to stop at."""
        about = _about(self._cast)
        self._write(lambda session, run_id, attempt: talking.open_up(session, run_id, attempt, about))
        told_well = time.monotonic()
        while True:
            look = self._look()
            if look.waiting is not None:
                yield from self._answer(look.waiting)
                self._attention.answered()
                continue
            why = self._attention.over()
            if why is not None:
                self.why_over = why
                log.info("%s: letting go of the models", why)
                return
            if time.monotonic() - told_well > WELL_SECONDS:
                self._write(talking.wait)
                told_well = time.monotonic()
            yield None
            time.sleep(POLL_SECONDS)

    def _answer(self, question_id: int) -> Iterator[None]:
        question = self._question(question_id)
        log.info("question %d to %d voices", question_id, len(question.voices))
        answer = Answer(self._cast, question, lambda place: self._example(question_id, place))
        for pieces in answer.rounds():
            self._tell(question_id, pieces)
            if self._look().stop_asked or self._attention.closed():
                self._tell(question_id, answer.stop())
                break
            yield None
        self._tell(question_id, [], done=True)

    def _example(self, question_id: int, place: int) -> Example:
        """What a voice is asked, with all that was said before. Raises OpdboardError where it did not answer before."""
        if (question_id, place) not in self._examples:
            self._examples[question_id, place] = self._made(self._question(question_id), place)
        return self._examples[question_id, place]

    def _made(self, question: Question, place: int) -> Example:
        before = question.follows
        if before is None:
            return begun(question, self._cast.held_out, self._cast.config)
        end = self._database.read(lambda session: playgrounds.endings(session, before)).get(place)
        if end is None or end.error:
            raise OpdboardError("this voice has no answer to the question before, from which it could go on")
        return going_on(self._cast.prompts, self._example(before, place), end.text, question)

    # --- the database ---

    def _question(self, question_id: int) -> Question:
        row = self._database.read(lambda session: playgrounds.question_at(session, self._attempt.run_id, question_id))
        assert row is not None, "questions go with their playground alone"
        return Question.model_validate(row.question)

    def _look(self) -> playgrounds.Look:
        look = self._database.read(lambda session: playgrounds.look(session, self._attempt.run_id))
        self._attention.seen(look.beats, left=look.left)
        return look

    def _tell(self, question_id: int, pieces: Sequence[Piece], *, done: bool = False) -> None:
        if pieces or done:
            self._write(
                lambda session, run_id, attempt: talking.tell(session, run_id, attempt, question_id, pieces, done=done)
            )

    def _write(self, do: Callable[[Session, str, int], None]) -> None:
        self._database.write(lambda session: do(session, self._attempt.run_id, self._attempt.number))


def _about(cast: Cast) -> About:
    budget, reading = cast.config.budget, cast.config.reading
    shown = cast.held_out[:MOST_HELD_OUT]
    return About(
        base=cast.base.label,
        teacher=cast.config.teacher.label,
        kl=estimator_of(cast),
        no_teacher=cast.no_teacher if cast.teacher is None else "",
        temperature=budget.temperature,
        max_tokens=budget.max_response_tokens,
        system_prompt=reading.system_prompt,
        held_out=[HeldOutPrompt(id=one.id, prompt=one.prompt, answer=one.answer) for one in shown],
        no_held_out=cast.no_held_out,
    )
