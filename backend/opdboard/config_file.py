"""Run configurations and sweeps as people write them: YAML or JSON files, and options of the command line."""

import re
from pathlib import Path
from typing import Any

import yaml
from typing_extensions import override

from opdboard.domain.errors import BadInput
from opdboard.domain.sweep import Value

_LARGEST_RANGE = 1000


class _Loader(yaml.SafeLoader):
    """YAML as everybody but YAML 1.1 reads it: 1e-5 is a number, 'yes' and 2026-01-01 are text, a key is given once."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Raises BadInput for a key that is given twice, of which YAML would take the last without a word."""
        seen: dict[Any, yaml.Mark] = {}
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag.endswith(":merge"):
                continue  # no field, refused elsewhere; '<<' fills in what is not given here
            key = self.construct_object(key_node)
            if key in seen:
                again = key_node.start_mark.line + 1
                raise BadInput(
                    f"'{key}' is given twice, in lines {seen[key].line + 1} and {again}; keep the one that counts",
                    where=f"{key_node.start_mark.name}:{again}",
                )
            seen[key] = key_node.start_mark
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[-1] in ("null", "merge")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF")
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9]\d*)$"), "-+0123456789")
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"),
    "-+0123456789.",
)


def read_config(file: Path) -> dict[str, Any]:
    """The mapping in a YAML or JSON file; BadInput says what is wrong with it."""
    try:
        with file.open(encoding="utf-8") as opened:  # so that YAML knows its name
            content = yaml.load(opened, _Loader)  # JSON is YAML
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}", where=str(file)) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            raise BadInput(f"{file} is neither YAML nor JSON: {error}", where=str(file)) from error
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise BadInput(
            f"{file} is neither YAML nor JSON: {problem}, in line {mark.line + 1}, column {mark.column + 1}",
            where=f"{file}:{mark.line + 1}",
        ) from error
    if not isinstance(content, dict):
        raise BadInput(f"{file} must hold a mapping of run configuration fields", where=str(file))
    return content


def seeds(text: str) -> list[int]:
    """'0-4' or '0,3,7' or both, comma-separated; BadInput when it is neither."""
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
        if match is None:
            raise BadInput(f"--seeds takes numbers and ranges such as 0-4 or 0,3,7, not '{part}'", where="--seeds")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 0 <= last - first < _LARGEST_RANGE:
            raise BadInput(f"the range of seeds '{part.strip()}' is empty or too long", where="--seeds")
        found += range(first, last + 1)
    return found


def grid(options: list[str]) -> dict[str, list[Value]]:
    """From 'optimizer.learning_rate=1e-5,1e-4' and the like to values by path; BadInput when there is no such pair."""
    found: dict[str, list[Value]] = {}
    for option in options:
        path, equals, values = option.partition("=")
        if not equals or not path.strip() or path.strip() in found:
            raise BadInput(f"--grid takes PATH=VALUE,VALUE,... once for each path, not '{option}'", where="--grid")
        found[path.strip()] = [_value(text) for text in values.split(",")]
    return found


def _value(text: str) -> Value:
    value = yaml.load(text, _Loader)
    return value if isinstance(value, bool | int | float | str | None) else text
