"""Where weights come from: the kinds of model that can be a student or a teacher."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import override

from opdboard.domain.commands import LARGEST_FACTOR
from opdboard.domain.frozen import Frozen


class Source(Frozen):
    """One of them."""

    kind: Any  # a Literal of its own in each

    @property
    def label(self) -> str:
        """What rows call it; of a path its last part."""
        return getattr(self, "path", "").rstrip("/").rsplit("/", 1)[-1]


class DemoModel(Source):
    """One of the two 0.3M-parameter Llama models that come with opdboard."""

    model_config = ConfigDict(title="Built-in demo model")
    kind: Literal["demo"] = "demo"
    role: Literal["base", "teacher"] = Field(
        default="base", description="base answers about 12% of the sums rightly when sampled, teacher about 50%."
    )

    @property
    @override
    def label(self) -> str:
        return f"demo {self.role}"


class FolderModel(Source):
    """A folder in Hugging Face format."""

    model_config = ConfigDict(title="Local folder")
    kind: Literal["folder"] = "folder"
    path: str = Field(
        min_length=1,
        description="Folder with config.json, *.safetensors and a tokenizer, on the worker.",
        json_schema_extra={"x-control": "model_folder"},
    )


class HubModel(Source):
    """A model on the Hugging Face hub."""

    model_config = ConfigDict(title="Hugging Face hub")
    kind: Literal["hub"] = "hub"
    repo_id: str = Field(
        min_length=1,
        description="For example Qwen/Qwen3-1.7B-Base; a part of a name is looked for on the hub.",
        json_schema_extra={"x-control": "hub_model"},
    )
    revision: str = Field(
        default="main", min_length=1, description="Branch, tag or commit; pin a commit to be repeatable."
    )

    @property
    @override
    def label(self) -> str:
        return self.repo_id


class GgufModel(Source):
    """A GGUF file, de-quantised while loading."""

    model_config = ConfigDict(title="GGUF file")
    kind: Literal["gguf"] = "gguf"
    path: str = Field(
        min_length=1,
        description="A .gguf file on the worker; its tokenizer and chat template are used.",
        json_schema_extra={"x-control": "gguf_file"},
    )


class RunModel(Source):
    """A checkpoint of another run, or a candidate that it tried."""

    model_config = ConfigDict(title="A run's checkpoint")
    kind: Literal["run"] = "run"
    run_id: str = Field(min_length=1, description="The run whose weights to load.")
    step: int | None = Field(
        default=None,
        ge=0,
        description="Checkpoint step; empty takes the latest one, of a teacher that is still trained its last.",
    )
    factor: float | None = Field(
        default=None,
        gt=-1,
        le=LARGEST_FACTOR,
        description="Empty loads the checkpoint. A number loads the candidate W_t + factor D of the extrapolation tried at "
        "`step`, taken or refused; 0 is W_t before any jump, below 0 a part of the way back.",
    )

    @model_validator(mode="after")
    def _a_candidate_has_a_step(self) -> "RunModel":
        if self.factor is not None and self.step is None:
            raise ValueError("factor needs a step: the one at which the extrapolation was tried")
        return self

    @property
    @override
    def label(self) -> str:
        at = "" if self.step is None else f" @ {self.step}"
        return f"run {self.run_id}{at}" + ("" if self.factor is None else f" × {self.factor:g}")


ModelSource = Annotated[DemoModel | FolderModel | HubModel | GgufModel | RunModel, Field(discriminator="kind")]
