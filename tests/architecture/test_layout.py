import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = {"backend", "frontend", "worker", "migrations", "tests", "docs", "benchmarks"} | {
    "pyproject.toml",
    "docker-compose.yml",
    "README.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "CHANGELOG.md",
    "Makefile",
}
LONGEST_FILE = 400  # lines; 250 is the aim


def tracked() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(name) for name in listing.stdout.split("\0") if name and (ROOT / name).exists()]


def test_the_top_level_is_the_house_of_the_architecture():
    assert {file.parts[0] for file in tracked() if not file.parts[0].startswith(".")} <= TOP_LEVEL


def test_every_test_is_run():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    found = [file for file in tracked() if file.parts[0] == "tests" and file.match("test_*.py")]
    assert {"/".join(file.parts[:2]) for file in found} == set(options["testpaths"])


def test_source_files_have_one_reason_to_change():
    sources = [file for file in tracked() if file.suffix in {".py", ".ts", ".tsx"} and file.parts[0] != "tests"]
    sources = [file for file in sources if ".gen." not in file.name]
    lengths = {str(file): len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in sources}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_each_migration_follows_the_one_before():
    versions = sorted((ROOT / "migrations" / "opdboard_migrations" / "versions").glob("[0-9]*.py"))
    told = [re.findall(r'^(?:down_)?revision = "?(\w+)"?$', file.read_text(), re.MULTILINE) for file in versions]
    numbers = [file.name.split("_")[0] for file in versions]
    assert told == [[number, before] for number, before in zip(numbers, ["None", *numbers[:-1]], strict=True)]
