"""The run configuration's schema, ready-made configurations, what a launch would do, and launching a sweep."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.launch import plan, preview, sweeps
from opdboard.api.launch.preview_schemas import DataIn
from opdboard.api.launch.schemas import PlanOut, PresetOut, SweepCreate, SweepIn, SweepMade
from opdboard.api.rows import filled
from opdboard.domain.data_look import DataLook
from opdboard.domain.field_names import TRL
from opdboard.domain.presets import PRESETS
from opdboard.domain.run_config import RunConfig

router = APIRouter(prefix="/api", tags=["launch"], route_class=JsonRoute)


@router.get("/schema/run-config")
def read_run_config_schema() -> dict[str, Any]:
    """JSON schema of a run configuration, from which the launch form is drawn; `trl` says what TRL calls its fields."""
    return RunConfig.model_json_schema() | {"trl": {name: asdict(one) for name, one in TRL.items()}}


@router.get("/presets")
def list_presets() -> list[PresetOut]:
    """Starting points for the launch form."""
    return [filled(PresetOut, preset) for preset in PRESETS]


@router.post("/launch/plan")
def plan_launch(context: Ctx, body: SweepIn) -> PlanOut:
    """What launching this would do: counts, memory, disk, time and place; or which values are wrong. Makes nothing."""
    return plan.plan(context, body)


@router.post("/launch/data")
def preview_data(context: Ctx, body: DataIn) -> DataLook:
    """What data files hold, from their first rows: what was recognised, what is amiss, how long prompts are. Makes nothing."""
    return preview.preview(context, body)


@router.post("/launch/sweep", status_code=201)
def launch_sweep(context: Ctx, body: SweepCreate) -> SweepMade:
    """Launch every combination of a sweep, or none when one of them is refused."""
    return sweeps.launch(context, body)


@router.post("/launch/demo", status_code=201)
def launch_demo(context: Ctx) -> SweepMade:
    """Launch the demo's four runs on the built-in models; EffOPD's is the first."""
    return sweeps.launch_demo(context)
