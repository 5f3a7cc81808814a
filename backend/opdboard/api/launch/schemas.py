"""What the launch form reads."""

from pydantic import BaseModel

from opdboard.domain.run_config import RunConfig


class PresetOut(BaseModel):
    """A ready-made configuration."""

    name: str
    title: str
    description: str
    config: RunConfig
