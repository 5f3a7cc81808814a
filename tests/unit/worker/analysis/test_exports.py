"""Exports of a short real run, read back by the libraries that others read them with."""

from pathlib import Path

import pytest
import torch
import yaml
from huggingface_hub import ModelCard, constants
from peft import PeftModel
from support.hub_server import HubServer
from support.short_run import CONFIG, found
from transformers import AutoModelForCausalLM, AutoTokenizer

from opdboard import hub_token
from opdboard.db import runs
from opdboard.db.database import Database
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.errors import ModelProblem
from opdboard.domain.exports import ExportGguf
from opdboard.domain.run_config import RunConfig
from opdboard.lifecycle import births, claims
from opdboard.lifecycle.births import NewRun
from opdboard.settings import Settings
from opdboard_worker.analysis import interventions
from opdboard_worker.analysis.job import do_job
from opdboard_worker.analysis.model_card import model_card
from opdboard_worker.models.demo import load_demo
from opdboard_worker.models.hub import download, upload
from opdboard_worker.models.matrices import matrices_of

pytestmark = pytest.mark.slow


@pytest.fixture
def update(trained: Path) -> dict[str, torch.Tensor]:
    """W_4 - W_0 of the short run."""
    after = AutoModelForCausalLM.from_pretrained(trained / "runs" / "subject" / "checkpoints" / "step-000004")
    before = dict(load_demo("base").model.named_parameters())
    return {name: (weight - before[name]).detach() for name, weight in after.named_parameters()}


def test_a_model_is_a_folder_that_transformers_loads_with_a_card_and_the_configuration(
    analyse, settings: Settings, update
):
    (record,) = analyse("export_model", step=4)
    folder = settings.root / record.details["folder"]
    assert record.details["bytes"] == sum(path.stat().st_size for path in folder.rglob("*"))
    before = dict(load_demo("base").model.named_parameters())
    for name, weight in AutoModelForCausalLM.from_pretrained(folder).named_parameters():
        torch.testing.assert_close(weight - before[name], update[name], rtol=0, atol=0)
    assert AutoTokenizer.from_pretrained(folder)("12+34=")["input_ids"]
    assert RunConfig.model_validate(yaml.safe_load((folder / "opdboard.yaml").read_text())) == CONFIG
    card = ModelCard.load(folder / "README.md")
    described = card.data.to_dict()
    assert described["library_name"] == "transformers" and "opdboard" in described["tags"]
    assert "the checkpoint of step 4 of 4" in card.text and "| learning rate | 0.001, constant |" in card.text


def test_a_model_in_half_precision_is_the_rounded_one(analyse, settings: Settings, trained: Path):
    (record,) = analyse("export_model", step=4, precision="bf16")
    written = AutoModelForCausalLM.from_pretrained(settings.root / record.details["folder"])
    assert written.dtype == torch.bfloat16
    exact = AutoModelForCausalLM.from_pretrained(trained / "runs" / "subject" / "checkpoints" / "step-000004")
    for ours, theirs in zip(written.parameters(), exact.parameters(), strict=True):
        assert torch.equal(ours, theirs.bfloat16())


@pytest.mark.parametrize("rank", [3, 64])
def test_an_adapter_is_what_a_full_svd_keeps_of_the_update(analyse, settings: Settings, update, rank):
    (record,) = analyse("export_adapter", step=4, rank=rank)
    base = load_demo("base").model
    held = matrices_of(base)
    before = {name: weight.detach().clone() for name, weight in base.named_parameters()}
    merged = PeftModel.from_pretrained(base, settings.root / record.details["folder"]).merge_and_unload()
    left = 0.0
    for name, weight in merged.named_parameters():
        kept = torch.zeros_like(update[name])
        if name in held:
            u, s, vh = torch.linalg.svd(update[name].double(), full_matrices=False)
            kept = ((u[:, :rank] * s[:rank]) @ vh[:rank]).float()
        torch.testing.assert_close(weight - before[name], kept, rtol=0, atol=2e-7)
        left += float((update[name] - kept).double().square().sum())
    whole = sum(float(one.double().square().sum()) for one in update.values())
    assert record.norm == pytest.approx(whole**0.5)
    assert record.details["missed"] == pytest.approx((left / whole) ** 0.5, rel=1e-3)
    assert record.details["missed_by_rank"][-1] == pytest.approx(record.details["missed"], rel=1e-3)
    assert record.details["missed_by_rank"] == sorted(record.details["missed_by_rank"], reverse=True)
    assert 0 < record.details["left_out"] <= record.details["missed"] * (1 + 1e-6)


def test_a_card_of_gguf_says_how_to_use_it_and_the_demos_tokenizer_is_refused(
    analyse, subject: str, sqlite_database: Database
):
    with pytest.raises(ModelProblem, match="cannot be written to GGUF: it is no byte-level BPE"):
        analyse("export_gguf", step=4)
    facts = {"precision": "bf16", "file": "model-bf16.gguf"}
    with sqlite_database.read() as session:
        run = runs.get(session, subject)
        here = model_card(session, run, ExportGguf(step=4, precision="bf16"), facts)
        there = model_card(session, run, ExportGguf(step=4, precision="bf16", push_to="me/sums"), facts)
    assert "llama-cli -m model-bf16.gguf" in here and "llama-server -hf me/sums" in there
    assert "Weights in bf16." in here and "library_name: gguf" in here


def test_what_is_pushed_is_what_was_written_and_can_be_downloaded(
    analyse, settings: Settings, hub: HubServer, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG")
    hub_token.store(settings, "hf_thisIsNotForAnybody")
    written, pushed = analyse("export_model", step=4, push_to="me/sums")
    folder = settings.root / written.details["folder"]
    assert pushed.details["address"].startswith(f"{hub.url}/me/sums/commit/")
    assert hub.models["me/sums"].private
    assert hub.tokens == {"hf_thisIsNotForAnybody"}
    kept = [
        path for path in (*settings.root.rglob("*"), *folder.iterdir()) if path.is_file() and path.name != "hub_token"
    ]
    everything = [*(path.read_bytes() for path in kept), *hub.models["me/sums"].files.values(), caplog.text.encode()]
    hub_token.forget(settings)
    assert len(kept) > 5 and not any(b"thisIsNotForAnybody" in one for one in everything)
    names = {path.name for path in folder.iterdir()} - {"checksums.json"}
    assert hub.models["me/sums"].files.keys() - {".gitattributes"} == names
    fetched = download("me/sums", "main")
    assert (fetched / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_a_push_that_failed_is_done_again_and_nothing_is_written_anew(
    subject, attempt, settings: Settings, sqlite_database: Database, hub: HubServer
):
    asked = {"step": 4, "push_to": "me/sums", "private": False}
    with sqlite_database.write() as session:
        run_id = births.add(session, NewRun(AnalysisConfig(kind="export_model", run_id=subject, parameters=asked))).id
    hub.refuse = [403]
    with pytest.raises(ModelProblem, match="HF_TOKEN"):
        do_job(attempt(run_id), interventions.prepare)
    (written,) = found(sqlite_database, run_id)
    changed = (settings.root / written.details["folder"] / "config.json").stat().st_mtime_ns
    with sqlite_database.write() as session:
        claims.give_back(session, runs.get(session, run_id, lock=True), "asked again")
    assert do_job(attempt(run_id), interventions.prepare) == 0
    assert [one.family for one in found(sqlite_database, run_id)] == ["written", "pushed"]
    assert (settings.root / written.details["folder"] / "config.json").stat().st_mtime_ns == changed
    assert not hub.models["me/sums"].private


@pytest.mark.parametrize(
    ("status", "told"), [(401, "HF_TOKEN"), (403, "HF_TOKEN"), (429, "answers again in"), (500, "status 500")]
)
def test_a_hub_that_refuses_is_told_in_a_sentence(hub: HubServer, tmp_path: Path, status, told, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    hub.refuse = [status] * 20
    with pytest.raises(ModelProblem, match=told) as caught:
        upload(tmp_path, "me/sums", private=True)
    assert caught.value.where == "me/sums"


def test_a_hub_out_of_reach_is_told_in_a_sentence(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelProblem, match="me/sums cannot be pushed to: the hub cannot be reached"):
        upload(tmp_path, "me/sums", private=True)
