"""The folders below which checkpoints may be looked for: those of OPDBOARD_MODEL_ROOTS, and opdboard's own runs."""

from pathlib import Path

from opdboard.domain.errors import BadInput
from opdboard.settings import Settings


def roots(settings: Settings) -> list[Path]:
    """Configured roots in their order, and the runs of this installation; symbolic links followed."""
    return [*configured_roots(settings), (settings.root / "runs").resolve()]


def configured_roots(settings: Settings) -> list[Path]:
    """Those of OPDBOARD_MODEL_ROOTS, symbolic links followed."""
    given = (part.strip() for part in settings.model_roots.split(","))
    return list(dict.fromkeys(Path(part).expanduser().resolve() for part in given if part))


def code_folder(text: str, settings: Settings, where: str) -> Path:
    """A folder whose Python code may be run, symbolic links followed; BadInput unless it lies below OPDBOARD_CODE_ROOTS."""
    folder = _below_code_roots(text, settings, where)
    if not folder.is_dir():
        raise BadInput(f"there is no folder {folder} on this worker", where=where)
    return folder


def code_file(text: str, settings: Settings, where: str) -> Path:
    """A Python file that may be run, likewise."""
    file = _below_code_roots(text, settings, where)
    if not file.is_file():
        raise BadInput(f"there is no file {file} on this worker", where=where)
    return file


def _below_code_roots(text: str, settings: Settings, where: str) -> Path:
    path = place(text).resolve()
    allowed = [place(part.strip()).resolve() for part in settings.code_roots.split(",") if part.strip()]
    if not any(path.is_relative_to(root) for root in allowed):
        below = f"lies outside of {', '.join(map(str, allowed))}" if allowed else "cannot be used"
        raise BadInput(
            f"{path} {below}: what is in it may run as code, so whoever keeps the workers has to name a folder above it in "
            "OPDBOARD_CODE_ROOTS",
            where=where,
        )
    return path


def place(text: str) -> Path:
    """The path that a text names, ~ being the home folder; BadInput where there is no such home."""
    try:
        return Path(text).expanduser()
    except RuntimeError as problem:
        raise BadInput(f"{text!r} begins with a home folder that there is not", where=text) from problem


def checked_place(path: Path, settings: Settings, *, browsing: bool = False) -> Path:
    """The path with symbolic links followed; BadInput when roots are configured and it lies below none of them.

    browsing: refuse it without configured roots, too, unless it belongs to a run.
    """
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError, ValueError) as problem:  # links in a circle; what is no text
        raise BadInput(f"{str(path)!r} is no path that can be followed: {problem}", where=str(path)) from problem
    if not (browsing or configured_roots(settings)):
        return resolved
    allowed = roots(settings)
    if not any(resolved.is_relative_to(root) for root in allowed):
        raise BadInput(
            f"{path} lies outside of the folders that may be read: {', '.join(map(str, allowed))}. "
            "OPDBOARD_MODEL_ROOTS names them",
            where=str(path),
        )
    return resolved
