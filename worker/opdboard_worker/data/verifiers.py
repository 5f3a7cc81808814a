"""Is a response right? Exact text match, an expression of the user's, a letter, a file of theirs, or mathematical equality.

Mathematics is judged in a helper process (`judge.py`): an answer such as 9^{9^{9}} can keep sympy busy for ever, in C code that
no timeout inside Python interrupts, and math-verify's own timeouts work on the main thread only. The helper may be lost; the
training may not.
"""

import atexit
import json
import signal
import subprocess
import sys
import threading

import regex

from opdboard.domain.errors import DataProblem
from opdboard_worker.data.choices import chosen, letter_of
from opdboard_worker.data.own_verifier import own_verifier

READY = "ready\n"
"""What the helper writes first."""

_PATTERN_SECONDS = 1.0

_LONGEST_RESPONSE = 20_000
"""Characters, from the end, in which an answer is looked for."""


def verify(kind: str, response_text: str, answer: str, by: str = "") -> bool:
    """Whether `response_text` gives `answer`; never raises on account of either text.

    exact: equal but for white space at the ends. math: the content of the last box, else the last number or formula, equals
    the answer; False for what cannot be parsed or is not decided within a few seconds. regex: the group of the last match of
    the pattern `by` is the answer but for white space at the ends; False where it takes a second. choice: the same letter.
    python: what the file `by` says, see own_verifier. May be called from any thread. Raises DataProblem when this machine
    cannot judge mathematics at all, or cannot import the file, BadInput where it may not.
    """
    if kind == "exact":
        return response_text.strip() == answer.strip()
    if kind == "choice":
        return chosen(response_text[-_LONGEST_RESPONSE:]) == letter_of(answer)
    if kind == "regex":
        return _last_match(by, response_text[-_LONGEST_RESPONSE:]) == answer.strip()
    if kind == "python":
        return own_verifier(by).right(response_text, answer)
    if kind != "math":
        raise ValueError(f"no verifier is called '{kind}'; there are 'exact', 'math', 'regex', 'choice' and 'python'")
    response = response_text[-_LONGEST_RESPONSE:]
    if not response.strip():
        return False
    return _JUDGE.equal(response, answer)


def final_answer(kind: str, response_text: str, pattern: str = "") -> str | None:
    """What `verify` takes for the answer of a response, as it is written; None where there is none to be read.

    A verifier that looks at the whole response itself is told what mathematics would take for it.
    """
    text = response_text[-_LONGEST_RESPONSE:]
    if kind == "exact":
        return response_text.strip() or None
    if kind == "choice":
        return chosen(text)
    if kind == "regex":
        return _last_match(pattern, text) or None
    return _JUDGE.final_answer(text) if text.strip() else None


def _last_match(pattern: str, text: str) -> str | None:
    last = None
    try:
        for found in regex.finditer(pattern, text, timeout=_PATTERN_SECONDS):
            last = found[1]
    except TimeoutError:
        return None
    return None if last is None else str(last).strip()


class _Judge:
    """The helper process, started when first needed and again whenever it was lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def equal(self, response: str, answer: str) -> bool:
        return bool(self._told(response, answer))

    def final_answer(self, response: str) -> str | None:
        told = self._told(response, None)
        return str(told) if told else None

    def _told(self, response: str, answer: str | None) -> bool | str | None:
        """None where the question cannot be decided."""
        with self._lock:
            for _ in range(2):
                told, over_time = self._ask(json.dumps([response, answer]))
                if told is not None or over_time:
                    return told
            return None  # lost twice for another reason, such as memory: the question is to blame

    def _ask(self, question: str) -> tuple[bool | str | None, bool]:
        """(what is told, whether the helper ran out of its time); None is told when the helper was lost."""
        if self._process is None or self._process.poll() is not None:
            self._process = _start()
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(question + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        if line:
            return json.loads(line), False
        return None, process.wait() == -signal.SIGPROF

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


def _start() -> subprocess.Popen[str]:
    # A session of its own: a signal to the trainer's process group must not take the judge away while the trainer still
    # finishes its step. It ends by itself when its input closes.
    process = subprocess.Popen(
        [sys.executable, "-m", "opdboard_worker.data.judge"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    assert process.stdout is not None
    if process.stdout.readline() != READY:
        raise DataProblem(
            f"mathematical answers cannot be judged on this worker: the judge ended with code {process.wait()} before it began "
            "(its message is in the log); is math-verify installed?",
            where="data.verifier",
        )
    return process


_JUDGE = _Judge()
atexit.register(_JUDGE.close)
