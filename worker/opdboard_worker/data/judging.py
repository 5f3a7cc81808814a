"""Answers to the examples of a data source: which are right, and what the majority of several to one example says."""

from collections.abc import Sequence

from opdboard.domain.data import Data
from opdboard_worker.core.attempts import majority
from opdboard_worker.data.answers.plain import bare, plain
from opdboard_worker.data.examples import Example
from opdboard_worker.data.verifiers import final_answer, verify

_RIGHT = object()
_LONGEST_COMPARED = 1000
"""Characters of an answer that is brought into one way to write it; longer ones are compared as they are."""


def judged(data: Data, examples: Sequence[Example], texts: Sequence[str]) -> list[bool | None]:
    """Whether each text answers its example; None where no answer is known.

    An answer that had begun is judged as a whole, but an exact one by what was written.
    """
    kind, pattern = _verifier(data)
    return [
        None if example.answer is None else verify(kind, _whole(kind, example, text), example.answer, pattern)
        for example, text in zip(examples, texts, strict=True)
    ]


def majority_right(data: Data, example: Example, texts: Sequence[str], right: Sequence[bool]) -> float:
    """What core.attempts.majority says of several answers to one example; right: what `judged` found of each.

    Right answers are one answer. Wrong ones are the same where the verifier finds them equal: by mathematics where that
    decides, else as text. The judge is asked only where it could change the verdict.
    """
    kind, pattern = _verifier(data)
    if not any(right):
        return 0.0
    if all(right) or sum(right) > len(right) / 2:
        return 1.0
    wholes = [_whole(kind, example, text) for text in texts]
    found = [None if ok else final_answer(kind, text, pattern) for ok, text in zip(right, wholes, strict=True)]
    wrong = [None if answer is None else _as_text(kind, answer) for answer in found]
    counts = {one: wrong.count(one) for one in wrong if one is not None}
    votes = [_RIGHT if ok else one for ok, one in zip(right, wrong, strict=True)]
    most = max(counts.values(), default=0)
    if kind == "math" and most <= sum(right) <= sum(counts.values()):
        votes = _joined_by_mathematics(votes, dict(zip(wrong, found, strict=True)))
    return majority(votes, _RIGHT)


def _joined_by_mathematics(votes: Sequence[object], written: dict[str | None, str | None]) -> list[object]:
    """Votes for equal answers as votes for the first of them. written: an answer as it was, by the one way to write it."""
    first_of: dict[object, object] = {None: None, _RIGHT: _RIGHT}
    firsts: list[str] = []
    for vote in votes:
        if vote in first_of:
            continue
        assert isinstance(vote, str)
        own = f"\\boxed{{{written[vote]}}}"
        same = next((one for one in firsts if verify("math", own, f"\\boxed{{{written[one]}}}")), None)
        first_of[vote] = vote if same is None else same
        if same is None:
            firsts.append(vote)
    return [first_of[vote] for vote in votes]


def _verifier(data: Data) -> tuple[str, str]:
    kind = getattr(data, "verifier", "exact")
    return kind, getattr(data, "verifier_file" if kind == "python" else "verifier_pattern", "")


def _whole(kind: str, example: Example, text: str) -> str:
    return text if kind == "exact" else example.prefix + text


def _as_text(kind: str, answer: str) -> str:
    if kind in ("exact", "choice", "regex") or len(answer) > _LONGEST_COMPARED:
        return answer
    return bare(plain(answer)).strip("$") or answer
