"""A set of weights on a named set, against the same answers counted one by one."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
from support.short_run import CONFIG, no_runs
from support.thread_ranks import Meeting, ThreadRanks

from opdboard.domain.data import FileData
from opdboard.domain.errors import DataProblem
from opdboard.domain.evaluation import EvaluationSet
from opdboard.domain.run_config import RunConfig
from opdboard.settings import Settings
from opdboard_worker.data.examples import load_examples, split
from opdboard_worker.evaluation.ready import ReadySet, ready_set
from opdboard_worker.evaluation.scoring import Answerer, score, score_in_parts
from opdboard_worker.models.demo import load_demo
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.rollout import sample, uniforms

SUMS = EvaluationSet(name="sums", prompts=7, samples=3, max_response_tokens=5)


@pytest.fixture(scope="module")
def policy() -> Policy:
    torch.set_num_threads(1)
    return Policy(load_demo("teacher"), torch.device("cpu"), "float32")


@pytest.fixture
def answerer(policy) -> Answerer:
    return Answerer.of(policy, [policy.tokenizer.eos_token_id])


def ready(asked: EvaluationSet, tmp_path: Path, **about) -> ReadySet:
    return ready_set(asked, CONFIG, load_demo("base"), Settings(data_dir=tmp_path), no_runs, **about)


def test_counts_are_those_of_the_answers_one_by_one(policy, answerer, tmp_path):
    found = score(made := ready(SUMS, tmp_path), answerer, seed=5, pass_size=4)
    for example, of_prompt in zip(made.examples, found.prompts, strict=True):
        texts, cut, tokens = [], 0, []
        for numbers in uniforms(3, 5, 5, "evaluation", example.id):
            one = sample(
                policy, [made.prompts.student_ids(example)], numbers[None],
                temperature=1.0, eos=answerer.ends, pass_size=1,
            )  # fmt: skip
            texts += made.prompts.texts(one.written())
            cut += int(not one.ended_B)
            tokens.append(int(one.lengths_B))
        right = sum(text == example.answer for text in texts)
        assert (of_prompt.right, of_prompt.truncated, of_prompt.tokens) == (right, cut, tuple(tokens))
        votes = {text: texts.count(text) for text in texts if text}
        leading = [text for text in votes if votes[text] == max(votes.values())]
        assert of_prompt.majority == (1 / len(leading) if example.answer in leading else 0)
    scores = found.per_prompt()
    counts = [one.right for one in found.prompts if one.right is not None]
    assert list(scores) == ["avg", "pass@1", "pass@2", "pass@3", "maj", "truncated", "length"]
    assert scores["avg"].tolist() == [one / 3 for one in counts]
    assert scores["pass@1"].tolist() == pytest.approx(scores["avg"].tolist())
    assert scores["pass@3"].tolist() == [float(one > 0) for one in counts]
    assert scores["length"].tolist() == [sum(one.tokens) / 3 for one in found.prompts]
    assert 0 < float(scores["avg"].mean()) < 1


def test_answers_depend_on_seed_and_prompt_alone(answerer, tmp_path):
    whole = score(ready(SUMS, tmp_path), answerer, seed=5, pass_size=64).prompts
    fewer = score(ready(SUMS.model_copy(update={"prompts": 3}), tmp_path), answerer, seed=5, pass_size=1).prompts
    assert fewer == whole[:3]
    assert score(ready(SUMS, tmp_path), answerer, seed=6, pass_size=64).prompts != whole


def test_ranks_share_the_prompts_and_all_know_all_scores(answerer, tmp_path):
    made = ready(SUMS, tmp_path)
    alone = score(made, answerer, seed=5, pass_size=4).prompts
    meeting = Meeting(2)
    with ThreadPoolExecutor(2) as threads:
        ranks = [ThreadRanks(rank, meeting) for rank in range(2)]
        shared = threads.map(lambda one: score(made, answerer, seed=5, pass_size=4, ranks=one).prompts, ranks)
        assert list(shared) == [alone, alone]


def test_temperature_and_limit_are_the_sets_own(answerer, tmp_path):
    sure = score(ready(SUMS.model_copy(update={"temperature": 1e-4}), tmp_path), answerer, seed=5, pass_size=64)
    assert {one.right for one in sure.prompts} <= {0, 3}
    cut = score(ready(SUMS.model_copy(update={"max_response_tokens": 2}), tmp_path), answerer, seed=5, pass_size=64)
    assert [(one.truncated, one.tokens) for one in cut.prompts] == [(3, (2, 2, 2))] * 7
    assert float(cut.per_prompt()["truncated"].mean()) == 1


def test_it_can_be_left_between_two_parts(answerer, tmp_path):
    parts = score_in_parts(ready(SUMS, tmp_path), answerer, seed=5, pass_size=6)
    assert len(list(parts)) == 4  # two prompts at a time


def test_prompts_that_are_trained_on_are_left_out_and_counted(tmp_path):
    two_digits = SUMS.model_copy(update={"data": SUMS.data.model_copy(update={"digits": 1}), "prompts": 50})
    everything = load_examples(two_digits.data)
    train, held_out = split(everything, 10)
    made = ready(two_digits, tmp_path, trained_on=train)
    assert [one.asked for one in made.examples] == [one.asked for one in held_out]
    assert made.trained_on == 90
    with pytest.raises(DataProblem, match="of the set 'sums' no prompt is left: of 100 the run trains on 100"):
        ready(two_digits, tmp_path, trained_on=everything)


def test_sums_of_a_set_are_hardly_those_of_a_run(tmp_path):
    made = ready(SUMS.model_copy(update={"prompts": 256}), tmp_path)
    trained = {one.asked for one in load_examples(SUMS.data)}
    assert len(made.examples) == 256
    assert sum(one.asked in trained for one in made.examples) < 16


def test_a_file_is_asked_in_its_fixed_order_each_prompt_once(answerer, tmp_path):
    sums = [{"prompt": f"00{a}+00{b}=", "answer": f"{a + b}00"} for a in range(5) for b in range(4)]
    path = tmp_path / "sums.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*sums, *sums]))
    data = {"kind": "file", "path": str(path), "instruction": "", "verifier": "exact"}
    asked = EvaluationSet.model_validate({"name": "file", "data": data, "samples": 2, "max_response_tokens": 4})
    own = {"data": data, "student": {"kind": "folder", "path": "x"}, "reading": {"student": {"template": "plain"}}}
    config = RunConfig.model_validate(CONFIG.model_dump() | own)
    made = ready_set(asked, config, load_demo("base"), Settings(data_dir=tmp_path), no_runs, launched=datetime.now(UTC))
    assert len(made.examples) == 20
    scored = score(made, answerer, seed=0, pass_size=64)
    assert all(one.right is not None for one in scored.prompts)
    path.write_text("".join(json.dumps({"prompt": row["prompt"]}) + "\n" for row in sums))
    without = ready_set(asked, config, load_demo("base"), Settings(data_dir=tmp_path), no_runs)
    assert without.fingerprint != made.fingerprint
    scores = score(without, answerer, seed=0, pass_size=64)
    assert set(scores.per_prompt()) == {"truncated", "length"}
    assert all(one.right is one.majority is None for one in scores.prompts)


def test_longer_answers_are_sampled_fewer_at_a_time(tmp_path):
    budget = CONFIG.budget  # 8 of 16 + 6 tokens
    made = ready(SUMS, tmp_path)
    assert made.pass_size(budget) == 8
    longer = replace(made, asked=SUMS.model_copy(update={"max_response_tokens": 35}))
    assert longer.longest() == 9 + 35
    assert longer.pass_size(budget) == 4
    assert replace(made, asked=SUMS.model_copy(update={"max_response_tokens": 4000})).pass_size(budget) == 1


def test_a_prompt_has_one_key_wherever_it_is_asked_in_the_same_way(tmp_path):
    made = ready(SUMS, tmp_path)
    turned = replace(made, examples=[replace(one, id=one.id + 9) for one in reversed(made.examples)])
    assert turned.keys == made.keys[::-1] and len(set(made.keys)) == 7
    assert turned.fingerprint != made.fingerprint
    for changes in ({"verifier": "exact"}, {"instruction": "Think."}, {"verifier": "regex", "verifier_pattern": "(.)"}):
        data = FileData.model_validate({"path": "rows.jsonl"} | changes)
        others = replace(made, asked=SUMS.model_copy(update={"data": data}))
        assert not set(others.keys) & set(made.keys) and others.fingerprint != made.fingerprint
    other_answer = replace(made, examples=[replace(one, answer="0") for one in made.examples])
    assert not set(other_answer.keys) & set(made.keys)


def test_a_verifier_that_was_rewritten_judges_otherwise_whatever_its_file_is_called(tmp_path, monkeypatch):
    monkeypatch.setenv("OPDBOARD_CODE_ROOTS", str(tmp_path))
    rows = tmp_path / "sums.jsonl"
    rows.write_text("".join(json.dumps({"prompt": f"00{a}+001=", "answer": "1"}) + "\n" for a in range(4)))

    def judged_by(name: str, verdict: str) -> ReadySet:
        (tmp_path / name).write_text(f"def verify(response, answer):\n    return {verdict}\n")
        data = {"kind": "file", "path": str(rows), "instruction": "", "verifier": "python"}
        asked = {"name": "own", "data": data | {"verifier_file": str(tmp_path / name)}}
        own = {"student": {"kind": "folder", "path": "x"}, "reading": {"student": {"template": "plain"}}}
        config = RunConfig.model_validate(CONFIG.model_dump() | own | {"data": data | {"verifier": "exact"}})
        settings = Settings(data_dir=tmp_path, code_roots=str(tmp_path))
        return ready_set(EvaluationSet.model_validate(asked), config, load_demo("base"), settings, no_runs)

    first, again, other = judged_by("one.py", "True"), judged_by("two.py", "True"), judged_by("one.py", "False")
    assert first.fingerprint == again.fingerprint and first.keys == again.keys
    assert first.fingerprint != other.fingerprint and not set(first.keys) & set(other.keys)
