"""A teacher behind a real server that really computes: right answers, passing faults, faults that end a run."""

import pytest
import torch
from support.teacher_server import TeacherServer, serving

from opdboard.domain.errors import RemoteTeacherProblem, VocabularyMismatch
from opdboard.domain.teachers import RemoteTeacher
from opdboard_worker.models.demo import load_demo
from opdboard_worker.models.pair import check_remote_vocabulary
from opdboard_worker.models.remote import RemoteModel

IDS = [13, 1, 2, 3, 10, 4, 5, 6, 11, 9, 7, 5, 14]


@pytest.fixture(scope="module")
def running():
    with serving() as server:
        yield server


@pytest.fixture
def server(running: TeacherServer):
    running.faults.clear()
    running.asked = 0
    running.keys.clear()
    return running


def model_of(server: TeacherServer, **changes) -> RemoteModel:
    settings = RemoteTeacher(
        url=server.url, model="demo", patience_seconds=changes.pop("patience_seconds", 20), **changes
    )
    return RemoteModel(settings, key=None)


@pytest.mark.parametrize("api", ["prompt_logprobs", "echo"])
def test_scores_are_those_of_the_model(server, api):
    scores = model_of(server, api=api).score(IDS, 9)
    with torch.no_grad():
        logp = load_demo("teacher").model(torch.tensor([IDS])).logits[0].log_softmax(-1)
    assert scores.logp == pytest.approx([float(logp[at - 1, IDS[at]]) for at in range(9, len(IDS))], abs=1e-6)


def test_the_likeliest_tokens_come_in_order(server):
    scores = model_of(server, top_logprobs=4).score(IDS, 9)
    with torch.no_grad():
        logp = load_demo("teacher").model(torch.tensor([IDS])).logits[0, 8:-1].log_softmax(-1)
    assert scores.top_tokens == logp.topk(4).indices.tolist()
    assert scores.top_logp[0] == pytest.approx(logp.topk(4).values[0].tolist(), abs=1e-6)


@pytest.mark.parametrize("fault", ["busy", "slow"])
def test_what_passes_is_waited_for(server, fault, caplog):
    model = model_of(server, timeout_seconds=0.5)
    right = model.score(IDS, 9)
    server.faults[:] = [fault]
    assert model.score(IDS, 9) == right
    assert "asked again in" in caplog.text


def test_a_server_that_stays_busy_fails_clearly(server):
    server.faults[:] = ["busy"] * 20
    with pytest.raises(RemoteTeacherProblem, match=r"did not answer for 0.6 s \(status 503\).*resume the run"):
        model_of(server, patience_seconds=0.6).score(IDS, 9)
    assert server.asked > 1


def test_a_server_that_is_down_fails_clearly():
    settings = RemoteTeacher(url="http://127.0.0.1:9", model="demo", patience_seconds=0)
    with pytest.raises(RemoteTeacherProblem, match=r"127.0.0.1:9 did not answer for 0 s \(ConnectError"):
        RemoteModel(settings, None).score(IDS, 9)


@pytest.mark.parametrize("api", ["prompt_logprobs", "echo"])
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("refuse", "refuses: status 400, 'no such model'"),
        ("short", "(12 entries of prompt_logprobs where 13|13 entries of token_logprobs where 14) belong"),
        ("nan", "the log-probability of token 14 is nan"),
        ("other", "token 9 was scored, but the answer is about 10|token 13 came back as token_id:14"),
        ("junk", "not JSON"),
    ],
)
def test_what_cannot_be_right_is_refused_at_once(server, api, fault, sentence):
    server.faults[:] = [fault]
    with pytest.raises(RemoteTeacherProblem, match=sentence):
        model_of(server, api=api).score(IDS, 9)
    assert server.asked == 1


def test_the_key_is_sent(server):
    RemoteModel(RemoteTeacher(url=server.url, model="demo"), "secret").score(IDS, 9)
    assert server.keys == {"Bearer secret"}


def test_a_redirect_carries_no_key_elsewhere(server):
    with serving() as elsewhere:
        server.moved_to = f"{elsewhere.url}/completions"
        server.faults[:] = ["moved"]
        model = RemoteModel(RemoteTeacher(url=server.url, model="demo"), "secret")
        with pytest.raises(RemoteTeacherProblem, match="answers 307, a redirect, which is not followed"):
            model.score(IDS, 9)
        assert elsewhere.asked == 0


def test_an_address_with_a_query_keeps_it(server):
    RemoteModel(RemoteTeacher(url=f"{server.url}/?version=1#part", model="demo"), None).score(IDS, 9)
    assert server.asked == 1


@pytest.mark.parametrize("api", ["prompt_logprobs", "echo"])
def test_another_vocabulary_is_noticed(server, api, monkeypatch):
    check_remote_vocabulary(load_demo("base"), model_of(server, api=api))
    monkeypatch.setattr(server.tokenizer, "decode", lambda ids: f"<{ids[0]}>")
    with pytest.raises(VocabularyMismatch, match=r"token 1 is '1' to the student .* and '<1>' to the server"):
        check_remote_vocabulary(load_demo("base"), model_of(server, api=api))
