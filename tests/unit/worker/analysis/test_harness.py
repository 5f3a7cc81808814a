"""Benchmarks by the library lm-eval itself, offline, on task files that the test writes."""

import json
import random
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from opdboard.domain.errors import BadInput
from opdboard.domain.lm_eval import LmEval
from opdboard.settings import Settings
from opdboard_worker.analysis.harness import metrics_of

pytestmark = pytest.mark.slow

needs_lm_eval = pytest.mark.skipif(find_spec("lm_eval") is None, reason='pip install "opdboard[lm-eval]"')

CHOICE = """\
task: sums_choice
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/sums.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_target: "{{label}}"
doc_to_choice: "{{choices}}"
target_delimiter: ""
metric_list: [{metric: acc}]
metadata: {version: 1.0}
"""
WRITTEN = """\
task: sums_written
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/sums.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: !function words.target
target_delimiter: ""
generation_kwargs: {until: ["="], max_gen_toks: 6, do_sample: false}
metric_list: [{metric: exact_match}]
metadata: {version: 2.0}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two tasks on the demo's sums, one of which calls a function."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "tasks"
    folder.mkdir()
    draw = random.Random(0)
    pairs = [(draw.randrange(1000), draw.randrange(1000)) for _ in range(20)]
    rows = [
        {
            "question": f"{a:03d}+{b:03d}=",
            "answer": str(a + b)[::-1],
            "choices": [str(a + b)[::-1], str(a + b + 1)[::-1]],
            "label": 0,
        }
        for a, b in pairs
    ]
    (folder / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "choice.yaml").write_text(CHOICE.replace("FOLDER", str(folder)))
    (folder / "written.yaml").write_text(WRITTEN.replace("FOLDER", str(folder)))
    (folder / "words.py").write_text("def target(row):\n    return row['answer']\n")
    return folder


@pytest.fixture
def settings(tmp_path: Path, folder: Path) -> Settings:
    return Settings(data_dir=tmp_path, code_roots=str(folder.parent))


@needs_lm_eval
def test_tasks_of_a_folder_are_scored_on_base_and_checkpoint(analyse, folder: Path):
    found = analyse("lm_eval", tasks=["sums_choice", "sums_written"], folder=str(folder), steps=[4], limit=16)
    assert [(one.family, one.x, one.label) for one in found] == [
        ("base", 0.0, "base weights"),
        ("checkpoint", 4.0, "checkpoint of step 4"),
    ]
    for record in found:
        assert record.details["version"].startswith("0.4.")
        metrics = {(one["task"], one["metric"]): one for one in record.details["metrics"]}
        assert metrics.keys() == {("sums_choice", "acc"), ("sums_written", "exact_match")}
        for one in metrics.values():
            share = one["value"]
            assert one["examples"] == 16 and share * 16 == pytest.approx(round(share * 16))
            assert one["stderr"] == pytest.approx((share * (1 - share) / 15) ** 0.5)  # of a mean, n - 1
            assert one["better"] == "higher"
    assert found[0].details["metrics"][0]["value"] > 0.5  # the demo base can tell a sum from its neighbour
    assert found[0].details["metrics"][1]["version"] == 2.0


@needs_lm_eval
@pytest.mark.parametrize("name", ["sums_chioce", "arc_easy", "FOLDER/choice.yaml"])
def test_a_task_is_a_name_of_the_index_never_a_path(analyse, folder: Path, name: str):
    with pytest.raises(BadInput, match="has no task") as problem:
        analyse("lm_eval", tasks=[name.replace("FOLDER", str(folder))], folder=str(folder), steps=[4])
    assert "sums_choice, sums_written" in problem.value.detail


def test_a_folder_that_its_keeper_did_not_name_is_not_read(analyse, folder: Path, settings: Settings):
    outside = folder.parent.parent
    with pytest.raises(BadInput, match="OPDBOARD_CODE_ROOTS") as problem:
        analyse("lm_eval", tasks=["sums_choice"], folder=str(outside), steps=[4])
    assert problem.value.where == "parameters.folder"


def test_without_the_library_a_sentence_says_how_to_install_it(analyse, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "lm_eval.tasks", None)
    with pytest.raises(BadInput, match=r'pip install "opdboard\[lm-eval\]"'):
        analyse("lm_eval", tasks=["arc_easy"], steps=[4])


def test_metrics_of_groups_filters_and_no_error():
    results = {
        "results": {"t": {"alias": "t", "acc,strict": 0.5, "acc_stderr,strict": 0.1, "bits,none": 2, "bits_stderr,none": "N/A"}},
        "groups": {"g": {"acc,none": 0.25, "acc_stderr,none": 0.05, "sample_count": {}}},
        "higher_is_better": {"t": {"acc": True, "bits": False}},
        "n-samples": {"t": {"effective": 7}},
        "versions": {"t": 3},
    }  # fmt: skip
    told = [(one["task"], one["metric"], one["filter"], one["value"], one["stderr"]) for one in metrics_of(results)]
    assert told == [
        ("t", "acc", "strict", 0.5, 0.1),
        ("t", "bits", "none", 2.0, None),
        ("g", "acc", "none", 0.25, 0.05),
    ]
    assert [one["better"] for one in metrics_of(results)] == ["higher", "lower", None]


def test_a_task_must_be_named():
    with pytest.raises(ValueError, match="name at least one task"):
        LmEval()
