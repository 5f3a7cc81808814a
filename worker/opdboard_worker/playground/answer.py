"""One question answered by all its voices at the same time. What goes wrong with one voice ends that one, in a sentence."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping

import torch

from opdboard.domain.errors import OpdboardError, StaleAttempt
from opdboard.domain.playground import Ending, Piece, Question, Voice
from opdboard_worker.data.examples import Example
from opdboard_worker.patience import passes
from opdboard_worker.playground.cast import OUT_OF_MEMORY, Cast
from opdboard_worker.playground.speaker import Delivery, Listener, Speaker, estimated
from opdboard_worker.process import explain
from opdboard_worker.training.rollout import uniforms
from opdboard_worker.training.sides import prompt_read

ROUND_SECONDS = 0.2
"""Between pieces of an answer: as often as the live stream looks for news."""

_TEACHER = Voice(kind="teacher")

log = logging.getLogger(__name__)


class Answer:
    """Goes on as long as its rounds are asked for."""

    def __init__(self, cast: Cast, question: Question, example_of: Callable[[int], Example]) -> None:
        """example_of: what each voice is asked, by its place; raises OpdboardError where it cannot be."""
        self._cast = cast
        self._question = question
        self._example_of = example_of
        self._speaking: list[Speaker] = []

    def rounds(self) -> Iterator[list[Piece]]:
        """What is to be told, time after time; nothing where a model is about to be loaded."""
        examples: dict[int, Example] = {}
        for place, voice in enumerate(self._question.voices):
            yield []
            try:
                example = self._example_of(place)
                self._cast.policy(voice, example, self._question.voices)
                examples[place] = example
            except Exception as error:
                yield [_silent(place, error)]
        for place in examples:
            try:
                self._speaking.append(self._speaker(place, examples))
            except Exception as error:
                yield [_silent(place, error)]
        due = time.monotonic()
        ended: list[Piece] = []
        while self._speaking:
            for speaker in list(self._speaking):
                ended += self._one_more_token(speaker, examples[speaker.place])
            if not self._speaking or time.monotonic() >= due:
                yield [*ended, *self._pieces()]
                ended, due = [], time.monotonic() + ROUND_SECONDS

    def stop(self) -> list[Piece]:
        """The ends of those that are still speaking."""
        return [Piece(voice=one.place, end=one.end()) for one in self._speaking]

    def _one_more_token(self, speaker: Speaker, example: Example) -> list[Piece]:
        """What is to be told where that was the last one."""
        try:
            speaker.say()
            if not speaker.ended:
                return []
            last = self._last_words(speaker, example)
        except Exception as error:
            last = [Piece(voice=speaker.place, end=speaker.end(error=_sentence(error)))]
        self._speaking.remove(speaker)
        return last

    def _pieces(self) -> list[Piece]:
        """What those who speak have said since the last time."""
        pieces: list[Piece] = []
        for speaker in list(self._speaking):
            try:
                piece = speaker.piece()
            except Exception as error:
                self._speaking.remove(speaker)
                piece = Piece(voice=speaker.place, end=speaker.end(error=_sentence(error)))
            if piece is not None:
                pieces.append(piece)
        return pieces

    def _last_words(self, speaker: Speaker, example: Example) -> list[Piece]:
        """The last piece, scored now by a teacher that scores whole answers, and the end."""
        last, teacher = speaker.piece(), self._cast.teacher
        pieces = [] if last is None else [last]
        unscored = self._cannot_score(example)
        if speaker.unheard:
            unscored = "the teacher has too few positions for what it reads and an answer of this length"
        elif teacher is not None and not teacher.complete and not unscored:
            try:
                pieces.append(self._scored(speaker, example))
            except Exception as error:
                unscored = _sentence(error)
        return [*pieces, Piece(voice=speaker.place, end=speaker.end(unscored=unscored))]

    def _scored(self, speaker: Speaker, example: Example) -> Piece:
        """KLs by a teacher of which the tokens' own log-probabilities are known."""
        assert self._cast.teacher is not None
        scores = self._cast.teacher.scores([example], speaker.responses(self._cast.prompts.student_ids(example)))
        logits_NV = scores.logits(slice(0, len(scores)))
        token_N = torch.tensor(speaker.ids, device=logits_NV.device)
        logp_N = torch.log_softmax(logits_NV, -1).gather(1, token_N.unsqueeze(1)).squeeze(1)
        return Piece(voice=speaker.place, kl=estimated(speaker.logp, logp_N))

    def _cannot_score(self, example: Example) -> str:
        """Why the run's teacher has no say about answers to this; empty where it has, or is none."""
        if self._cast.config.teacher.reads is not None and not (example.solution or example.answer):
            return "the teacher reads the worked answer, and this prompt comes without one"
        return ""

    def _speaker(self, place: int, examples: Mapping[int, Example]) -> Speaker:
        cast, question, example = self._cast, self._question, examples[place]
        hearing = {one: self._listener(question.voices[one], example) for one in examples}
        scores = cast.teacher is not None and not self._cannot_score(example)
        turn = sum(turn.role == "user" for turn in example.before)
        return Speaker(
            place,
            hearing.pop(place),
            cast.ends_of(question.voices[place], cast.policy(question.voices[place], example, question.voices)),
            cast.prompts,
            Delivery(
                uniforms(1, question.max_tokens, question.seed, "playground", turn)[0],
                question.temperature,
                cast.config.budget.temperature,
            ),
            read=prompt_read(example, cast.prompts, scored=scores),
            teacher=self._listener(_TEACHER, example) if scores and cast.teacher and cast.teacher.complete else None,
            others=hearing,
        )

    def _listener(self, voice: Voice, example: Example) -> Listener:
        prompts = self._cast.prompts
        ids = prompts.teacher_ids(example) if voice.kind == "teacher" else prompts.student_ids(example)
        return Listener(self._cast.policy(voice, example, self._question.voices), ids)


def _silent(place: int, error: Exception) -> Piece:
    return Piece(voice=place, end=Ending(text="", error=_sentence(error)))


def _sentence(error: Exception) -> str:
    """Why one voice fails while the others go on; what is no fault of its own is raised again."""
    if isinstance(error, StaleAttempt) or passes(error):
        raise error
    problem = explain(error, OUT_OF_MEMORY)
    log.warning("%s", problem.detail, exc_info=not isinstance(error, OpdboardError))
    return problem.detail
