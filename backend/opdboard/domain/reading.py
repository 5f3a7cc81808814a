"""What student and teacher read before a response: through which chat template, with which arguments. Part of RunConfig."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from opdboard.domain.frozen import Frozen

MOVED = {
    "data.prompt_format": "this is reading.student.template now: own where it was chat, plain where it was plain",
}
"""What fields of earlier versions have become, by path."""

_RESERVED = {
    "messages", "conversation", "chat_template", "add_generation_prompt", "continue_final_message", "tokenize", "padding",
    "truncation", "max_length", "return_tensors", "return_dict", "return_assistant_tokens_mask", "tokenizer_kwargs",
}  # fmt: skip
"""Names by which transformers itself is told how to write a conversation."""


def _allowed(arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for name in arguments:
        if not name.isidentifier() or name in _RESERVED:
            raise ValueError(f"'{name}' cannot be handed to a template: choose the name of a variable that it asks for")
    return arguments


Arguments = Annotated[dict[str, JsonValue], AfterValidator(_allowed)]
_ARGUMENTS = "Handed to the chat template by name, such as enable_thinking: false."


class StudentReading(Frozen):
    """How the student reads a prompt."""

    model_config = ConfigDict(title="Student")
    template: Literal["own", "teacher", "plain"] = Field(
        default="own",
        description="own is the chat template of its tokenizer, teacher that of the teacher's tokenizer, for one that has none; "
        "plain writes the text as it is. Generated sums are always plain.",
    )
    template_arguments: Arguments = Field(default={}, description=_ARGUMENTS)
    end_tokens: list[str] = Field(
        default=[],
        max_length=16,
        description="Tokens that end a response, such as <|im_end|>; none takes those of tokenizer and generation config.",
    )


class TeacherReading(Frozen):
    """How the teacher reads a prompt."""

    model_config = ConfigDict(title="Teacher")
    template: Literal["student", "own", "plain"] = Field(
        default="student",
        description="student reads the student's very tokens; own is the chat template of its own tokenizer; plain writes the text "
        "as it is.",
    )
    template_arguments: Arguments = Field(
        default={}, description=f"{_ARGUMENTS} Only where it reads through its own template."
    )
    end_tokens: list[str] = Field(
        default=[],
        max_length=16,
        description="Tokens that it ends a response with; none takes those of tokenizer and generation config.",
    )


class Reading(Frozen):
    """What each side reads before a response."""

    system_prompt: str = Field(
        default="",
        description="Put in front of every prompt that has none of its own, on both sides; may be empty.",
        json_schema_extra={"x-control": "textarea"},
    )
    student: StudentReading = Field(default=StudentReading(), description="How the student reads a prompt.")
    teacher: TeacherReading = Field(default=TeacherReading(), description="How the teacher reads the same prompt.")
    ends: Literal["leave", "map"] = Field(
        default="leave",
        title="Where end tokens differ",
        description="Where the two end a response with different tokens: map counts them as one event on both sides, their "
        "probabilities summed before anything is compared; leave compares token by token.",
    )
