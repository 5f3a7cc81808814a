"""Who scores the student's tokens: a loaded model, or one behind an endpoint. A teacher scores; it never decodes in training."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import torch

from opdboard.domain.errors import RemoteTeacherProblem
from opdboard_worker.core.teachers import PartialTeacher, TeacherScores, WholeTeacher
from opdboard_worker.data.examples import Example
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.models.remote import RemoteModel
from opdboard_worker.training.policy import Policy, Responses


class Teacher(Protocol):
    """Scores tokens behind its own prompts."""

    @property
    def complete(self) -> bool:
        """Whether it knows whole distributions, so that the reverse KL to it can be measured."""
        ...

    def policy_of(self, example: Example) -> Policy | None:
        """What answers an example in the teacher's place, to see how well it does; None where it cannot."""
        ...

    def scores(self, examples: Sequence[Example], responses: Responses) -> TeacherScores:
        """Of responses.token_N; the prompts of `responses` are the student's."""
        ...


class LoadedTeacher:
    """One frozen model, which may read more than the student does (PromptBuilder.teacher_ids)."""

    def __init__(self, policy: Policy, prompts: PromptBuilder) -> None:
        """policy: frozen."""
        self._policy = policy
        self._prompts = prompts

    @property
    def complete(self) -> bool:
        """Always."""
        return True

    def policy_of(self, example: Example) -> Policy | None:
        """The model."""
        return self._policy

    @torch.no_grad()
    def scores(self, examples: Sequence[Example], responses: Responses) -> TeacherScores:
        """One forward pass; logits are made later, in chunks."""
        behind_own = responses.with_prompts([self._prompts.teacher_ids(example) for example in examples])
        return WholeTeacher(self._policy.hidden(behind_own), self._policy.head)


class DistantTeacher:
    """A model behind an endpoint: log-probabilities of the sampled and of a few likeliest tokens."""

    def __init__(
        self, model: RemoteModel, prompts: PromptBuilder, *, vocabulary: int, device: torch.device, parallel: int
    ) -> None:
        """vocabulary: number of the student's logits; parallel: requests at the same time."""
        self._model = model
        self._prompts = prompts
        self._vocabulary = vocabulary
        self._device = device
        self._requests = ThreadPoolExecutor(parallel, thread_name_prefix="teacher")

    @property
    def complete(self) -> bool:
        """Never."""
        return False

    def policy_of(self, example: Example) -> Policy | None:
        """Nothing here can answer."""
        return None

    def scores(self, examples: Sequence[Example], responses: Responses) -> TeacherScores:
        """One request per response. Raises RemoteTeacherProblem."""
        texts = [tokens[mask].tolist() for tokens, mask in zip(responses.token_BR, responses.mask_BR, strict=True)]
        prompts = [self._prompts.teacher_ids(example) for example in examples]
        told = list(
            self._requests.map(lambda prompt, text: self._model.score([*prompt, *text], len(prompt)), prompts, texts)
        )
        top_tokens = [place for scores in told for place in scores.top_tokens]
        top_logp = [place for scores in told for place in scores.top_logp]
        largest = max((token for place in top_tokens for token in place), default=0)
        if largest >= self._vocabulary:
            raise RemoteTeacherProblem(
                f"the server finds token {largest} likely, but the student has {self._vocabulary} tokens; serve a model with the "
                "student's tokenizer",
                where="teacher",
            )
        shape = (len(top_tokens), len(top_tokens[0]) if top_tokens else 0)
        return PartialTeacher(
            responses.token_N.to(self._device),
            torch.tensor([logp for scores in told for logp in scores.logp], device=self._device),
            torch.tensor(top_tokens, dtype=torch.long, device=self._device).reshape(shape),
            torch.tensor(top_logp, device=self._device).reshape(shape),
            self._vocabulary,
        )
