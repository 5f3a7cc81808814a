"""From a configuration and what to vary to the runs of a launch: all of them valid, or the first that is not, named."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from opdboard.api.context import Context
from opdboard.api.launch.schemas import SweepCreate, SweepIn, SweepMade
from opdboard.api.problems import FieldProblem, InvalidFields, problems
from opdboard.api.runs import service
from opdboard.api.runs.schemas import RunSummary
from opdboard.domain import sweep as sweeps
from opdboard.domain.chain import recipe, teacher_group, teacher_run
from opdboard.domain.demo import RUNS
from opdboard.domain.presets import DEMO_EFFOPD
from opdboard.domain.run_config import RunConfig
from opdboard.domain.sweep import Value, Variant, named
from opdboard.lifecycle.births import NewRun

LONGEST_GROUP = 200
DEMO_GROUP = "demo"


@dataclass(frozen=True)
class Planned:
    """One run of a launch."""

    config: RunConfig
    values: dict[str, Value]
    group: str


def planned(wanted: SweepIn) -> list[Planned]:
    """The runs; InvalidFields at the fields of the configuration, or of the sweep with the failing combination in words."""
    wrong = sweeps.check(wanted.sweep)
    if wrong:
        raise InvalidFields([FieldProblem(path=f"sweep.{path}", message=text) for path, text in wrong.items()])
    if wanted.sweep.size == 1 and not wanted.sweep.seeds and not wanted.sweep.grid:
        return [Planned(_validated(wanted.config), {}, wanted.group)]
    return [_planned(wanted, variant) for variant in sweeps.variants(wanted.config, wanted.sweep)]


def with_teachers(runs: Sequence[Planned]) -> list[Planned]:
    """The runs behind those that make their teachers, each teacher once."""
    teachers: dict[str, Planned] = {}
    for run in runs:
        first = teacher_run(run.config)
        if first is not None:
            teachers.setdefault(recipe(first), Planned(first, {}, teacher_group(run.group, first)))
    return [*teachers.values(), *runs]


def launch(context: Context, wanted: SweepCreate) -> SweepMade:
    """Make all runs in one transaction."""
    runs = [NewRun(run.config, run.group, wanted.tags, wanted.notes, wanted.copied_from) for run in planned(wanted)]
    made = service.create_all(context, runs)
    groups = list(dict.fromkeys(run.group for run in made))
    return SweepMade(groups=groups, runs=[RunSummary.model_validate(run.model_dump()) for run in made])


def launch_demo(context: Context) -> SweepMade:
    """Make the demo's runs; the one that looks ahead is the first of the line, since its page is where one looks."""
    wanted = sorted(RUNS, key=lambda run: run.config is not DEMO_EFFOPD)
    made = service.create_all(context, [NewRun(run.config, DEMO_GROUP, (DEMO_GROUP,), run.notes) for run in wanted])
    return SweepMade(groups=[DEMO_GROUP], runs=[RunSummary.model_validate(run.model_dump()) for run in made])


def _planned(wanted: SweepIn, variant: Variant) -> Planned:
    try:
        config = _validated(variant.config)
    except InvalidFields as error:
        raise InvalidFields([_in_sweep(field, variant) for field in error.fields]) from error
    # Addresses of the compare page separate groups by commas.
    group = wanted.group or (config.name or config.method).replace(",", "")
    if wanted.per_setting and variant.setting:
        group = f"{group[: LONGEST_GROUP - len(variant.setting) - 3]} · {variant.setting}"
    name = named(config.name, variant.label)
    return Planned(config.model_copy(update={"name": name}), variant.values, group)


def _in_sweep(problem: FieldProblem, variant: Variant) -> FieldProblem:
    """A problem of a value that the sweep sets is the sweep's; any other is the configuration's own."""
    if problem.path == "seed" and "seed" in variant.values:
        path = "sweep.seeds"
    elif problem.path in variant.values:
        path = f"sweep.grid.{problem.path}"
    else:
        path = problem.path
    return FieldProblem(path=path, message=f"with {variant.label}: {problem.message}")


def _validated(content: dict) -> RunConfig:
    try:
        config = RunConfig.model_validate(content)
    except ValidationError as error:
        raise InvalidFields(problems(error.errors(), content, of_run=True)) from error
    service.check_storable(config)
    return config
