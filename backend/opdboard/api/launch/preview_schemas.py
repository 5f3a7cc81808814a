"""What the preview of data asks."""

from typing import Annotated

from pydantic import Field

from opdboard.api.parameters import Parameters
from opdboard.domain.data import FileData, HubData, UploadData


class DataIn(Parameters):
    """The data of a configuration, and what its prompts are measured by."""

    data: Annotated[FileData | UploadData | HubData, Field(discriminator="kind")]
    route_by: str = Field(default="", max_length=200, description="As teacher.route_by.")
    tokenizer: str = Field(default="", max_length=4000, description="Folder with the student's tokenizer.json.")
    max_prompt_tokens: int | None = Field(default=None, ge=1, description="As budget.max_prompt_tokens.")
