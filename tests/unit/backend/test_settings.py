"""Variables of the environment as containers, secrets and people set them: used, or refused in a sentence."""

import pwd
import sqlite3

import pytest
from sqlalchemy import make_url

from opdboard.db.database import Database
from opdboard.domain.errors import BadInput, DatabaseUnavailable
from opdboard.queue import make_celery
from opdboard.settings import Settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch, tmp_path):
    for name in ("HOST", "PORT", "TOKEN", "DATABASE_URL", "BROKER_URL", "PUBLIC_URL", "WORKER_QUEUES"):
        monkeypatch.delenv(f"OPDBOARD_{name}", raising=False)
    monkeypatch.setenv("OPDBOARD_DATA_DIR", str(tmp_path))


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("PORT", "tcp://10.0.0.1:80", "enableServiceLinks"),
        ("PORT", "70000", "65535"),
        ("PORT", "eighty", "whole number"),
        ("LEASE_SECONDS", "nan", "finite"),
        ("LEASE_SECONDS", "soon", "number"),
        ("PUBLIC_URL", "lab.example/opd", "http://"),
        ("PUBLIC_URL", "http://[::1", "http://"),
        ("WORKER_QUEUES", "cpu,gpu", "'gpu' is none of any, cpu, cuda"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(monkeypatch, variable, value, told):
    monkeypatch.setenv(f"OPDBOARD_{variable}", value)
    with pytest.raises(BadInput, match=told) as refused:
        Settings.read()
    assert f"OPDBOARD_{variable} {value!r}" in refused.value.detail
    assert "\n" not in refused.value.detail


@pytest.mark.parametrize("token", ["two words", "two\nlines", "schlüssel", "a\x7fb", "a\x00b"])
def test_a_token_that_no_header_can_carry_is_refused_without_repeating_it(token):
    with pytest.raises(BadInput, match="OPDBOARD_TOKEN") as refused:
        Settings.read(token=token)
    assert token not in refused.value.detail


@pytest.mark.parametrize("ends", ["\n", "\r\n", "  "])
def test_white_space_around_a_token_is_not_part_of_it(monkeypatch, ends):
    monkeypatch.setenv("OPDBOARD_TOKEN", f"secret{ends}")
    assert Settings.read().token == "secret"


def test_a_variable_that_is_set_to_nothing_is_not_set(monkeypatch):
    for name in ("PORT", "HOST", "TOKEN", "LEASE_SECONDS", "WORKER_QUEUES", "DATABASE_URL"):
        monkeypatch.setenv(f"OPDBOARD_{name}", "")
    settings = Settings.read()
    assert (settings.port, settings.host, settings.lease_seconds) == (8765, "127.0.0.1", 60.0)


def test_queues_may_be_written_with_spaces():
    assert Settings.read(worker_queues=" cpu, any ,").worker_queues == "cpu,any"


def test_without_a_home_the_data_folder_must_be_named(monkeypatch):
    def nobody(_uid):
        raise KeyError

    monkeypatch.delenv("OPDBOARD_DATA_DIR")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    settings = Settings.read()
    with pytest.raises(BadInput, match="OPDBOARD_DATA_DIR"):
        _ = settings.root


def test_a_data_folder_that_cannot_be_written_to_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(BadInput, match="cannot be written to"):
            Settings.read(data_dir=folder).make_root()


@pytest.mark.parametrize("name", ["a?b", "a#b", "50%", "a%20b", "with space & more", "ü", "a?mode=ro", "a:b@c"])
def test_the_database_lies_in_the_data_folder_whatever_its_name(tmp_path, name):
    settings = Settings.read(data_dir=tmp_path / name)
    database = Database(settings.sql_url)
    database.upgrade()
    database.close()
    with sqlite3.connect(tmp_path / name / "opdboard.db") as file:
        assert file.execute("SELECT count(*) FROM runs").fetchone() == (0,)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert make_url(settings.sql_url).database == str(tmp_path / name / "opdboard.db")


@pytest.mark.parametrize(
    "url", ["localhost/name", "mysql://u:hidden@h/x", "postgresql+asyncpg://u:hidden@h/x", "http://h"]
)
def test_a_database_of_another_kind_is_refused_without_repeating_its_password(url):
    with pytest.raises(BadInput, match=r"postgresql\+psycopg://") as refused:
        Database(url)
    assert "hidden" not in refused.value.detail


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_database_that_does_not_answer_is_told_without_its_password(scheme):
    database = Database(f"{scheme}://me:hidden@127.0.0.1:1/name")
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1/name does not answer") as refused:
        database.upgrade()
    assert "hidden" not in refused.value.detail


@pytest.mark.parametrize("url", ["localhost:6379", "nosuch://host", "redis"])
def test_a_broker_of_no_kind_is_refused(url):
    with pytest.raises(BadInput, match="redis://host:6379/0"):
        make_celery(Settings.read(broker_url=url))
