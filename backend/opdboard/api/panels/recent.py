"""Extensions that are still right as far as the live poller knows: a hundred browsers that were told of the same step ask
the same question at the same time, and it is answered once.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass

MOST = 256


@dataclass(frozen=True)
class Answer:
    """What was answered, and the sequence number that each run had then."""

    body: bytes
    seqs: Mapping[str, int]


class RecentAnswers:
    """The newest answers by question, and those being made; for one thread, the event loop's."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._pending: dict[Hashable, asyncio.Future[Answer]] = {}

    async def get_or_make(
        self, question: Hashable, known_seq: Callable[[str], int | None], make: Callable[[], Awaitable[Answer]]
    ) -> bytes:
        """The kept answer when no run is known to have moved since, else one made now, for all who ask meanwhile."""
        kept = self._answers.get(question)
        if kept is not None and all(_reaches(seq, known_seq(run_id)) for run_id, seq in kept.seqs.items()):
            return kept.body
        pending = self._pending.get(question)
        if pending is None:
            pending = self._pending[question] = asyncio.ensure_future(make())
            pending.add_done_callback(lambda made: self._keep(question, made))
        return (await asyncio.shield(pending)).body  # whoever asked first may hang up

    def _keep(self, question: Hashable, made: asyncio.Future[Answer]) -> None:
        del self._pending[question]
        if made.cancelled() or made.exception() is not None:
            return
        self._answers[question] = made.result()
        self._answers.move_to_end(question)
        if len(self._answers) > MOST:
            self._answers.popitem(last=False)


def _reaches(seq: int, known: int | None) -> bool:
    return known is not None and seq >= known
