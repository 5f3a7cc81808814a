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


def checked_place(path: Path, settings: Settings, *, browsing: bool = False) -> Path:
    """The path with symbolic links followed; BadInput when roots are configured and it lies below none of them.

    browsing: refuse it without configured roots, too, unless it belongs to a run.
    """
    resolved = path.resolve()
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
