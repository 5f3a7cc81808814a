import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow  # a process for each; `make check` holds the contracts too


def modules_after(statement: str) -> set[str]:
    """Top-level names in sys.modules of a fresh process that ran the statement."""
    script = (
        f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_the_web_app_is_created_without_torch(tmp_path, monkeypatch):
    monkeypatch.setenv("OPDBOARD_DATA_DIR", str(tmp_path))
    loaded = modules_after("from opdboard.api.app import create_app\ncreate_app()")
    assert "fastapi" in loaded
    assert not loaded & {"torch", "transformers", "opdboard_worker", "datasets", "pandas"}


def test_a_client_command_needs_neither_the_web_side_nor_the_database():
    loaded = modules_after("import opdboard.cli")
    assert not loaded & {"torch", "transformers", "fastapi", "sqlalchemy", "celery", "plotly"}


def test_the_answers_of_the_api_are_read_without_its_server():
    assert not modules_after("import opdboard.answers") & {"torch", "fastapi", "sqlalchemy", "plotly"}


def test_run_config_imports_nothing_heavy():
    loaded = modules_after("import opdboard.domain.run_config")
    assert not loaded & {"torch", "numpy", "fastapi", "sqlalchemy", "pydantic_settings"}


def test_the_numerics_know_nobody():
    core = ROOT / "worker" / "opdboard_worker" / "core"
    names = ", ".join(f"opdboard_worker.core.{file.stem}" for file in sorted(core.glob("[!_]*.py")))
    loaded = modules_after(f"import {names}")
    assert "torch" in loaded
    assert not loaded & {"transformers", "opdboard", "celery", "sqlalchemy"}


def test_the_worker_process_leaves_torch_to_its_trainers(tmp_path, monkeypatch):
    monkeypatch.setenv("OPDBOARD_DATA_DIR", str(tmp_path))
    assert not modules_after("import opdboard_worker.app") & {"torch", "transformers"}


def test_what_reads_the_hub_and_tables_waits_until_one_is_read():
    assert not modules_after("import opdboard.data_files.look, opdboard.data_files.rows") & {
        "datasets",
        "pandas",
        "pyarrow",
    }


def test_what_decides_leaves_queries_to_the_room_below():
    files = (ROOT / "backend" / "opdboard" / "lifecycle").glob("*.py")
    lines = {line for file in files for line in file.read_text(encoding="utf-8").splitlines() if "sqlalchemy" in line}
    assert lines == {"from sqlalchemy.orm import Session"}


def test_import_contracts_hold():
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
        "--no-cache",
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
