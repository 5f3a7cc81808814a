"""What the error of a failed run says of the way on: whether the same may pass next time, and which field to change."""

from collections.abc import Iterator, Mapping
from typing import Any

from opdboard.domain.errors import OpdboardError

Stored = Mapping[str, Any]
"""error, detail, where: OpdboardError.as_dict, or what a lost process left behind."""
_OF_LOST_PROCESSES = ("TrainerDied", "ReporterLost", "SourceFailed")
_SHORTEST = 3  # a value that is told from others
_OF_THE_READER = ("name",)  # what a person calls the run, which no error is about


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
    if _is_there(config, where):
        return where
    held = [
        (path, value)
        for path, value in _texts(config)
        if path not in _OF_THE_READER and (where == value or where.startswith((f"{value}:", f"{value.rstrip('/')}/")))
    ]
    if held:
        return max(held, key=lambda one: len(one[1]))[0]
    kind = _kinds().get(str(error.get("error")))
    return kind.field if kind is not None and kind.field and _is_there(config, kind.field) else None


def _kinds() -> dict[str, type[OpdboardError]]:
    def below(kind: type[OpdboardError]) -> Iterator[type[OpdboardError]]:
        yield kind
        for one in kind.__subclasses__():
            yield from below(one)

    return {kind.__name__: kind for kind in below(OpdboardError)}


def _is_there(config: Any, path: str) -> bool:
    """Whether there is such a field, also one that holds nothing."""
    for part in path.split("."):
        if not isinstance(config, Mapping) or part not in config:
            return False
        config = config[part]
    return True


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and len(value) >= _SHORTEST:
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{key}" if path else str(key))
