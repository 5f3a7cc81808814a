"""Extensions that are still right as far as the live poller knows: a hundred browsers that were told of the same step ask
the same question, and one of them is answered from the database.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

MOST = 256


@dataclass(frozen=True)
class Answer:
    """What was answered, and the sequence number that each run had then."""

    body: bytes
    seqs: Mapping[str, int]


class RecentAnswers:
    """The newest answers by question; for one thread, the event loop's."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()

    def still_right(self, question: Hashable, known_seq: Callable[[str], int | None]) -> bytes | None:
        """The answer, when every run is known to be where it was then."""
        answer = self._answers.get(question)
        if answer is None or any(known_seq(run_id) != seq for run_id, seq in answer.seqs.items()):
            return None
        return answer.body

    def keep(self, question: Hashable, answer: Answer) -> None:
        """Replace what was answered before."""
        self._answers[question] = answer
        self._answers.move_to_end(question)
        if len(self._answers) > MOST:
            self._answers.popitem(last=False)
