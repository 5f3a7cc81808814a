"""When the UI is built again, and when it is not."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "frontend" / "build_ui.py"


@pytest.fixture
def script():
    """The module as it is."""
    specification = importlib.util.spec_from_file_location("build_ui_under_test", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def build_ui(script, tmp_path, monkeypatch):
    """The module, at work in a folder of its own, with npm replaced by a note of its calls."""
    frontend, static = tmp_path / "frontend", tmp_path / "static"
    (frontend / "src").mkdir(parents=True)
    (frontend / "node_modules").mkdir()
    static.mkdir()
    (frontend / "package.json").write_text("{}")
    (frontend / "package-lock.json").write_text("{}")
    (frontend / "src" / "main.ts").write_text("1")
    places = {"FRONTEND": frontend, "STATIC": static, "BUILT_FROM": static / ".built-from"}
    for name, value in {**places, "LOCK_INSTALLED": frontend / "node_modules" / ".lock-digest"}.items():
        monkeypatch.setattr(script, name, value)
    monkeypatch.delenv("OPDBOARD_SKIP_UI", raising=False)
    calls: list[str] = []

    def npm(*arguments: str) -> None:
        calls.append(" ".join(arguments))
        if arguments == ("run", "build"):
            (static / "index.html").write_text("built")

    monkeypatch.setattr(script, "npm", npm)
    script.calls = calls  # type: ignore[attr-defined]
    return script


INSTALL = "ci --include=dev --no-audit --no-fund"


def test_a_fresh_checkout_is_installed_and_built_and_nothing_is_done_twice(build_ui):
    build_ui.build_ui()
    build_ui.build_ui()
    assert build_ui.calls == [INSTALL, "run build"]


def test_a_changed_source_is_built_without_installing_again(build_ui):
    build_ui.build_ui()
    (build_ui.FRONTEND / "src" / "main.ts").write_text("2")
    build_ui.build_ui()
    assert build_ui.calls == [INSTALL, "run build", "run build"]


def test_a_changed_lock_file_is_installed(build_ui):
    build_ui.build_ui()
    (build_ui.FRONTEND / "package-lock.json").write_text('{"a": 1}')
    build_ui.build_ui()
    assert build_ui.calls == [INSTALL, "run build"] * 2


def test_a_removed_build_is_made_anew(build_ui):
    build_ui.build_ui()
    (build_ui.STATIC / "index.html").unlink()
    build_ui.build_ui()
    assert build_ui.calls == [INSTALL, "run build", "run build"]


def test_an_sdist_brings_the_built_ui(build_ui):
    (build_ui.FRONTEND / "package.json").unlink()
    (build_ui.STATIC / "index.html").write_text("built elsewhere")
    build_ui.build_ui()
    assert build_ui.calls == []


def test_neither_sources_nor_a_built_ui_is_an_error(build_ui):
    (build_ui.FRONTEND / "package.json").unlink()
    with pytest.raises(SystemExit, match="neither the UI's sources"):
        build_ui.build_ui()


def test_it_can_be_left_out(build_ui, monkeypatch):
    monkeypatch.setenv("OPDBOARD_SKIP_UI", "1")
    build_ui.build_ui()
    assert build_ui.calls == []


def test_a_failing_npm_is_named(script, monkeypatch, tmp_path):
    monkeypatch.setattr(script, "FRONTEND", tmp_path)  # no package.json here
    with pytest.raises(SystemExit, match="'npm run build' failed in frontend/ with exit code"):
        script.npm("run", "build")
