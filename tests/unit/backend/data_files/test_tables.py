"""Rows of files that others wrote: read as they are meant, or refused with file and line."""

import json
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from opdboard.data_files.recognition import Recogniser
from opdboard.data_files.rows import read_rows
from opdboard.domain.data import Columns, FileData
from opdboard.domain.errors import DataProblem

GOOD = {"prompt": "1+1?", "answer": "2"}


@pytest.fixture
def jsonl(tmp_path):
    """jsonl(rows or bytes) -> path of a .jsonl file with them."""

    def write(content, name="rows.jsonl"):
        file = tmp_path / name
        if not isinstance(content, bytes):
            content = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in content).encode()
        file.write_bytes(content)
        return str(file)

    return write


def _load(path, route_by=""):
    return list(read_rows(FileData(path=path), Recogniser(Columns(), route_by), Path()))


def test_rows_keep_their_order_and_fields(jsonl):
    rows = [
        {"problem": "What is ½ + ½?", "answer": 1, "solution": "Add.", "level": 3},
        {"prompt": "p", "problem": "not this", "answer": 0.5},
        {"prompt": None, "problem": "this", "answer": "x", "solution": None},
    ]
    first, second, third = _load(jsonl(rows))
    assert (first.prompt, first.answer, first.solution) == ("What is ½ + ½?", "1", "Add.")
    assert (second.prompt, second.answer, second.solution) == ("p", "0.5", None)
    assert (third.prompt, third.solution) == ("this", None)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0.00001", "0.00001"),
        ("1e-5", "0.00001"),
        ("2.0", "2"),
        ("-0.0", "0"),
        ("2.50", "2.5"),
        ("1E3", "1000"),
        ("9007199254740993", "9007199254740993"),
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("1e400", "1" + "0" * 400),
        ("1e999999", "1E+999999"),
    ],
)
def test_a_number_keeps_its_value(jsonl, number, text):
    (example,) = _load(jsonl(['{"prompt": "p", "answer": ' + number + "}"]))
    assert example.answer == text


def test_byte_order_mark_blank_lines_and_windows_line_ends(jsonl):
    line = json.dumps(GOOD).encode()
    examples = _load(jsonl(b"\xef\xbb\xbf" + line + b"\r\n\r\n\n" + line))
    assert [example.prompt for example in examples] == ["1+1?", "1+1?"]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("{not json", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"prompt": "p", "answer": ' + "9" * 5000 + "}", "not valid JSON"),
        ("[1, 2]", "a list, not an object"),
        ('{"prompt": "p"} {}', "more behind its end at character 16"),
        ('{"reply": "p", "answer": "2"}', r"no prompt \(nor .*\); it has reply, answer"),
        ('{"prompt": "p", "answer": ["2"]}', "answer is a list"),
        ('{"prompt": "p", "answer": true}', "answer is true or false"),
        ('{"prompt": 7, "answer": "2"}', "prompt is a number"),
        ('{"prompt": "  ", "answer": "2"}', "prompt is empty"),
        ('{"prompt": "\\ud800", "answer": "2"}', "surrogate"),
        ('{"prompt": "p", "answer": "2", "answer": "3"}', "'answer' twice"),
        ('{"prompt": "p", "answer": "2", "meta": {"a": 1, "a": 2}}', "'a' twice"),
        ('{"prompt": "p", "answer": NaN}', "answer is NaN"),
        ('{"prompt": "p", "answer": -Infinity}', "answer is -Infinity"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(jsonl, bad, says):
    path = jsonl([GOOD, "", bad, GOOD])
    with pytest.raises(DataProblem, match=says) as caught:
        _load(path)
    assert caught.value.where == f"{path}:3"


def test_text_in_another_encoding_is_named_by_line(jsonl):
    path = jsonl(json.dumps(GOOD).encode() + b"\n" + '{"prompt": "café", "answer": "2"}'.encode("latin-1"))
    with pytest.raises(DataProblem, match="not UTF-8") as caught:
        _load(path)
    assert caught.value.where == f"{path}:2"


def test_a_file_without_line_ends_is_not_read_whole(jsonl):
    path = jsonl(b"x" * (17 << 20))
    with pytest.raises(DataProblem, match="longer than 16 MiB") as caught:
        _load(path)
    assert caught.value.where == f"{path}:1"


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file_says_so(jsonl, content):
    with pytest.raises(DataProblem, match="has no rows"):
        _load(jsonl(content))


def test_other_places_are_refused(tmp_path, jsonl):
    with pytest.raises(DataProblem, match=r"no \.jsonl, \.json, \.csv or \.parquet"):
        _load(jsonl([GOOD], name="rows.txt"))
    with pytest.raises(DataProblem, match="there is no file"):
        _load(str(tmp_path / "missing.jsonl"))
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(DataProblem, match="is not a file"):
        _load(str(tmp_path / "folder.jsonl"))


def _parquet(path: Path, columns) -> str:
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return str(path)


def test_parquet_rows_are_read_like_lines(tmp_path):
    columns = {"problem": ["a", "b"], "answer": [1, 2], "solution": ["s", None], "embedding": [[0.0], [1.0]]}
    first, second = _load(_parquet(tmp_path / "rows.parquet", columns))
    assert (first.prompt, first.answer, first.solution) == ("a", "1", "s")
    assert (second.prompt, second.answer, second.solution) == ("b", "2", None)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pyarrow.array([0.00001, 2.0, 1e22]), ["0.00001", "2", "1" + "0" * 22]),
        (pyarrow.array([0.1, 16777216.0], pyarrow.float32()), ["0.1", "16777216"]),
        (pyarrow.array([2**53 + 1, -(2**63)]), ["9007199254740993", "-9223372036854775808"]),
        (pyarrow.array([2**64 - 1], pyarrow.uint64()), ["18446744073709551615"]),
        (pyarrow.array([Decimal("1.50"), Decimal("0.00001")], pyarrow.decimal128(20, 5)), ["1.5", "0.00001"]),
    ],
)
def test_numbers_of_a_parquet_column_keep_their_value(tmp_path, values, texts):
    columns = {"prompt": [str(place) for place in range(len(values))], "answer": values}
    assert [example.answer for example in _load(_parquet(tmp_path / "rows.parquet", columns))] == texts


@pytest.mark.parametrize("kind", [pyarrow.float64(), pyarrow.float32(), pyarrow.float16()])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused_like_null(tmp_path, kind, value):
    column = pyarrow.array(np.array([1, value], kind.to_pandas_dtype()), kind)
    path = _parquet(tmp_path / "rows.parquet", {"prompt": ["a", "b"], "answer": column})
    with pytest.raises(DataProblem, match="which is no value") as caught:
        _load(path)
    assert caught.value.where == f"{path}:2"


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    table = pyarrow.Table.from_arrays([pyarrow.array(["a"])] * 3, names=["prompt", "answer", "answer"])
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(DataProblem, match="two columns 'answer'"):
        _load(str(tmp_path / "rows.parquet"))


def test_a_bad_parquet_row_is_named_by_number(tmp_path):
    path = _parquet(tmp_path / "rows.parquet", {"prompt": ["a", None], "level": [1, 2]})
    with pytest.raises(DataProblem, match=r"no prompt .*; it has prompt, level") as caught:
        _load(path)
    assert caught.value.where == f"{path}:2"


def test_a_damaged_parquet_file_is_refused(tmp_path):
    path = _parquet(tmp_path / "rows.parquet", {"prompt": ["a"] * 100, "answer": ["1"] * 100})
    Path(path).write_bytes(Path(path).read_bytes()[:-20])
    with pytest.raises(DataProblem, match="not a readable Parquet file"):
        _load(path)


def test_a_field_that_names_a_teacher_is_read_and_missed(jsonl):
    rows = [GOOD | {"data_source": "math"}, GOOD | {"data_source": 7}]
    path = jsonl(rows)
    assert [row.route for row in _load(path, "data_source")] == ["math", "7"]
    assert [row.route for row in _load(path)] == [None, None]
    file = jsonl([GOOD | {"data_source": "math"}, GOOD], "missing.jsonl")
    with pytest.raises(DataProblem, match=r"the row has no data_source \(teacher.route_by\)") as caught:
        _load(file, "data_source")
    assert caught.value.where == f"{file}:2"


def test_a_field_that_names_a_teacher_is_read_from_parquet(tmp_path):
    file = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([GOOD | {"data_source": "code"}]), file)
    [row] = _load(str(file), "data_source")
    assert row.route == "code"


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize("target", ["/dev/ptmx", "/dev/zero", "pipe"])
def test_a_device_or_a_pipe_is_no_data_set(tmp_path, suffix, target):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / f"rows{suffix}").symlink_to(tmp_path / target)
    with pytest.raises(DataProblem, match="is not a file"):
        _load(str(tmp_path / f"rows{suffix}"))
