"""A sweep: one configuration, repeated over seeds and over a grid of values, as runs of a group."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from opdboard.domain.run_config import RunConfig
from opdboard.domain.strategies import STRATEGIES

LARGEST_SWEEP = 64
LONGEST_NAME = 200
_SHORT_NAMES = {
    "optimizer.learning_rate": "lr",
    "budget.batch_size": "batch",
    "strategy.kind": "",
    "objective.kind": "",
}
_UNIONS = {name for name, field in RunConfig.model_fields.items() if field.discriminator}
_SHORT_VALUES = {("strategy.kind", kind): one.name for kind, one in STRATEGIES.items()}

Value = bool | int | float | str | None


class Sweep(BaseModel):
    """What is varied. Every combination of a seed and one value of each path becomes a run."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    seeds: list[int] = Field(default=[], description="Empty keeps the configuration's own seed.")
    grid: dict[str, list[Value]] = Field(
        default={}, description="Values by path, for example optimizer.learning_rate: [1e-5, 1e-4]."
    )

    @property
    def size(self) -> int:
        """How many runs it makes."""
        count = max(len(self.seeds), 1)
        for values in self.grid.values():
            count *= len(values)
        return count


@dataclass(frozen=True)
class Variant:
    """One run of a sweep: its configuration as given, what was set in it, and its labels with and without the seed."""

    config: dict[str, Any]
    values: dict[str, Value]
    label: str
    setting: str


def check(sweep: Sweep) -> dict[str, str]:
    """What is wrong with the sweep itself: a sentence by path; empty when nothing is."""
    wrong: dict[str, str] = {}
    if len(set(sweep.seeds)) < len(sweep.seeds):
        wrong["seeds"] = "each seed only once"
    for path, values in sweep.grid.items():
        if not path or any(part == "" for part in path.split(".")):
            wrong[f"grid.{path}"] = f"'{path}' is not the path of a field"
        elif path == "name":
            wrong["grid.name"] = "names are made from the values"
        elif path == "seed" and sweep.seeds:
            wrong["grid.seed"] = "seeds are given twice"
        elif not values:
            wrong[f"grid.{path}"] = "at least one value is needed"
        elif len({repr(value) for value in values}) < len(values):
            wrong[f"grid.{path}"] = "each value only once"
    if not wrong and sweep.size > LARGEST_SWEEP:
        wrong["seeds"] = f"{sweep.size} runs are more than {LARGEST_SWEEP}; take fewer seeds or values"
    return wrong


def variants(config: Mapping[str, Any], sweep: Sweep) -> list[Variant]:
    """Every combination, the seeds of a setting together; a sweep without anything to vary is the configuration itself."""
    found = []
    for chosen in itertools.product(*sweep.grid.values()):
        setting = dict(zip(sweep.grid, chosen, strict=True))
        for seed in sweep.seeds or [None]:
            values: dict[str, Value] = setting if seed is None else setting | {"seed": seed}
            found.append(Variant(_with(config, values), values, _label(values), _label(setting)))
    return found


def named(base: str, label: str) -> str:
    """The name of a run of a sweep, cut to the longest that is allowed."""
    if not label:
        return base
    return f"{base[: LONGEST_NAME - len(label) - 3]} · {label}" if base else label


def _label(values: Mapping[str, Value]) -> str:
    return " · ".join(label_of(path, value) for path, value in values.items())[: LONGEST_NAME // 2]


def label_of(path: str, value: Value) -> str:
    """'lr 1e-5', 'seed 3', 'EffOPD': a value in a run's name."""
    name = _SHORT_NAMES.get(path, path.rsplit(".", 1)[-1].replace("_", " "))
    text = _SHORT_VALUES.get((path, str(value)), _text(value))
    return f"{name} {text}".strip()


def _text(value: Value) -> str:
    if value is None:
        return "none"
    if isinstance(value, float):
        mantissa, exponent = f"{value:e}".split("e")
        small = 0 < abs(value) < 1e-3
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}" if small else f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with(config: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Any]:
    result = dict(config)
    for path, value in values.items():
        result = _set(result, path.split("."), value)
    return result


def _set(config: Mapping[str, Any], path: Sequence[str], value: Value) -> dict[str, Any]:
    """A copy with one value set. Another kind takes the place of the whole object: its settings are those of the old kind."""
    first, rest = path[0], path[1:]
    if not rest:
        return {**config, first: value}
    before = config.get(first, {})
    if not isinstance(before, Mapping):
        return dict(config)  # wrong in itself, and refused as such
    if first in _UNIONS and list(rest) == ["kind"] and before.get("kind") != value:
        return {**config, first: {"kind": value}}
    return {**config, first: _set(before, rest, value)}
