"""The letter of a multiple choice in a text: B, (B), B. Paris, \\text{B}, option b."""

import re

from opdboard_worker.data.answers.final import stated

_LETTER = re.compile(
    r"[\s$*_({\[]*(?:(?:option|choice|answer)\s+)?(?:\\(?:text|textbf|textit|mathrm|mathbf|mathsf)\s*)?[\s*_({\[]*"
    r"([A-Za-z])(?:[)}\].:,*_$]|\s*$)",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\(([A-Z])\)")


def letter_of(text: str) -> str | None:
    """The letter that a text is or begins with, upper case; None where it begins otherwise, as 'A dog' does."""
    found = _LETTER.match(text)
    return None if found is None else found[1].upper()


def chosen(response: str) -> str | None:
    """The letter that a response states, is, or names last in brackets; None where it chooses none."""
    said = stated(response)
    letter = letter_of(response.strip()) if said is None else letter_of(said)
    if letter is None and (named := _BRACKETED.findall(response)):
        return named[-1]
    return letter
