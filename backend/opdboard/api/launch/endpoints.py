"""The run configuration's schema and ready-made configurations."""

from typing import Any

from fastapi import APIRouter

from opdboard.api.launch.schemas import PresetOut
from opdboard.domain.presets import PRESETS
from opdboard.domain.run_config import RunConfig

router = APIRouter(prefix="/api", tags=["launch"])


@router.get("/schema/run-config")
def read_run_config_schema() -> dict[str, Any]:
    """JSON schema of a run configuration, from which the launch form is drawn."""
    return RunConfig.model_json_schema()


@router.get("/presets")
def list_presets() -> list[PresetOut]:
    """Starting points for the launch form."""
    return [
        PresetOut(name=preset.name, title=preset.title, description=preset.description, config=preset.config)
        for preset in PRESETS
    ]
