"""What the error of a failed run says of the way on: whether the same may pass next time, and which field to change."""

from collections.abc import Iterator, Mapping
from typing import Any

from opdboard.domain.errors import OpdboardError

Stored = Mapping[str, Any]
"""error, detail, where: OpdboardError.as_dict, or what a lost process left behind."""
_OF_LOST_PROCESSES = ("TrainerDied", "ReporterLost", "SourceFailed")
_SHORTEST = 3  # a value that is told from others


def may_pass(error: Stored | None) -> bool:
    """Whether the same run may succeed when it is begun again as it is; nobody knows where no reason was recorded."""
    if error is None or error.get("error") in _OF_LOST_PROCESSES:
        return True
    kind = _kinds().get(str(error.get("error")))
    return kind is not None and kind.may_pass


def field_of(error: Stored | None, config: Mapping[str, Any]) -> str | None:
    """The dotted path of the field that the error is about.

    It is named by its path, by the value that it holds (a folder, a file with a line, a name on the hub), or by the kind of error.
    """
    if error is None:
        return None
    where = str(error.get("where") or "")
    if where and _at(config, where) is not None:
        return where
    for path, value in _texts(config):
        if where == value or where.startswith((f"{value}:", f"{value.rstrip('/')}/")):
            return path
    kind = _kinds().get(str(error.get("error")))
    section, _, name = ((kind and kind.field) or "").rpartition(".")
    return kind.field if kind is not None and name in ((_at(config, section) if section else config) or ()) else None


def _kinds() -> dict[str, type[OpdboardError]]:
    def below(kind: type[OpdboardError]) -> Iterator[type[OpdboardError]]:
        yield kind
        for one in kind.__subclasses__():
            yield from below(one)

    return {kind.__name__: kind for kind in below(OpdboardError)}


def _at(config: Any, path: str) -> Any:
    """What stands there; None where there is no such field."""
    for part in path.split("."):
        if not isinstance(config, Mapping) or part not in config:
            return None
        config = config[part]
    return config


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and len(value) >= _SHORTEST:
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{key}" if path else str(key))
