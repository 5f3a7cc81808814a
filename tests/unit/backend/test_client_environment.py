"""A client under an environment made for other programs: proxies, addresses and tokens as they come."""

import asyncio
from itertools import product

import httpx
import pytest

from opdboard import cli
from opdboard.api.webhooks.sender import open_client
from opdboard.client import Client, RequestRefused
from opdboard.domain.addresses import stays_here
from opdboard.domain.errors import BadInput

PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def test_no_proxy_is_asked_for_this_machine(monkeypatch, server: Client):
    for variable, proxy in product(("ALL_PROXY", "http_proxy"), ("http://127.0.0.1:9", "socks5://127.0.0.1:9")):
        with monkeypatch.context() as environment:
            environment.setenv(variable, proxy)
            for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
                with Client(url) as client:
                    assert client.runs().total == 0


def test_no_proxy_is_asked_for_a_webhook_on_this_machine(monkeypatch, server: Client):
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def status() -> int:
        async with open_client() as client:
            return (await client.get(f"{server.url}/api/runs")).status_code

    assert asyncio.run(status()) == 200


def test_a_proxy_that_cannot_be_used_is_a_sentence(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "nosuch://127.0.0.1:9")
    with pytest.raises(BadInput, match="proxy"):
        Client("http://elsewhere.example")
    with pytest.raises(BadInput, match="proxy"):
        open_client()


@pytest.mark.parametrize(
    "address", ["localhost:8765", "lab.example", "ftp://host", "http://", "http://[::1", "http://h:port"]
)
def test_an_address_that_is_none_is_refused(monkeypatch, address):
    monkeypatch.setenv("OPDBOARD_URL", address)
    with pytest.raises(BadInput, match="http://"):
        Client()


def test_a_token_from_a_file_with_a_line_end_is_the_token(monkeypatch):
    monkeypatch.setenv("OPDBOARD_TOKEN", "secret\n")
    client = Client(" http://127.0.0.1:1/ ")
    assert (client.url, client._http.headers["Authorization"]) == ("http://127.0.0.1:1", "Bearer secret")


@pytest.mark.parametrize("token", ["schlüssel", "two\r\nlines: 1"])
def test_a_token_that_no_header_can_carry_is_refused(token):
    with pytest.raises(BadInput, match="token") as refused:
        Client(token=token)
    assert token not in refused.value.detail


def test_an_id_is_one_part_of_the_path():
    asked: list[bytes] = []
    transport = httpx.MockTransport(lambda request: asked.append(request.url.raw_path) or httpx.Response(404))
    with Client("http://somewhere", transport=transport) as client, pytest.raises(RequestRefused):
        client.run("../x?y#z")
    assert asked == [b"/api/runs/..%2Fx%3Fy%23z"]


def test_a_user_without_a_name_has_a_number(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 4321")

    monkeypatch.setattr(cli.getpass, "getuser", nobody)
    monkeypatch.setattr(cli.os, "getuid", lambda: 4321)
    assert cli._user() == "4321"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:1/x", True),
        ("http://[::1]:1", True),
        ("http://localhost.", True),
        ("http://127.0.0.1.example", False),
        ("http://10.0.0.1", False),
        ("http://[::1", False),
    ],
)
def test_what_stays_on_this_machine(url, here):
    assert stays_here(url) is here
