"""What a run can be filtered, sorted and grouped by: its own properties, its newest measures, its configuration.

A name is looked up in this order:

1. a property of the run or an alias: `name`, `state`, `tag`, `created`, `lr`;
2. a measure by its short name: the held-out one where there is one (`accuracy` is `eval/accuracy`), else the batch's
   (`loss`); `latest.accuracy` always means the scalar of exactly that key;
3. a path of the configuration (`optimizer.learning_rate`), or its last part where only one path ends in it (`seed`,
   `batch_size`); `config.name` always means the configuration;
4. a scalar or a path that some stored run has, which the caller knows.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from opdboard.domain.errors import BadInput
from opdboard.domain.measures import scalar
from opdboard.domain.methods import METHODS
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState
from opdboard.domain.scalar_measures import SCALARS

Source = Literal["run", "measure", "config"]
FieldType = Literal["text", "word", "number", "time", "tags", "error", "any"]

# Of a teacher that is trained first: by the time a run is stored its teacher is another run's checkpoint.
_AT_LAUNCH_ONLY = ("teacher.objective.", "teacher.optimizer.", "teacher.budget.")

MEASURE_PREFIX = "latest."
CONFIG_PREFIX = "config."


@dataclass(frozen=True)
class Field:
    """Something a run can be asked for. key: the attribute of the stored run, the scalar's key, or the dotted path.

    short: what the head of a column says.
    type: 'word' is text of one lower-case word (a state, a method); 'any' is what a configuration holds there.
    """

    source: Source
    key: str
    type: FieldType
    name: str
    title: str
    short: str
    description: str
    choices: tuple[str, ...] = ()

    @property
    def groupable(self) -> bool:
        """Few enough different values to make groups of."""
        return self.type in ("word", "tags", "any") or (self.type == "text" and self.key not in ("id", "notes"))


Stored = Callable[[Field], bool]


def _property(
    name: str, type_: FieldType, title: str, description: str, choices: tuple[str, ...] = (), *, key: str = ""
) -> Field:
    return Field("run", key or name, type_, name, title, title, description, choices)


PROPERTIES: Mapping[str, Field] = {
    field.name: field
    for field in (
        _property("name", "text", "Name", "What the run is called."),
        _property("id", "text", "Id", "The run's id."),
        _property(
            "state", "word", "State", "Where the run is in its life; active and ended stand for several.",
            (*RunState, "active", "ended"),
        ),
        _property(
            "method", "word", "Method", "What a reader of the papers would call it.",
            METHODS,
        ),
        _property(
            "kind", "word", "Kind",
            "trained by a worker, reported by another trainer, an import of checkpoints, or an analysis or a check, listed only when asked for.",
            tuple(RunKind),
        ),
        _property("group", "text", "Group", "The group the run was launched in."),
        _property("tag", "tags", "Tags", "One of the run's tags.", key="tags"),
        _property("notes", "text", "Notes", "What was written about the run."),
        _property("student", "text", "Student", "The model that is trained."),
        _property("teacher", "text", "Teacher", "The model that scores; empty without one."),
        _property("device", "text", "Device", "What the run is computed on."),
        _property("worker", "text", "Worker", "The worker that has the run, or had it last.", key="worker_id"),
        _property("step", "number", "Step", "Steps done."),
        _property("total_steps", "number", "Total steps", "Steps in all."),
        _property("progress", "number", "Progress", "Share of the steps that are done; 50% and 0.5 are the same."),
        _property("attempt", "number", "Attempt", "How many times a worker has begun the run."),
        _property("created", "time", "Created", "When the run was made.", key="created_at"),
        _property("started", "time", "Started", "When a worker first took it.", key="started_at"),
        _property("ended", "time", "Ended", "When it finished, stopped or failed.", key="ended_at"),
        _property("updated", "time", "Updated", "When anything last changed.", key="updated_at"),
        _property("error", "error", "Error", "Why it failed: = asks for the error's name, ~ looks into the sentence too."),
        _property("forked_from", "text", "Forked from", "Id of the run whose checkpoint it started from."),
    )
}  # fmt: skip

ALIASES: Mapping[str, str] = {
    "tags": "tag",
    "note": "notes",
    "steps": "total_steps",
    "lr": "optimizer.learning_rate",
    "kl": "eval/reverse_kl",
}


@cache
def measures() -> Mapping[str, Field]:
    """Every scalar that trainers of opdboard report, by its key."""
    return {key: _measure(key) for key in SCALARS}


def _measure(key: str) -> Field:
    shadowed = key in PROPERTIES or f"eval/{key}" in SCALARS
    known = scalar(key)
    return Field(
        "measure",
        key,
        "number",
        f"{MEASURE_PREFIX}{key}" if shadowed else key,
        known.title,
        known.brief,
        f"Newest value{f', {known.unit}' if known.unit else ''}.",
    )


@cache
def configuration() -> Mapping[str, Field]:
    """Every path that the configuration of a stored run can have, by the path."""
    schema = RunConfig.model_json_schema()
    described: dict[str, dict[str, Any]] = {}
    for path, leaf in _leaves(schema, schema.get("$defs", {})):
        if not path.startswith(_AT_LAUNCH_ONLY):
            described.setdefault(path, leaf)
    return {path: _config(path, leaf) for path, leaf in described.items()}


def _config(path: str, leaf: Mapping[str, Any] | None = None) -> Field:
    leaf = leaf or {}
    shadowed = path in PROPERTIES or path in ALIASES
    choices = tuple(str(choice) for choice in leaf.get("enum", ()))
    name = f"{CONFIG_PREFIX}{path}" if shadowed else path
    short = "Rate" if path == ALIASES["lr"] else path
    return Field("config", path, "any", name, path, short, leaf.get("description", "Of the configuration."), choices)


def _leaves(node: Mapping[str, Any], definitions: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict]]:
    """(path, schema) of every value that is no object, through references and all alternatives of a union."""
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[-1]]
        yield from _leaves(target, definitions, path)
        return
    alternatives = node.get("anyOf") or node.get("oneOf") or ()
    inner = [one for one in alternatives if "$ref" in one or "properties" in one]
    for one in inner:
        yield from _leaves(one, definitions, path)
    for name, child in node.get("properties", {}).items():
        yield from _leaves(child, definitions, f"{path}.{name}" if path else name)
    if path and not inner and "properties" not in node:
        yield path, dict(node)


@cache
def _by_last_part() -> Mapping[str, str]:
    ends: dict[str, list[str]] = {}
    for path in configuration():
        ends.setdefault(path.rsplit(".", 1)[-1], []).append(path)
    return {end: paths[0] for end, paths in ends.items() if len(paths) == 1}


def _known(name: str) -> Field | None:
    if name.startswith(MEASURE_PREFIX):
        return measures().get(name.removeprefix(MEASURE_PREFIX))
    if name.startswith(CONFIG_PREFIX):
        return configuration().get(name.removeprefix(CONFIG_PREFIX))
    name = ALIASES.get(name, name)
    return (
        PROPERTIES.get(name)
        or measures().get(f"eval/{name}")
        or measures().get(name)
        or configuration().get(name)
        or configuration().get(_by_last_part().get(name, ""))
    )


def _guesses(name: str) -> Iterator[Field]:
    """What an unknown name would be if a stored run had it."""
    if '"' in name or "\\" in name:
        return
    if not name.startswith(CONFIG_PREFIX):
        yield _measure(name.removeprefix(MEASURE_PREFIX))
    if not name.startswith(MEASURE_PREFIX):
        yield _config(name.removeprefix(CONFIG_PREFIX))


def nothing_more(_field: Field) -> bool:
    """No stored run has anything that opdboard itself does not know."""
    return False


def find_field(name: str, stored: Stored = nothing_more) -> Field:
    """The field of this name; BadInput names those that come close.

    stored: whether some run has this scalar or this path of a configuration.
    """
    known = _known(name) or _known(name.lower()) or next((field for field in _guesses(name) if stored(field)), None)
    if known is None:
        close = difflib.get_close_matches(name.lower(), _names(), n=3, cutoff=0.6)
        hint = (
            f"did you mean {' or '.join(close)}?"
            if close
            else f"fields are {', '.join(PROPERTIES)}, any measure (eval/accuracy) and any path of the configuration (optimizer.learning_rate)"
        )
        raise BadInput(f"there is no field {name!r}: {hint}")
    return known


@cache
def _names() -> tuple[str, ...]:
    return (*PROPERTIES, *ALIASES, *measures(), *configuration(), *_by_last_part())
