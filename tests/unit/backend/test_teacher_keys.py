"""Keys of remote teachers: only those that the owner names, only to the addresses they are for."""

import pytest

from opdboard.domain.errors import BadInput
from opdboard.domain.teachers import RemoteTeacher
from opdboard.teacher_keys import allowed_keys, check_key, key_of

ALLOWED = "GOOD_KEY=https://good.example:8443/v1/, LAN_KEY=http://gpu1/"


def teacher(url: str, variable: str = "GOOD_KEY") -> RemoteTeacher:
    return RemoteTeacher(url=url, model="m", key_variable=variable)


@pytest.mark.parametrize(
    "url",
    [
        "https://good.example:8443/v1",
        "https://GOOD.example:8443/v1/",
        "https://good.example:8443/v1/models/a%20b?version=2",
    ],
)
def test_a_key_goes_below_its_address(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOOD_KEY", "secret\n")
    assert key_of(teacher(url), ALLOWED) == "secret"


@pytest.mark.parametrize(
    "url",
    [
        "http://mine",
        "http://good.example:8443/v1",  # another scheme
        "https://good.example/v1",  # another port
        "https://good.example.evil:8443/v1",
        "https://evil-good.example:8443/v1",
        "https://good.example:8443@evil/v1",
        "https://evil\\@good.example:8443/v1",
        "https://user:password@good.example:8443/v1",
        "https://good.example:8443/v10",
        "https://good.example:8443/",
        "https://good.example:8443/v2?x=/v1",
        "https://good.example:8443/v1/../other",
        "https://good.example:8443/v1/%2e%2e/other",
        "https://good.example:8443/v1/..%2fother",
        "https://good.example:8443/v1/..%5cother",
        "https://good.example:8443/v1/%252e%252e/other",
        "https://good.example:8443#/v1",
    ],
)
def test_a_key_goes_nowhere_else(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOOD_KEY", "secret")
    with pytest.raises(BadInput, match="may not be sent to") as refusal:
        key_of(teacher(url), ALLOWED)
    assert refusal.value.where == "teacher.url"
    assert "secret" not in refusal.value.detail


@pytest.mark.parametrize("variable", ["OPDBOARD_TOKEN", "HF_TOKEN", "PATH", "good_key", "GOOD_KEY2"])
@pytest.mark.parametrize("allowed", ["", ALLOWED])
def test_no_other_variable_is_read(variable: str, allowed: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(variable, "secret")
    with pytest.raises(BadInput, match=f"{variable} is not among the keys") as refusal:
        key_of(teacher("https://good.example:8443/v1", variable), allowed)
    assert refusal.value.where == "teacher.key_variable"


def test_a_key_may_have_several_addresses(monkeypatch: pytest.MonkeyPatch):
    both = "KEY=http://one/v1 KEY=http://two/v1"
    for url in ("http://one/v1", "http://two:80/v1"):
        check_key(teacher(url, "KEY"), both)
    with pytest.raises(BadInput, match="only to http://one/v1 and http://two/v1"):
        check_key(teacher("http://three/v1", "KEY"), both)


@pytest.mark.parametrize("value", ["", " \n", "two\nlines", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_a_sentence(value: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAN_KEY", value)
    with pytest.raises(BadInput, match="LAN_KEY") as refusal:
        key_of(teacher("http://gpu1/v1", "LAN_KEY"), ALLOWED)
    assert "schl" not in refusal.value.detail


@pytest.mark.parametrize(
    "entry",
    ["KEY", "KEY=", "KEY=gpu1", "KEY=ftp://gpu1", "=http://x", "1K=http://x", "K=http://u:p@x", "K=http://x?a=b"],
)
def test_a_wrong_list_is_a_sentence(entry: str):
    with pytest.raises(BadInput, match="OPDBOARD_TEACHER_KEYS"):
        allowed_keys(f"A=http://a, {entry}")


def test_without_a_key_nothing_is_asked():
    assert key_of(teacher("http://anywhere", ""), "") is None


@pytest.mark.parametrize("url", ["http://?", "https://[::1/v1", "http://gpu1:port/v1", "http://gpu1:99999999/v1"])
def test_what_is_no_address_is_a_sentence(url: str):
    for variable in ("", "GOOD_KEY"):
        with pytest.raises(BadInput, match="is no address"):
            check_key(teacher(url, variable), ALLOWED)
