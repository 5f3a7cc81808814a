"""What is asked to be checked."""

from opdboard.api.parameters import Parameters
from opdboard.domain.run_config import RunConfig


class CheckCreate(Parameters):
    """A configuration to check before it is launched."""

    config: RunConfig
