"""An sdist from a fresh copy of the sources, a wheel from the sdist, and that wheel at work where there is no Node."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy
import psutil
import pytest
from support.commands import clean_environment, get, wait_until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.fixture(scope="module")
def sdist(tmp_path_factory) -> Path:
    """Built where neither node_modules nor a built UI is."""
    fresh = tmp_path_factory.mktemp("fresh") / "opdboard"
    ignored = shutil.ignore_patterns("node_modules", "static", "__pycache__", "*.egg-info", "dist")
    for name in ("backend", "frontend", "migrations", "worker"):
        shutil.copytree(ROOT / name, fresh / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, fresh / name)
    run(sys.executable, "-m", "build", "--sdist", "--outdir", fresh / "out", cwd=fresh)
    (made,) = (fresh / "out").iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, sdist)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory) -> Path:
    """The bin folder of an environment with the wheel; its dependencies are those of the tests' environment."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, with_pip=False, symlinks=True)
    run(sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--no-deps", wheel)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(f"{Path(numpy.__file__).parents[1]}\n")
    return folder / "bin"


def test_the_sdist_holds_the_built_ui_and_what_builds_from_it(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "backend/opdboard/static/index.html",
        "frontend/build_backend.py",
        "frontend/build_ui.py",
        "LICENSE",
    } <= names
    assert not [name for name in names if "node_modules" in name]


def test_the_wheel_holds_ui_revisions_and_demo_models_and_no_test(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "opdboard/static/index.html" in names
    assert any(re.fullmatch(r"opdboard_migrations/versions/0001_\w+\.py", name) for name in names)
    assert any(re.fullmatch(r"opdboard_worker/models/demo_assets/\S+\.safetensors", name) for name in names)
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {
        "opdboard",
        "opdboard_migrations",
        "opdboard_worker",
    }
    assert not [name for name in names if name.endswith((".ts", ".tsx")) or "test" in Path(name).name]


def test_the_installed_wheel_serves_its_ui_and_starts_its_worker_without_node(elsewhere, tmp_path):
    environment = clean_environment(tmp_path / "data", PATH=str(elsewhere), PYTHONDONTWRITEBYTECODE="1")
    where = [
        elsewhere / "python",
        "-c",
        "import opdboard, opdboard_worker; print(opdboard.__file__, opdboard_worker.__file__)",
    ]
    files = subprocess.run(where, env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert all(Path(file).is_relative_to(elsewhere.parent) for file in files)

    up = subprocess.Popen(
        [elsewhere / "opdboard", "up", "--port", "0"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        assert up.stderr is not None
        url = up.stderr.readline().split()[3].rstrip(";")
        page = get(url)
        assert page.status_code == 200
        assets = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)
        assert assets
        assert all(get(url + asset).status_code == 200 for asset in assets)
        assert get(f"{url}/launch").text == page.text
        wait_until(lambda: get(f"{url}/api/workers").json()["workers"], "the worker's registration")
    finally:
        up.terminate()
        up.wait(60)
    assert not [process for process in psutil.process_iter() if _runs_from(process, elsewhere)]


def _runs_from(process: psutil.Process, folder: Path) -> bool:
    try:
        return any(word.startswith(str(folder)) for word in process.cmdline()) and process.pid != os.getpid()
    except psutil.Error:
        return False
