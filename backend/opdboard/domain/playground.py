"""Talking to what a run's weights have become: who is asked, what, and what comes back, piece by piece.

Probabilities are natural logarithms (nats) at the run's own temperature, whatever the question samples at: the KL of a token
is the one that the run's curves and samples are made of.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from opdboard.domain.check import PromptRead
from opdboard.domain.commands import LARGEST_FACTOR
from opdboard.domain.finite import Finite
from opdboard.domain.frozen import Frozen

MOST_VOICES = 4
LONGEST_PROMPT = 200_000
"""Characters."""
MOST_TOKENS = 8192
_LARGEST = 2**31 - 1


class Voice(Frozen):
    """Weights of a run that answer."""

    kind: Literal["base", "teacher", "checkpoint", "candidate"]
    step: int | None = Field(
        default=None, ge=0, le=_LARGEST, description="Of a checkpoint, or at which a candidate was tried."
    )
    factor: float | None = Field(
        default=None, gt=-1, le=LARGEST_FACTOR, description="Of the candidate W_t + factor D, taken or refused."
    )

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        wanted = {"checkpoint": (True, False), "candidate": (True, True)}.get(self.kind, (False, False))
        if (self.step is not None, self.factor is not None) != wanted:
            raise ValueError("a checkpoint has a step, a candidate a step and a factor, base and teacher neither")
        return self


class Question(Frozen):
    """One prompt, for all its voices on the same random numbers."""

    voices: list[Voice] = Field(min_length=1, max_length=MOST_VOICES)
    prompt: str = Field(default="", max_length=LONGEST_PROMPT, description="Empty where a held-out prompt is asked.")
    held_out: int | None = Field(default=None, ge=0, le=_LARGEST, description="Id of a held-out prompt of the run.")
    follows: int | None = Field(
        default=None,
        ge=1,
        le=_LARGEST,
        description="The question that it goes on from, asked of the same voices; each goes on from its own answer.",
    )
    system_prompt: str | None = Field(
        default=None,
        max_length=LONGEST_PROMPT,
        description="In place of the run's; null keeps that. Of a first question.",
    )
    temperature: float = Field(default=1.0, ge=0, le=5, description="0 takes the likeliest token.")
    max_tokens: int = Field(default=256, ge=1, le=MOST_TOKENS, description="Where an answer is cut.")
    seed: int = Field(default=0, ge=0, le=_LARGEST, description="Of the random numbers, the same for every voice.")

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if bool(self.prompt.strip()) == (self.held_out is not None):
            raise ValueError("give a prompt, or the id of a held-out one")
        if self.follows is not None and (self.held_out is not None or self.system_prompt is not None):
            raise ValueError("what goes on from an answer is a prompt of its own, read behind the same system prompt")
        return self


class Ending(Frozen):
    """How a voice's answer ended."""

    text: str = Field(description="The answer without special tokens.")
    truncated: bool = Field(default=False, description="Cut at max_tokens.")
    stopped: bool = Field(default=False, description="Somebody asked to stop.")
    error: str = Field(default="", description="Why there is no answer, or no more of it, in a sentence.")
    unscored: str = Field(default="", description="Why its tokens have no KL to the teacher, in a sentence.")


class Piece(Frozen):
    """Some tokens of an answer, put over what was told of them before; lists have an entry per token, or none at all."""

    voice: int = Field(description="Place among the question's voices.")
    start: int = Field(default=0, description="Index of the first token.")
    tokens: list[str] = Field(
        default=[], description="Together the text; a character that several tokens make up stands at the last."
    )
    logp: list[Finite] = Field(default=[], description="Of the token, by the voice itself.")
    kl: list[Finite] = Field(default=[], description="To the teacher.")
    by_others: list[list[Finite]] = Field(
        default=[], description="log-probability of the same tokens by every voice of the question, its own included."
    )
    read: PromptRead | None = Field(default=None, description="What was read before the answer, told once.")
    end: Ending | None = None


class HeldOutPrompt(Frozen):
    """A prompt that the run is judged by."""

    id: int
    prompt: str
    answer: str | None


class About(Frozen):
    """What a worker tells once the models are loaded."""

    base: str
    teacher: str
    kl: Literal["reverse_kl", "k3", ""] = Field(
        description="What a token's KL is: over the whole vocabulary, or estimated from the token alone where the teacher tells "
        "no more; empty without a teacher."
    )
    no_teacher: str = Field(default="", description="Why there is none, in a sentence.")
    temperature: float = Field(description="The run's, at which probabilities are taken.")
    max_tokens: int = Field(description="The run's own limit.")
    system_prompt: str = Field(description="The run's.")
    held_out: list[HeldOutPrompt]
    no_held_out: str = Field(default="", description="Why there are none, in a sentence.")


class PlaygroundConfig(Frozen):
    """The job that holds a run's models while somebody talks to them."""

    run_id: str = Field(min_length=1, max_length=32, description="The run whose weights are asked.")
    device: Literal["auto", "cpu", "cuda"] = "auto"
