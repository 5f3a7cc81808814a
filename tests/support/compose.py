"""docker-compose.yml as data: its variables filled in, and its services as plain processes of this machine."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?:(?P<rule>:-|:\?)(?P<rest>[^}]*))?\})")


class MissingVariable(Exception):
    """A variable that the file insists on is not set."""


def load(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with ${NAME}, ${NAME:-default} and ${NAME:?message} filled in as Compose does."""

    def fill(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        value = variables.get(match["name"], "")
        if not value and match["rule"] == ":?":
            raise MissingVariable(f"{match['name']}: {match['rest']}")
        return value or (match["rest"] if match["rule"] == ":-" else "")

    def visit(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: visit(value) for key, value in node.items()}
        if isinstance(node, list):
            return [visit(value) for value in node]
        return _VARIABLE.sub(fill, node) if isinstance(node, str) else node

    return visit(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def healthcheck(service: dict[str, Any]) -> list[str]:
    """The command of a service's health check."""
    kind, *words = service["healthcheck"]["test"]
    return ["sh", "-c", words[0]] if kind == "CMD-SHELL" else words


def command(service: dict[str, Any]) -> list[str]:
    """The command of a service."""
    given = service["command"]
    return shlex.split(given) if isinstance(given, str) else list(given)
