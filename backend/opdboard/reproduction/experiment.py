"""Does what the plan says on one server, and hands back what came of it."""

from collections.abc import Callable, Sequence
from typing import Any

from opdboard.client import Client
from opdboard.domain.errors import OpdboardError
from opdboard.domain.run_state import RunState
from opdboard.reproduction.evidence import Evidence
from opdboard.reproduction.plan import ANALYSED, STUDENTS, TEACHER, Scale, analyses, student, teacher

Json = dict[str, Any]


class ReproductionProblem(OpdboardError):
    """A run or an analysis did not finish; the sentence names it."""


def carry_out(client: Client, scale: Scale, report: Callable[[Json], None]) -> Evidence:
    """All runs, then all analyses; report gets each change of one. ReproductionProblem when one of them fails."""
    runs: dict[str, list[Json]] = {role: [] for role in (TEACHER, *STUDENTS)}
    for seed in scale.seeds:
        taught_by = _create(client, teacher(scale, seed).model_dump(mode="json"), TEACHER)
        runs[TEACHER].append(taught_by)
        for role in STUDENTS:
            config = student(scale, role, seed, taught_by["id"]).model_dump(mode="json")
            runs[role].append(_create(client, config, role))
    everything = [run["id"] for of_role in runs.values() for run in of_role]
    _follow(client, everything, report)
    runs = {role: [client.run(run["id"]) for run in of_role] for role, of_role in runs.items()}

    queued = {
        (run["id"], kind): client.analyse(run["id"], kind, **parameters)["id"]
        for role in ANALYSED
        for run, seed in zip(runs[role], scale.seeds, strict=True)
        if seed in scale.analysed_seeds
        for kind, parameters in analyses(scale, role)
    }
    _follow(client, list(queued.values()), report)
    found: dict[str, dict[str, Json]] = {}
    for (run_id, kind), analysis in queued.items():
        found.setdefault(run_id, {})[kind] = client.analysis(analysis)
    return Evidence(client, runs, found)


def _create(client: Client, config: Json, role: str) -> Json:
    return client.create(config, group=role, tags=["reproduction"])


def _follow(client: Client, ids: Sequence[str], report: Callable[[Json], None]) -> None:
    for run in client.follow(ids):
        report(run)
    for run_id in ids:
        run = client.run(run_id)
        if run["state"] != RunState.FINISHED:
            why = (run["error"] or {}).get("detail", f"it is {run['state']}")
            raise ReproductionProblem(f"{run['name']} did not finish: {why}", where=run_id)
