"""The check of a pair against plain transformers: the same tokens, log-probabilities and distance, and what it warns of."""

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from support.hub_server import HubServer, Repository
from support.teacher_server import serving
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaConfig, LlamaForCausalLM

from opdboard.check_command import in_words
from opdboard.domain.budget import Budget
from opdboard.domain.check import Check
from opdboard.domain.data import FileData, HubData
from opdboard.domain.model_sources import FolderModel
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.objectives import SampledToken, TopK
from opdboard.domain.reading import Reading, StudentReading
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import ModelTeacher, PrivilegedTeacher, RemoteTeacher
from opdboard.settings import Settings
from opdboard_worker.analysis.checking import with_data
from opdboard_worker.models.demo import EOS_ID, PAD_ID, build_tokenizer
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.loop import Parts
from opdboard_worker.training.parity import apart

TEMPERATURE = 0.7
BUDGET = Budget(batch_size=4, max_prompt_tokens=16, max_response_tokens=6)


def folder(path: Path, seed: int, ends: int, **sampling: Any) -> FolderModel:
    """A small random model over the demo's characters, whose generation config says how to sample and end."""
    shape: dict[str, Any] = {
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    torch.manual_seed(seed)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=15, num_key_value_heads=2, eos_token_id=ends, **shape))
    model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=PAD_ID, **sampling)
    model.save_pretrained(path)
    build_tokenizer().save_pretrained(path)
    return FolderModel(path=str(path))


@pytest.fixture
def assembled(tmp_path: Path):
    """assembled(**changes) -> the parts of a run on two small models, of which two held-out prompts are answered."""
    student = folder(tmp_path / "student", 1, EOS_ID, do_sample=True, temperature=0.6, top_p=0.9)
    teacher = folder(tmp_path / "teacher", 2, PAD_ID)
    data = tmp_path / "data.jsonl"
    lines = [f'{{"prompt": "{a}+{b}=", "answer": "{a + b}"}}' for a in range(3) for b in range(3)]
    lines += ['{"prompt": "' + "1+" * 20 + '1=", "answer": "21"}']
    data.write_text("\n".join(lines))

    def parts(**changes) -> Parts:
        config = RunConfig.model_validate(
            {
                "student": student,
                "teacher": ModelTeacher(source=teacher),
                "data": FileData(path=str(data), instruction="", verifier="exact"),
                "reading": Reading(student=StudentReading(template="plain")),
                "budget": Budget(batch_size=4, max_prompt_tokens=16, max_response_tokens=6, temperature=TEMPERATURE),
                "monitoring": Monitoring(held_out_size=2),
                "device": "cpu",
            }
            | changes
        )
        return assemble(config, Settings(data_dir=tmp_path), lambda source: Path(), tmp_path / "snapshots")

    return parts


def plain_logp(path: Path, prompt: str, response: list[str]) -> torch.Tensor:
    """log p (R, V) at the temperature behind each token of a response, by transformers alone."""
    tokenizer = AutoTokenizer.from_pretrained(path)
    ids = [tokenizer.convert_tokens_to_ids(token) for token in ["<bos>", *prompt, *response]]
    with torch.no_grad():
        logits = AutoModelForCausalLM.from_pretrained(path)(torch.tensor([ids])).logits[0]
    return torch.log_softmax(logits[len(prompt) : -1] / TEMPERATURE, -1)


def warned(check: Check) -> set[str]:
    return {trap.about for trap in check.warnings}


def test_log_probabilities_and_distance_are_those_of_plain_transformers(assembled, tmp_path: Path) -> None:
    check = assembled().check
    kl, tokens = 0.0, 0
    for one in check.responses:
        prompt = one.prompt.removeprefix("<bos>")
        ids = [build_tokenizer().convert_tokens_to_ids(token) for token in one.tokens]
        rows = torch.arange(len(ids))
        student, teacher = (plain_logp(tmp_path / who, prompt, one.tokens) for who in ("student", "teacher"))
        assert one.student_logp == pytest.approx(student[rows, ids].tolist(), abs=1e-5)
        assert one.teacher_logp == pytest.approx(teacher[rows, ids].tolist(), abs=1e-5)
        assert one.ended == (one.tokens[-1] == "<eos>")
        kl += float((student.exp() * (student - teacher)).sum())
        tokens += len(ids)
    assert check.sampled == len(check.responses) == 2
    assert check.divergence is not None and check.divergence.tokens == tokens
    assert check.divergence.mean == pytest.approx(kl / tokens, rel=1e-4)
    assert check.repeatability is not None and (check.repeatability.mean, check.repeatability.largest) == (0.0, 0.0)
    assert check.sampler.largest == pytest.approx(0.0, abs=1e-5)


def test_each_side_says_how_it_reads_and_ends(assembled) -> None:
    check = assembled().check
    student, teacher = check.sides
    assert (student.who, student.tokens, student.rows) == ("student", 15, 15)
    assert (student.begins_with and student.begins_with.text, student.temperature) == ("<bos>", TEMPERATURE)
    assert student.generation == {"temperature": 0.6, "top_p": 0.9} and teacher.generation == {}
    assert [token.text for token in student.end_tokens] == ["<eos>"]
    assert {token.text for token in teacher.end_tokens} == {"<eos>", "<pad>"}
    assert "ends at <eos>" in check.ends and "<pad>" in check.ends
    assert (check.left_out, check.all_prompts) == (1, 10)
    first = check.prompts[0]
    assert first.teacher is not None and first.student.texts == ["<bos>", *"".join(first.student.texts[1:])]
    assert (first.tokens, first.differing) == ((len(first.student.ids), len(first.teacher.ids)), 0)
    assert {"ends", "temperature", "left_out"} <= warned(check) and "templates" not in warned(check)


def test_a_teacher_that_reads_more_is_shown_where(assembled, tmp_path: Path) -> None:
    teacher = PrivilegedTeacher(context="{prompt}={solution}+")
    check = assembled(teacher=teacher).check
    one = check.prompts[0]
    assert one.teacher is not None
    added = "".join(text for text, differs in zip(one.teacher.texts, one.teacher.apart, strict=True) if differs)
    assert added.startswith("=") and added.endswith("+") and one.differing == len(added)
    assert not any(one.student.apart)
    assert "templates" not in warned(check)  # it is meant to


def test_the_mass_of_the_top_k_is_that_of_the_teacher(assembled, tmp_path: Path) -> None:
    check = assembled(objective=TopK(k=2, support="teacher")).check
    masses = [
        plain_logp(tmp_path / "teacher", one.prompt.removeprefix("<bos>"), one.tokens).exp().topk(2).values.sum(-1)
        for one in check.responses
    ]
    assert check.top_mass == pytest.approx(float(torch.cat(masses).mean()), rel=1e-4)
    assert "mass" in warned(check)


def test_what_an_own_sampler_says_is_not_capped(assembled) -> None:
    assert assembled(objective=SampledToken()).check.clipped == 0.0
    assert assembled().check.clipped is None


def test_a_student_as_its_own_teacher_is_at_no_distance(assembled, tmp_path: Path) -> None:
    own = FolderModel(path=str(tmp_path / "student"))
    check = assembled(teacher=ModelTeacher(source=own)).check
    assert check.divergence is not None and check.divergence.mean == pytest.approx(0.0, abs=1e-6)


def test_the_distance_of_two_series_is_absolute() -> None:
    told = apart(torch.tensor([-1.0, -2.0, -3.0]), torch.tensor([-1.5, -2.0, -2.0]))
    assert (told.mean, told.largest, told.tokens) == (0.5, 1.0, 3)


def served(path: str, noise: float) -> LoadedModel:
    """The model of a folder, with noise on its head."""
    model = AutoModelForCausalLM.from_pretrained(path)
    with torch.no_grad():
        model.lm_head.weight += noise * torch.randn(
            model.lm_head.weight.shape, generator=torch.Generator().manual_seed(1)
        )
    return LoadedModel(model, AutoTokenizer.from_pretrained(path), "served")


@pytest.mark.parametrize(("noise", "warned"), [(0.0, False), (1e-3, False), (1.0, True)])
def test_a_served_teacher_is_held_to_its_weights(assembled, tmp_path: Path, noise, warned):
    weights = folder(tmp_path / "weights", 3, EOS_ID)
    with serving(served(weights.path, noise)) as server:
        teacher = RemoteTeacher(url=server.url, model="any", weights=weights)
        parts = assembled(teacher=teacher, objective=SampledToken(), budget=BUDGET)
        check, made = parts.check, parts.scorer
        assert not made.teacher.models  # which are let go of
    assert check.parity == "" and check.served is not None and check.served.weights == "weights"
    far = check.served.apart
    assert far.tokens == check.repeatability.tokens and 0 <= far.mean <= far.largest
    assert (far.largest < 1e-5) is (noise == 0)
    worst = check.served.worst
    assert worst[0].largest == far.largest and [one.largest for one in worst] == sorted(
        (one.largest for one in worst), reverse=True
    )
    assert [one.id for one in worst] == list(dict.fromkeys(one.id for one in worst))
    told = [trap.message for trap in check.warnings if trap.about == "parity"]
    assert bool(told) is warned and all("0.239 against 0.032" in one for one in told)
    shown = Console(width=200, record=True, file=io.StringIO())
    shown.print(in_words(check))
    assert f"token {worst[0].id}" in shown.export_text()


def test_a_check_that_was_asked_for_tells_of_the_data_as_the_student_reads_them(assembled, tmp_path: Path) -> None:
    held_out = tmp_path / "held.jsonl"
    held_out.write_text('{"prompt": "1+1=", "answer": "2"}\n{"prompt": "9+9="}')
    parts = assembled(
        data=FileData(path=str(tmp_path / "data.jsonl"), held_out=str(held_out), instruction="", verifier="exact")
    )
    found = with_data(parts, Settings(data_dir=tmp_path)).data
    assert found is not None and found.lengths is not None and found.held_out is not None
    assert (found.rows, found.formats[0].name, found.complete) == (10, "prompt and answer", True)
    lengths = found.lengths
    longest = len(["<bos>", *"1+" * 20, *"1="])
    assert (lengths.unit, lengths.as_read, lengths.longest, lengths.limit, lengths.beyond) == (
        "tokens", True, longest, 16, parts.check.left_out,
    )  # fmt: skip
    assert (found.held_out.rows, found.held_out.without_answer, found.held_out.shared) == (2, 1, 1)


def test_a_pair_is_checked_on_a_data_set_of_the_hub(assembled, hub_rows: HubServer, tmp_path: Path) -> None:
    rows = {
        "train": "".join(f'{{"prompt": "{n}+1="}}\n' for n in range(6)),
        "test": '{"prompt": "7+1="}\n{"prompt": "8+1="}',
    }
    files = {f"{split}.jsonl": text.encode() for split, text in rows.items()}
    hub_rows.datasets["me/sums"] = Repository(files=files)
    data = HubData(repo_id="me/sums", held_out="test", instruction="", verifier="exact")
    parts = assembled(data=data)
    assert sorted(one.where for one in parts.held_out) == ["me/sums test:1", "me/sums test:2"]
    assert parts.made_with.files == {"me/sums@main": f"commit {hub_rows.datasets['me/sums'].sha}"}
    found = with_data(parts, Settings(data_dir=tmp_path)).data
    assert found is not None and found.held_out is not None
    assert (found.rows, found.held_out.rows) == (6, 2)
