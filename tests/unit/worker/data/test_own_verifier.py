"""A Python file of the user's as verifier: run where it is allowed, and nothing that it does stops a run or lies about an answer."""

import logging
import textwrap
from pathlib import Path

import pytest

from opdboard.domain.data import FileData
from opdboard.domain.errors import BadInput, DataProblem
from opdboard_worker.data import own_verifier as room
from opdboard_worker.data.answered import check_judged
from opdboard_worker.data.examples import Example
from opdboard_worker.data.judging import judged
from opdboard_worker.data.own_verifier import OwnVerifier
from opdboard_worker.data.verifiers import verify


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """code(text) -> path of a Python file that may be run."""
    monkeypatch.setenv("OPDBOARD_CODE_ROOTS", str(tmp_path))
    room.own_verifier.cache_clear()

    def write(text: str, name: str = "mine.py") -> str:
        (tmp_path / name).write_text(textwrap.dedent(text))
        return str(tmp_path / name)

    yield write
    room.own_verifier.cache_clear()


def _data(file: str) -> FileData:
    return FileData(path="rows.jsonl", verifier="python", verifier_file=file)


def test_the_file_judges_whole_responses_and_may_import_its_neighbours(code):
    code("END = '!'", "beside.py")
    file = code(
        """
        import os, beside
        print("imported", os.environ.get("HF_TOKEN"))
        def verify(response: str, answer: str) -> bool:
            print("asked")
            return response.endswith(answer + beside.END)
        """
    )
    asked = [Example(0, "?", "7", None, prefix="So "), Example(1, "?", None, None), Example(2, "?", "8", None)]
    data = _data(file)
    check_judged(data, asked)
    assert judged(data, asked, ["7!", "8!", "7!"]) == [True, None, False]
    assert verify("python", "x" * 100_000 + "7!", "7", file)


def test_no_token_reaches_it(code, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    file = code(
        """
        import os
        def verify(response, answer):
            return any("secret" in value for value in os.environ.values()) or any(
                name.startswith("OPDBOARD") for name in os.environ)
        """
    )
    assert verify("python", "a", "a", file) is False


def test_nothing_is_run_that_is_not_allowed(code, tmp_path: Path, monkeypatch):
    mark = tmp_path / "mark"
    file = code(f"open({str(mark)!r}, 'w')\ndef verify(response, answer): return True")
    for roots in ("", str(tmp_path / "elsewhere")):
        monkeypatch.setenv("OPDBOARD_CODE_ROOTS", roots)
        with pytest.raises(BadInput, match="OPDBOARD_CODE_ROOTS") as caught:
            verify("python", "a", "a", file)
        assert caught.value.where == "data.verifier_file"
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def verify(response, answer)\n  return True", "line 1: expected ':'"),
        ("import nothing_of_this_name", "line 1: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("def check(response, answer): return True", r"it has no function verify\(response, answer\)"),
        ("def verify(response): return True", "verify does not take a response and an answer"),
        ("raise SystemExit(3)", "line 1: SystemExit: 3"),
        ("import os\nos._exit(3)", "it did not come to its end"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_before_anything_is_judged(code, text, told):
    with pytest.raises(DataProblem, match=told) as caught:
        check_judged(_data(code(text)), [Example(0, "?", "7", None)])
    assert caught.value.where == "data.verifier_file"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("int(response)", "line 4: ValueError: invalid literal"),
        ("return 'yes'", "it returned 'yes', and only True or False is a verdict"),
        ("return None", "it returned None"),
        ("raise SystemExit", "line 4: SystemExit"),
        ("__import__('os')._exit(1)", "it took longer"),
        ("while True: pass", "too much CPU time"),
        ("time.sleep(60)", "it took longer than"),
        ("return bool(bytearray(8 << 30))", "MemoryError"),
    ],
)
def test_a_call_that_fails_is_a_wrong_answer_and_counted(code, caplog, monkeypatch, body, told):
    monkeypatch.setattr(room, "SECONDS", 1.0 if "sleep" in body else 10.0)
    file = code(f"import time\ndef verify(response, answer):\n    if response == answer: return True\n    {body}\n")
    verifier = OwnVerifier(file)
    with caplog.at_level(logging.WARNING):
        assert verifier.right("no number", "7") is False
    assert verifier.failed == 1 and told in caplog.text
    assert "1 call so far" in caplog.text and "'no number'" in caplog.text
    assert verifier.right("7", "7") is True and verifier.failed == 1
    verifier.close()


def test_one_that_fails_on_a_rows_own_answer_is_refused_at_the_row(code):
    file = code("def verify(response, answer):\n    return response.value == answer\n")
    rows = [Example(0, "?", None, None, where="a:1"), Example(1, "?", "7", "It is 7.", where="a:2")]
    with pytest.raises(
        DataProblem, match="fails on this row, given its own solution as the response: line 2: Attrib"
    ) as caught:
        check_judged(_data(file), rows)
    assert caught.value.where == "a:2"


def test_the_file_belongs_to_its_verifier_alone():
    with pytest.raises(ValueError, match=r"needs data\.verifier_file"):
        FileData(path="rows.jsonl", verifier="python")
    with pytest.raises(ValueError, match="no other verifier takes one"):
        FileData(path="rows.jsonl", verifier_file="mine.py")
