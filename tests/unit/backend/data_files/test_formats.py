"""Data files as they lie around, made by the libraries that write them: recognised, mapped, or refused by row and column."""

import csv
import gzip
import io
import json
from decimal import Decimal
from pathlib import Path

import datasets
import pyarrow
import pyarrow.parquet
import pytest

from opdboard.data_files.recognition import Recogniser, Row
from opdboard.data_files.rows import read_rows
from opdboard.data_files.turns import Turn
from opdboard.domain.data import Columns, FileData
from opdboard.domain.errors import DataProblem

USER = {"role": "user", "content": "1+1?"}
SYSTEM = {"role": "system", "content": "Add."}
SAID = {"role": "assistant", "content": "It is 2."}
WORKED = "One and one\nmake <<1+1=2>>2.\n#### 2"
ADD = (Turn("system", "Add."),)


def _jsonl(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _json(rows):
    return json.dumps(rows, indent=1).encode()


def _csv(rows, **how):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), **how)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _parquet(rows):
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()


def _zst(content):
    """Two frames, as tools that append to a file leave it."""
    codec = pyarrow.Codec("zstd")
    return codec.compress(content[:20], asbytes=True) + codec.compress(content[20:], asbytes=True)


_WRITERS = {".jsonl": _jsonl, ".ndjson": _jsonl, ".json": _json, ".csv": _csv, ".parquet": _parquet}
_WRITERS[".tsv"] = lambda rows: _csv(rows, delimiter="\t")


def _write(folder, name, content):
    """The file, with rows written as its name says."""
    plain = name.removesuffix(".gz").removesuffix(".zst")
    if not isinstance(content, bytes):
        content = _WRITERS[f".{plain.rpartition('.')[2]}"](content)
    content = gzip.compress(content) if name.endswith(".gz") else _zst(content) if name.endswith(".zst") else content
    (folder / name).write_bytes(content)
    return str(folder / name)


def _read(path, route_by="", **columns):
    recogniser = Recogniser(Columns(**columns), route_by)
    return list(read_rows(FileData(path=path), recogniser, Path())), recogniser


GOOD = [
    ("trl-prompt-only.jsonl", {"prompt": "1+1?"}, {}, "TRL prompt-only", Row("", "1+1?", None, None)),
    ("trl-turns.parquet", {"prompt": [SYSTEM, USER]}, {}, "TRL prompt-only", Row("", "1+1?", None, None, None, ADD)),
    (
        "trl-prefix.json",
        {"prompt": [USER, {"role": "assistant", "content": "It"}]},
        {},
        "TRL prompt-only",
        Row("", "1+1?", None, None, prefix="It"),
    ),
    (
        "trl-messages.jsonl.gz",
        {"messages": [SYSTEM, USER, SAID]},
        {},
        "TRL conversational (messages)",
        Row("", "1+1?", None, "It is 2.", None, ADD),
    ),
    (
        "several-turns.parquet",
        {"messages": [USER, SAID, {"role": "user", "content": "Sure?"}]},
        {},
        "TRL conversational (messages)",
        Row("", "Sure?", None, None, None, (Turn("user", "1+1?"), Turn("assistant", "It is 2."))),
    ),
    (
        "parts.jsonl",
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "1+1?"}]}, SAID]},
        {},
        "TRL conversational (messages)",
        Row("", "1+1?", None, "It is 2."),
    ),
    (
        "sequence.parquet",
        {"messages": {"role": ["user", "assistant"], "content": ["1+1?", "It is 2."]}},
        {},
        "TRL conversational (messages)",
        Row("", "1+1?", None, "It is 2."),
    ),
    (
        "messages.csv",
        {"messages": json.dumps([USER, SAID])},
        {},
        "TRL conversational (messages)",
        Row("", "1+1?", None, "It is 2."),
    ),
    (
        "verl.parquet",
        {
            "data_source": "openai/gsm8k",
            "prompt": [USER],
            "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": "2"},
            "extra_info": {"index": 0, "answer": WORKED},
        },
        {"route_by": "data_source"},
        "verl",
        Row("", "1+1?", "2", None, "openai/gsm8k"),
    ),
    ("gsm8k.jsonl", {"question": "1+1?", "answer": WORKED}, {}, "GSM8K", Row("", "1+1?", "2", WORKED)),
    ("gsm8k.csv", {"question": "1+1?", "answer": WORKED}, {}, "GSM8K", Row("", "1+1?", "2", WORKED)),
    (
        "math.jsonl.zst",
        {"problem": "1+1?", "level": "Level 1", "solution": "So \\boxed{3}, no: $\\boxed{\\frac{4}{2}}$."},
        {},
        "MATH",
        Row("", "1+1?", "\\frac{4}{2}", "So \\boxed{3}, no: $\\boxed{\\frac{4}{2}}$."),
    ),
    (
        "math-500.json",
        {"problem": "1+1?", "solution": "\\boxed{2.0}", "answer": "2", "unique_id": "a"},
        {},
        "MATH",
        Row("", "1+1?", "2", "\\boxed{2.0}"),
    ),
    (
        "deepmath.parquet",
        {"question": "1+1?", "final_answer": "2", "difficulty": 1.0},
        {},
        "question and final_answer",
        Row("", "1+1?", "2", None),
    ),
    ("input.tsv", {"input": "1+1?", "target": "0.10"}, {}, "input and target", Row("", "1+1?", "0.10", None)),
    (
        "completion.json.gz",
        {"prompt": "1+1?", "completion": "It is 2."},
        {},
        "prompt and completion",
        Row("", "1+1?", None, "It is 2."),
    ),
    (
        "completion-turns.ndjson",
        {"prompt": [USER], "completion": [SAID]},
        {},
        "prompt and completion",
        Row("", "1+1?", None, "It is 2."),
    ),
    ("question.csv.zst", {"question": "1+1?", "answer": "2"}, {}, "question and answer", Row("", "1+1?", "2", None)),
    ("blank.csv", {"prompt": "1+1?", "answer": ""}, {}, "TRL prompt-only", Row("", "1+1?", None, None)),
    (
        "narrow.parquet",
        {"prompt": "1+1?", "reward_model": {"ground_truth": Decimal("0.10")}},
        {},
        "verl",
        Row("", "1+1?", "0.1", None),
    ),
    (
        "sharegpt.jsonl",
        {"sys": "Add.", "talk": [USER, SAID], "meta": {"golden": "the answer: 2, of course"}},
        {"prompt": "talk", "system": "sys", "answer": "meta.golden", "answer_pattern": r"answer: (\d+)"},
        "mapped columns",
        Row("", "1+1?", "2", "It is 2.", None, ADD),
    ),
    (
        "paths.parquet",
        {"messages": [USER, SAID], "info": {"worked": "Count."}},
        {"prompt": "messages.0.content", "answer": "messages.-1.content", "solution": "info.worked"},
        "mapped columns",
        Row("", "1+1?", "It is 2.", "Count."),
    ),
]


@pytest.mark.parametrize(("name", "row", "how", "format_", "expected"), GOOD, ids=[case[0] for case in GOOD])
def test_what_lies_around_is_recognised_or_mapped(tmp_path, name, row, how, format_, expected):
    path = _write(tmp_path, name, [row, row])
    read, recogniser = _read(path, **how)
    wheres = [one.where for one in read]
    assert [Row("", *list(vars(one).values())[1:]) for one in read] == [expected] * 2
    assert len(set(wheres)) == 2 and all(where.startswith(f"{path}:") for where in wheres)
    assert recogniser.formats == {format_: 2}


def _by_datasets(name, rows):
    """The content that the library datasets writes under such a name."""
    narrow = datasets.Features(
        {"prompt": datasets.Value("string"), "reward_model": {"ground_truth": datasets.Value("float32")}}
    )
    if name.startswith("narrow"):
        rows = [row | {"reward_model": {"ground_truth": 0.1}} for row in rows]
    features = narrow if name.startswith("narrow") else None
    made = datasets.Dataset.from_list(rows, features=features, on_mixed_types="use_json")
    sink = io.BytesIO()
    match name.removesuffix(".gz").removesuffix(".zst").rpartition(".")[2]:
        case "parquet":
            made.to_parquet(sink)
        case "csv":
            made.to_csv(sink)
        case "tsv":
            made.to_csv(sink, sep="\t")
        case "json":
            made.to_json(sink, lines=False)
        case _:
            made.to_json(sink)
    return sink.getvalue()


@pytest.mark.parametrize(("name", "row", "how", "format_", "expected"), GOOD, ids=[case[0] for case in GOOD])
def test_what_datasets_writes_is_read_the_same(tmp_path, name, row, how, format_, expected):
    read, recogniser = _read(_write(tmp_path, name, _by_datasets(name, [row, row])), **how)
    assert [Row("", *list(vars(one).values())[1:]) for one in read] == [expected] * 2
    assert recogniser.formats == {format_: 2}


def test_nested_features_of_datasets_are_read(tmp_path):
    """Lists of objects where rows have different keys, which Arrow fills up with nulls, and objects of lists, which were sequences."""
    first = {"messages": [SYSTEM, {"role": "user", "content": "1+1?", "name": "me"}, SAID], "meta": {"golden": 2}}
    second = {"messages": [USER | {"tool_calls": None}], "meta": None}
    made = datasets.Dataset.from_list([first, second])
    made.to_parquet(tmp_path / "rows.parquet")
    made.to_json(tmp_path / "rows.jsonl")
    for name in ("rows.parquet", "rows.jsonl"):
        read, _ = _read(str(tmp_path / name))
        assert [(one.before, one.prompt, one.solution) for one in read] == [
            (ADD, "1+1?", "It is 2."),
            ((), "1+1?", None),
        ]
        read, _ = _read(str(tmp_path / name), answer="meta.golden")
        assert [one.answer for one in read] == ["2", None]
    turns = {"role": datasets.Value("string"), "content": datasets.Value("string")}
    columnar = datasets.Features({"messages": datasets.Sequence(turns)})
    rows = [{"messages": {"role": ["user", "assistant"], "content": ["1+1?", "It is 2."]}}]
    datasets.Dataset.from_list(rows, features=columnar).to_parquet(tmp_path / "old.parquet")
    assert _read(str(tmp_path / "old.parquet"))[0][0].solution == "It is 2."


BAD = [
    (
        "rows.jsonl",
        [{"prompt": "a"}, {"text": "b"}],
        {},
        ":2",
        "no prompt .* it has text. Name the column in data.columns.prompt",
    ),
    ("rows.jsonl", [{"messages": [SYSTEM]}], {}, ":1", "messages has a turn of the system where the user's"),
    ("rows.jsonl", [{"messages": []}], {}, ":1", "messages has no turn where the user's"),
    ("rows.jsonl", [{"messages": "1+1?"}], {}, ":1", "messages is a text; it must be a list of turns"),
    (
        "rows.jsonl",
        [{"messages": [{"from": "human", "value": "a"}]}],
        {},
        ":1",
        "messages.0 is an object of from, value",
    ),
    ("rows.jsonl", [{"messages": [{"role": "tool", "content": "a"}, USER]}], {}, ":1", "messages.0.role is 'tool'"),
    (
        "rows.jsonl",
        [{"prompt": [{"role": "user", "content": [{"type": "image", "url": "a"}]}]}],
        {},
        ":1",
        "prompt.0.content.0 is no text but image",
    ),
    ("rows.jsonl", [{"messages": [USER, SAID, SAID]}], {}, ":1", "messages has a turn of the assistant where"),
    ("rows.parquet", [{"prompt": "a", "answer": ["1", "2"]}], {}, ":1", "answer is a list"),
    ("rows.parquet", [{"prompt": "a", "reward_model": "2"}], {}, ":1", "reward_model is a text"),
    (
        "rows.jsonl",
        [{"question": "a", "answer": "so\n#### 1"}, {"question": "b", "answer": "2"}],
        {},
        ":2",
        "answer does not end with '#### number'",
    ),
    (
        "rows.jsonl",
        [{"question": "a", "answer": "1"}, {"question": "b", "answer": "so\n#### 2"}],
        {},
        ":2",
        "answer ends with '####', and those of the rows before do not",
    ),
    ("rows.json", [{"prompt": "a"}, ["b"]], {}, ":2", "the row is a list, not an object"),
    ("rows.json", b'[{"prompt": "a"}, {"prompt": "b" "answer": 1}]', {}, ":2", "not valid JSON .* at character"),
    ("rows.json", b'[{"prompt": "a"}\n {"prompt": "b"}]', {}, ":1", "neither a comma nor the end"),
    ("rows.json", b'[{"prompt": "a"}', {}, ":1", "neither a comma nor the end"),
    (
        "rows.csv",
        b"question,answer\n1+1?,2\n1+2?,3,4\n",
        {},
        ":3",
        "3 values and the header 2 columns .question, answer.",
    ),
    ("rows.csv", b'question,answer\n"a\nb",1\n"c,2\n', {}, ":4", "not valid CSV"),
    ("rows.csv", b"question,answer,answer\na,1,1\n", {}, ":1", "header has 'answer' twice"),
    ("rows.csv", [{"prompt": str([USER])}], {}, ":2", "prompt is a list of turns that is not written as JSON"),
    ("rows.csv", [{"prompt": "", "answer": "2"}], {}, ":2", "no prompt .* it has prompt, answer"),
    (
        "rows.jsonl",
        [{"q": "a"}],
        {"prompt": "question.text"},
        ":1",
        r"no question.text \(data.columns.prompt\); it has q",
    ),
    ("rows.jsonl", [{"prompt": "a"}], {"answer": "golden"}, ":1", r"no golden \(data.columns.answer\); it has prompt"),
    (
        "rows.jsonl",
        [{"prompt": "a", "answer": "one"}],
        {"answer_pattern": r"(\d+)"},
        ":1",
        "data.columns.answer_pattern finds nothing in answer, which is 'one'",
    ),
    (
        "rows.jsonl",
        [{"prompt": [SYSTEM, USER], "sys": "b"}],
        {"system": "sys"},
        ":1",
        "a system turn, and sys gives another",
    ),
    ("rows.jsonl.gz", gzip.compress(_jsonl([{"prompt": "a"}]))[:-9], {}, "", "no whole .gz file"),
    ("rows.json.zst", b"not compressed", {}, "", "no whole .zst file"),
]


@pytest.mark.parametrize(("name", "content", "how", "at", "says"), BAD, ids=[case[-1] for case in BAD])
def test_what_is_broken_is_named_by_row_and_column(tmp_path, name, content, how, at, says):
    if name.endswith((".gz", ".zst")):  # these bytes are the file
        (tmp_path / name).write_bytes(content)
        path = str(tmp_path / name)
    else:
        path = _write(tmp_path, name, content)
    with pytest.raises(DataProblem, match=says) as caught:
        _read(path, **how)
    assert caught.value.where == path + at


def test_several_files_are_one_data_set_in_the_order_of_their_names(tmp_path):
    for name, prompt in (("b.jsonl", "second"), ("a.jsonl", "first"), ("c.csv", "other")):
        _write(tmp_path, name, [{"prompt": prompt}])
    rows, _ = _read(str(tmp_path / "[ab].jsonl"))
    assert [(row.prompt, row.where) for row in rows] == [
        ("first", f"{tmp_path}/a.jsonl:1"),
        ("second", f"{tmp_path}/b.jsonl:1"),
    ]
    with pytest.raises(DataProblem, match="no file on this machine matches"):
        _read(str(tmp_path / "*.parquet"))
    (tmp_path / "d.jsonl").write_bytes(b"")
    with pytest.raises(DataProblem, match="has no rows") as caught:
        _read(str(tmp_path / "*.jsonl"))
    assert caught.value.where == f"{tmp_path}/d.jsonl"


def test_a_name_with_brackets_is_a_file_where_there_is_one(tmp_path):
    path = _write(tmp_path, "rows[1].jsonl", [{"prompt": "a"}])
    assert len(_read(path)[0]) == 1


@pytest.mark.parametrize("path", ["a" * 5000, "~nobody-of-this-name/a.jsonl", "a\0b.jsonl", "a*" * 3000])
def test_what_is_no_path_is_refused_in_words(path):
    with pytest.raises(DataProblem, match=r"cannot be looked for|there is no file|no file on this machine"):
        _read(path)


def test_json_of_one_object_a_line_is_read_as_such(tmp_path):
    path = _write(tmp_path, "rows.json", _jsonl([{"prompt": "a"}, {"prompt": "b"}]))
    assert [row.prompt for row in _read(path)[0]] == ["a", "b"]


def test_an_expression_that_takes_for_ever_is_given_up(tmp_path):
    path = _write(tmp_path, "rows.jsonl", [{"prompt": "a", "answer": "x" * 5000}])
    with pytest.raises(DataProblem, match="took longer than 1 s on answer") as caught:
        _read(path, answer_pattern="(?:(?:x+x+)+)+(y|z\\Z)")
    assert caught.value.where == f"{path}:1"


@pytest.mark.parametrize(
    ("pattern", "says"), [("(", "no regular expression"), ("a", "has 0 groups"), ("(a)(b)", "has 2")]
)
def test_a_pattern_has_one_group(pattern, says):
    with pytest.raises(ValueError, match=says):
        Columns(answer_pattern=pattern)


def test_what_was_recognised_is_told(tmp_path):
    rows = [{"question": "a", "answer": "so\n#### 1"}] * 2 + [{"question": "b", "answer": None}]
    _, recogniser = _read(_write(tmp_path, "rows.jsonl", rows))
    assert recogniser.told() == [
        "2 rows read as GSM8K",
        "1 row read as question alone",
        "prompt from question; answer from answer behind ####; 1 without an answer; solution from answer behind ####; 1 without a "
        "solution",
    ]
