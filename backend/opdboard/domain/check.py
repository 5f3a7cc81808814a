"""What was found of a pair and its data before any step: what each side reads, how far apart they are, what to beware of.

Probabilities are natural logarithms (nats); those of a token are at the temperature that samples.
"""

from pydantic import Field, JsonValue

from opdboard.domain.data_look import DataLook
from opdboard.domain.finite import Finite
from opdboard.domain.frozen import Frozen


class Token(Frozen):
    """A token of a tokenizer."""

    id: int
    text: str


class Side(Frozen):
    """How one of the models reads and ends."""

    who: str = Field(description="student, teacher, or the name of one of several teachers.")
    label: str
    template: str = Field(description="Through what it reads a prompt, in words.")
    template_arguments: dict[str, JsonValue] = Field(default={}, description="Handed to the template.")
    begins_with: Token | None = Field(
        default=None, description="The special token in front of every prompt; null without."
    )
    end_tokens: list[Token] = Field(default=[], description="With which it ends a response.")
    tokens: int | None = Field(default=None, description="Up to the largest id of its tokenizer; null where not known.")
    rows: int | None = Field(default=None, description="Of logits; those beyond the tokens are padding.")
    temperature: float = Field(description="At which its probabilities are taken.")
    generation: dict[str, JsonValue] = Field(
        default={}, description="Sampling settings of its generation_config.json, which are not used."
    )


class Read(Frozen):
    """Tokens in their order, a column each."""

    ids: list[int]
    texts: list[str] = Field(
        description="Together the text; a character that several tokens make up stands at the last."
    )
    apart: list[bool] = Field(description="Whether the other side does not read the token here.")


class PromptRead(Frozen):
    """A prompt as both sides read it; the middle of a long one is left out."""

    student: Read
    teacher: Read | None = Field(description="Null where nobody scores.")
    tokens: tuple[int, int] = Field(description="Of the whole prompt: student, teacher.")
    differing: int = Field(description="Tokens of either side that the other does not read, in the whole prompt.")


class ScoredResponse(Frozen):
    """A response that the untrained student sampled, and what both sides make of its tokens."""

    prompt: str
    length: int = Field(description="Tokens; below are the first of them.")
    tokens: list[str]
    student_logp: list[Finite]
    teacher_logp: list[Finite] | None = Field(description="Null where nobody scores.")
    ended: bool = Field(description="By an end token; else it was cut.")


class Apart(Frozen):
    """How far two series of log-probabilities of the same tokens are apart, nats."""

    mean: Finite = Field(description="Of the absolute differences.")
    largest: Finite
    tokens: int


class TokenApart(Frozen):
    """A token of the vocabulary wherever it was scored."""

    id: int
    text: str
    times: int
    served: Finite = Field(description="Mean log-probability by the server.")
    local: Finite = Field(description="By the local weights.")
    largest: Finite = Field(description="Of the absolute differences.")


class Parity(Frozen):
    """A served teacher against the weights that it is said to serve, on the same tokens."""

    weights: str = Field(description="What the local weights are called.")
    apart: Apart
    worst: list[TokenApart] = Field(description="The tokens with the largest differences, those first.")


class Divergence(Frozen):
    """The untrained student's distance to its teacher."""

    mean: Finite = Field(description="Nats per token.")
    estimator: str = Field(description="reverse_kl over the whole vocabulary, or k3 of the sampled tokens.")
    tokens: int


class Expectation(Frozen):
    """What a step will take, and from what that is known."""

    seconds_per_step: float
    seconds_from: str
    memory_bytes: int
    memory_from: str


class Trap(Frozen):
    """Something to look at before a launch."""

    about: str = Field(
        description="ends, begins, templates, left_out, sets, temperature, lengths, mass, clipped, noise, parity, distance."
    )
    message: str


class SetRead(Frozen):
    """An evaluation set as it is scored while the run trains."""

    name: str
    forgetting: bool
    prompts: int = Field(description="That are answered.")
    judged: int = Field(description="Of these, those whose answer is known.")
    samples: int = Field(description="Answers to each.")
    temperature: float
    max_response_tokens: int
    trained_on: int = Field(description="Left out because the run trains on them.")
    too_long: int = Field(description="Left out because they are longer than budget.max_prompt_tokens.")


class Check(Frozen):
    """The whole document. Nothing in it was trained."""

    sides: list[Side] = Field(description="The student, then every teacher.")
    ends: str = Field(description="What happens at the end of a response, in a sentence.")
    prompts: list[PromptRead] = Field(description="The first of the training data.")
    sets: list[SetRead] = Field(default=[], description="Evaluation sets, in the order of the configuration.")
    left_out: int = Field(description="Prompts that are longer than budget.max_prompt_tokens.")
    all_prompts: int = Field(description="Those that are used and those left out.")
    responses: list[ScoredResponse]
    sampled: int = Field(description="Responses that the numbers below are of.")
    ended: int = Field(description="Those of them that an end token ended.")
    divergence: Divergence | None = Field(description="Null without a teacher.")
    repeatability: Apart | None = Field(
        description="Two scorings of the same tokens by the teacher: the noise floor; null without a teacher."
    )
    sampler: Apart = Field(description="What the sampler says of its tokens, and what the trainer does.")
    clipped: Finite = Field(
        default=None,
        description="Share of tokens whose importance weight is capped; null where the objective has none.",
    )
    top_mass: Finite = Field(
        default=None,
        description="Mean probability that the teacher gives to the tokens it tells; null where it tells all.",
    )
    parity: str = Field(
        default="", description="Why a served teacher was not compared with local weights; empty without one."
    )
    served: Parity | None = Field(
        default=None, description="A served teacher against local weights; null where none are named."
    )
    sampling_temperature: float
    expected: Expectation
    warnings: list[Trap] = Field(default=[])
    data: DataLook | None = Field(
        default=None,
        description="What the data hold, of a check that was asked for; null of sums and of a run's own check.",
    )
