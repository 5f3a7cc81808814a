"""Downloads by the hub's real client from a server that speaks its protocol: told while they last, and told when they fail."""

import errno
import logging
from pathlib import Path

import pytest
from huggingface_hub import constants
from support.hub_server import HubServer, Repository

from opdboard.domain.errors import ModelProblem
from opdboard.domain.transfer import Transfer
from opdboard_worker.models import hub as worker_hub
from opdboard_worker.models import transfers
from opdboard_worker.models.hub import download
from opdboard_worker.models.transfers import Meter, StopAsked, told_to

CHUNK = 50_000
FILES = {"config.json": b"{}", "a.safetensors": b"a" * 4 * CHUNK, "b.safetensors": b"b" * 7 * CHUNK}
TOTAL = sum(map(len, FILES.values()))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of the hub's client, and nobody waits."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", CHUNK)
    monkeypatch.setattr(transfers, "TELL_SECONDS", 0.0)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    return tmp_path / "hub"


@pytest.fixture
def model(hub: HubServer) -> Repository:
    hub.models["acme/tiny"] = Repository(files=dict(FILES))
    return hub.models["acme/tiny"]


def fetched(stop_at: int | None = None) -> list[Transfer | None]:
    """What was told of one download; it is asked to stop when so many bytes are there."""
    told: list[Transfer | None] = []

    def listen(transfer: Transfer | None) -> bool:
        told.append(transfer)
        return stop_at is None or transfer is None or (transfer.done or 0) < stop_at

    with told_to(listen):
        folder = download("acme/tiny", "main")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    return told


def test_bytes_of_all_files_are_told_until_they_are_there(model, caplog):
    caplog.set_level(logging.INFO, "opdboard_worker")
    told = fetched()
    assert told.pop() is None
    done = [one.done or 0 for one in told if one is not None]
    assert done[0] == 0 and done[-1] == TOTAL
    assert done == sorted(done) and len(done) > 4
    assert {(one.what, one.files, one.total) for one in told if one} == {("acme/tiny@main", 3, TOTAL)}
    assert next(line for line in caplog.messages if "acme/tiny" in line).startswith(
        "downloading acme/tiny@main: 0 B of"
    )


def test_what_is_cached_is_not_told_and_what_is_not_is_all_that_comes(model: Repository, cache):
    fetched()
    assert fetched() == []
    model.files["b.safetensors"] = FILES["b.safetensors"][::-1] + b"!"
    told: list[Transfer | None] = []
    with told_to(lambda transfer: not told.append(transfer)):
        download("acme/tiny", "main")
    assert {(one.files, one.total) for one in told if one} == {(1, 7 * CHUNK + 1)}


def test_a_stop_ends_it_and_the_next_time_fetches_what_was_missing(model, hub: HubServer, cache):
    with pytest.raises(StopAsked):
        fetched(stop_at=CHUNK)
    assert not list(cache.rglob("*.incomplete"))
    assert [one.done for one in fetched() if one][-1] in range(TOTAL + 1)


def test_a_listener_that_fails_ends_it_with_its_own_failure(model):
    def broken(transfer: Transfer | None) -> bool:
        if transfer is not None and transfer.done:
            raise LookupError("this attempt no longer owns the run")
        return True

    with told_to(broken), pytest.raises(LookupError, match="no longer owns"):
        download("acme/tiny", "main")


def test_the_speed_is_of_the_last_seconds_and_tells_what_is_left():
    now = [100.0]
    heard: list[Transfer | None] = []
    meter = Meter(Transfer(doing="downloading", what="a/b@main", files=1, total=10_000, done=0), now=lambda: now[0])
    with told_to(lambda transfer: not heard.append(transfer)):
        for second in range(1, 30):
            now[0] = 100.0 + second
            meter.moved(100 * second if second < 15 else 1500 + 200 * (second - 15))
    last = heard[-1]
    assert last is not None and last.speed == pytest.approx(200.0)
    assert last.seconds_left == pytest.approx((10_000 - 4300) / 200)
    assert last.told() == "downloading a/b@main: 4.2 KiB of 9.8 KiB, 200 B/s, about 28 s left"


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (401, {}, "wants a token, or does not know the one that it was sent"),
        (403, {}, "does not let this token"),
        (403, {"X-Error-Code": "GatedRepo"}, "asks for an agreement"),
        (404, {"X-Error-Code": "RepoNotFound"}, "the hub has none of this name"),
        (404, {"X-Error-Code": "RevisionNotFound"}, "no such branch"),
        (429, {"Retry-After": "42"}, "too many requests from here and answers again in 42 s"),
        (429, {}, "answers again in some minutes"),
        (503, {}, "status 503; try again later"),
    ],
)
def test_every_refusal_of_a_download_is_a_sentence(hub: HubServer, status, headers, told):
    hub.refuse, hub.refuse_headers = [status] * 40, headers
    with pytest.raises(ModelProblem, match=told) as caught:
        download("acme/tiny", "main")
    assert caught.value.detail.startswith("acme/tiny@main cannot be downloaded: ")
    assert caught.value.where == "acme/tiny" and "\n" not in caught.value.detail


def test_a_disk_without_room_is_told_before_anything_comes(model, monkeypatch):
    monkeypatch.setattr(worker_hub.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(ModelProblem, match=r"takes 537\.\d KiB, and the disk .* has 1000 B free"):
        download("acme/tiny", "main")


def test_a_disk_that_runs_full_meanwhile_is_told(model, monkeypatch, cache):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("huggingface_hub.file_download._download_to_tmp_and_move", full)
    with pytest.raises(ModelProblem, match=f"the disk of the hub's cache .{cache}. is full"):
        download("acme/tiny", "main")


def test_no_network_and_no_answer_are_told(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelProblem, match="cannot be reached from this machine"):
        download("acme/tiny", "main")


def test_offline_the_cache_is_used_and_what_it_lacks_is_told(model, monkeypatch):
    fetched()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetched() == []
    with pytest.raises(ModelProblem, match=r"does not ask the hub \(HF_HUB_OFFLINE\) and its cache does not hold all"):
        download("acme/absent", "main")
