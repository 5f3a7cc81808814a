"""What a written folder holds, in numbers that tell later whether it still does."""

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from opdboard.domain.errors import ModelProblem

NAME = "checksums.json"
_AT_ONCE = 4


def write_checksums(folder: Path) -> None:
    """Note the SHA-256 of every file below the folder in it."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    (folder / NAME).write_text(json.dumps(_digests(folder, names), indent=1))


def damage(folder: Path, concerns: Callable[[str], bool] = lambda _: True) -> str | None:
    """What is wrong with the folder, in words; None where it is as it was written.

    Folders of earlier versions have no checksums: of them nothing is known. concerns: which files, by their names.
    """
    if not folder.is_dir():
        return "its folder is not there"
    try:
        text = (folder / NAME).read_text()
    except FileNotFoundError:
        return None if any(folder.iterdir()) else "its folder is empty"
    except (OSError, ValueError) as error:
        return f"{NAME} cannot be read ({error})"
    try:
        stored = json.loads(text)
        names = [name for name in stored if concerns(name)]
        for name in names:
            if not (folder / name).is_file():
                return f"{name} is not there"
        found = _digests(folder, names)
    except (OSError, ValueError, TypeError) as error:
        return f"it cannot be read ({error})"
    changed = [name for name in names if found[name] != stored[name]]
    return f"{changed[0]} is not what was written (its checksum differs)" if changed else None


def check_weights(folder: Path) -> None:
    """ModelProblem when what others load of a run's checkpoint, its model and tokenizer, was damaged since."""
    wrong = damage(folder, lambda name: not name.startswith("trainer/") or name.endswith("direction.safetensors"))
    if wrong is not None:
        raise ModelProblem(f"the checkpoint {folder.name} is damaged: {wrong}; choose another step", where=str(folder))


def fingerprint(folder: Path, patterns: Sequence[str]) -> str:
    """One SHA-256 for all files right in a folder whose names match, from their names and bytes and not from its place.

    Checksums that were written with them are taken as they are: who loads checks them.
    """
    names = sorted({path.name for pattern in patterns for path in folder.glob(pattern) if path.is_file()} - {NAME})
    written = json.loads((folder / NAME).read_text()) if (folder / NAME).is_file() else {}
    digests = written | _digests(folder, [name for name in names if name not in written])
    return hashlib.sha256("".join(f"{digests[name]}  {name}\n" for name in names).encode()).hexdigest()


def _digests(folder: Path, names: list[str]) -> dict[str, str]:
    def digest(name: str) -> str:
        with (folder / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    with ThreadPoolExecutor(_AT_ONCE) as pool:  # hashing leaves the interpreter to others
        return dict(zip(names, pool.map(digest, names), strict=True))
