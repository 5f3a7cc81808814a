"""What the launch form reads and sends."""

from typing import Any

from pydantic import BaseModel, Field

from opdboard.api.parameters import Parameters
from opdboard.api.problems import FieldProblem
from opdboard.api.runs.schemas import Group, Notes, RunSummary, Source, Tags
from opdboard.domain.run_config import RunConfig
from opdboard.domain.sweep import Sweep, Value


class PresetOut(BaseModel):
    """A ready-made configuration, or a sweep of one."""

    name: str
    title: str
    description: str
    needs: str = Field(description="What must be there before it can run.")
    takes: str = Field(description="About how long it takes.")
    config: RunConfig
    sweep: Sweep
    per_setting: bool = Field(description="Each setting of the sweep is a group of its own.")


class SweepIn(Parameters):
    """A configuration, perhaps not yet valid, and what to vary of it."""

    config: dict[str, Any] = Field(description="A run configuration; what is left out has its default.")
    sweep: Sweep = Field(default=Sweep(), description="Empty is one run.")
    group: Group = Field(default="", description="Empty takes the configuration's name for a sweep.")
    per_setting: bool = Field(
        default=False, description="A group for each setting, whose members differ by their seed alone."
    )


class SweepCreate(SweepIn):
    """Runs to launch together."""

    tags: Tags = Field(default=[])
    notes: Notes = ""
    copied_from: Source = None


class SweepMade(BaseModel):
    """The runs of a sweep, all of them queued."""

    groups: list[str]
    runs: list[RunSummary]


class WorkloadOut(BaseModel):
    """Counts. Tokens are upper bounds: every response as long as it may be."""

    steps: int
    prompts: int
    training_tokens: int
    triggers: int = Field(description="Steps at which the strategy looks ahead.")
    candidates: int = Field(description="Tries of all triggers, at most.")
    search_tokens: int
    evaluations: int
    evaluation_tokens: int | None = Field(description="Not known before the data is read where a share is held out.")
    set_evaluations: int = Field(description="Scorings of each evaluation set; 0 without sets.")
    set_tokens: int
    checkpoints: int
    checkpoints_kept: int
    snapshots: int = Field(description="Steps at which spectra and subspaces are measured.")


class PartOut(BaseModel):
    """One thing that takes room."""

    name: str
    bytes: int
    phase: str = Field(description="always, or the phase of a step that alone needs it: training, rollout, search.")


class FootprintOut(BaseModel):
    """Estimated from the models' shapes; parts say what is included."""

    parameters: int = Field(description="Of the student.")
    memory_bytes: int = Field(
        description="Peak of one run on each of its devices: what always is there and the largest phase."
    )
    memory: list[PartOut]
    checkpoint_bytes: int
    disk_bytes: int = Field(description="Of all planned runs.")
    disk: list[PartOut]


class PaceOut(BaseModel):
    """What past runs of the same student, batch and response length took."""

    runs: int
    seconds: float = Field(description="Training and search of all planned runs, one after another.")
    seconds_per_step: float = Field(description="Median over past runs, without search.")
    search_included: bool = Field(description="Whether past runs of the same strategy told what the search takes.")
    memory_bytes: float | None = Field(description="Largest peak that a past run reported.")


class PlaceOut(BaseModel):
    """Where the runs will go."""

    queue: str
    workers: list[str] = Field(description="Live workers that take runs of this queue.")
    free_workers: int
    queued_before: int = Field(description="Runs that already wait for the same queue.")
    memory_total: float | None = Field(description="Bytes of the largest of these machines.")


class PlannedRunOut(BaseModel):
    """One run that a launch would make."""

    name: str
    group: str
    values: dict[str, Value]
    steps: int


class PlanOut(BaseModel):
    """What a launch would do. With problems only those are sure to be there."""

    problems: list[FieldProblem] = Field(description="Wrong values; paths of the sweep begin with 'sweep.'.")
    runs: list[PlannedRunOut] = Field(default=[])
    workload: WorkloadOut | None = Field(default=None, description="All planned runs together.")
    footprint: FootprintOut | None = None
    footprint_unknown: str | None = Field(default=None, description="Why there is no footprint.")
    pace: PaceOut | None = None
    place: PlaceOut | None = None
    unseen: list[FieldProblem] = Field(
        default=[], description="Paths that lead nowhere on the web server's machine; a worker elsewhere may see them."
    )
