"""Runs as a path or a query names them."""

from typing import Annotated

from fastapi import Path, Query

from opdboard.api.parameters import RUN_ID_PATTERN

RunId = Annotated[str, Path(pattern=RUN_ID_PATTERN, description="Id of a run.")]
Runs = Annotated[
    str, Query(max_length=2000, description="Comma-separated run ids; group:NAME stands for all runs of a group.")
]
