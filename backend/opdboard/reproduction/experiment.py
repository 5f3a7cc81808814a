"""Does what the plan says on one server, and hands back what came of it."""

from collections.abc import Callable, Mapping, Sequence

from opdboard.answers import AnalysisDetail, RunDetail, RunSummary
from opdboard.client import Client
from opdboard.domain.errors import OpdboardError
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.reproduction.evidence import Evidence
from opdboard.reproduction.plan import ANALYSED, STUDENTS, TEACHER, Scale, analyses, student, teacher


class ReproductionProblem(OpdboardError):
    """A run or an analysis did not finish; the sentence names it."""


def carry_out(client: Client, scale: Scale, report: Callable[[RunSummary], None]) -> Evidence:
    """All runs, then all analyses; report gets each change of one. ReproductionProblem when one of them fails."""
    made: dict[str, list[str]] = {role: [] for role in (TEACHER, *STUDENTS)}
    for seed in scale.seeds:
        taught_by = _create(client, teacher(scale, seed), TEACHER)
        made[TEACHER].append(taught_by)
        for role in STUDENTS:
            made[role].append(_create(client, student(scale, role, seed, taught_by), role))
    _follow(client, [run_id for of_role in made.values() for run_id in of_role], report)

    queued = {
        (run_id, kind): client.analyse(run_id, kind, **parameters).id
        for role in ANALYSED
        for run_id, seed in zip(made[role], scale.seeds, strict=True)
        if seed in scale.analysed_seeds
        for kind, parameters in analyses(scale, role)
    }
    _follow(client, list(queued.values()), report)
    return evidence_of(client, made, queued)


def evidence_of(client: Client, made: Mapping[str, Sequence[str]], queued: Mapping[tuple[str, str], str]) -> Evidence:
    """What the server holds of the runs (ids by role) and of their analyses (ids by run and kind)."""
    runs: dict[str, list[RunDetail]] = {role: [client.run(run_id) for run_id in ids] for role, ids in made.items()}
    found: dict[str, dict[str, AnalysisDetail]] = {}
    for (run_id, kind), analysis in queued.items():
        found.setdefault(run_id, {})[kind] = client.analysis(analysis)
    return Evidence(client, runs, found)


def _create(client: Client, config: RunConfig, role: str) -> str:
    return client.create(config.model_dump(mode="json"), group=role, tags=["reproduction"]).id


def _follow(client: Client, ids: Sequence[str], report: Callable[[RunSummary], None]) -> None:
    for run in client.follow(ids):
        report(run)
    for run in map(client.run, ids):
        if run.state != RunState.FINISHED:
            why = (run.error or {}).get("detail", f"it is {run.state}")
            raise ReproductionProblem(f"{run.name} did not finish: {why}", where=run.id)
