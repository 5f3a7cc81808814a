"""Who scores the student's tokens: a loaded model, or one behind an endpoint. A teacher scores; it never decodes in training."""

import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import Protocol

import torch

from opdboard.domain.errors import DataProblem, RemoteTeacherProblem
from opdboard.domain.teachers import SeveralTeachers
from opdboard_worker.core.teachers import MixedTeacher, PartialTeacher, TeacherScores, WholeTeacher
from opdboard_worker.data.examples import Example
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.models.remote import RemoteModel
from opdboard_worker.training.policy import Policy, Responses


class Teacher(Protocol):
    """Scores tokens behind its own prompts."""

    complete: bool
    """Whether it knows whole distributions, so that the reverse KL to it can be measured."""

    def policy_of(self, example: Example) -> Policy | None:
        """What answers an example in the teacher's place, to see how well it does; None where it cannot."""
        ...

    def scores(self, examples: Sequence[Example], responses: Responses) -> TeacherScores:
        """Of responses.token_N; the prompts of `responses` are the student's."""
        ...


class LoadedTeacher:
    """One frozen model, which may read more than the student does (PromptBuilder.teacher_ids)."""

    complete = True

    def __init__(self, policy: Policy, prompts: PromptBuilder) -> None:
        """policy: frozen."""
        self._policy = policy
        self._prompts = prompts

    def policy_of(self, example: Example) -> Policy | None:
        """The model."""
        return self._policy

    @torch.no_grad()
    def scores(self, examples: Sequence[Example], responses: Responses) -> TeacherScores:
        """One forward pass; logits are made later, in chunks."""
        behind_own = responses.with_prompts([self._prompts.teacher_ids(example) for example in examples])
        return WholeTeacher(self._policy.hidden(behind_own), self._policy.head)


class RoutedTeacher:
    """Several frozen models, of which one scores each example."""

    complete = True

    def __init__(self, policies: Mapping[str, Policy], route: Callable[[Example], str], prompts: PromptBuilder) -> None:
        """policies: by name; route: the name of an example's teacher."""
        self._policies = policies
        self._route = route
        self._prompts = prompts

    def policy_of(self, example: Example) -> Policy | None:
        """The example's own."""
        return self._policies[self._route(example)]

    @torch.no_grad()
    def scores(self, examples: Sequence[Example], responses: Responses) -> TeacherScores:
        """One forward pass per teacher, of its examples."""
        routes = [self._route(example) for example in examples]
        behind_own = responses.with_prompts([self._prompts.teacher_ids(example) for example in examples])
        row_N = responses.row_N
        part_N, place_N = torch.zeros_like(row_N), torch.zeros_like(row_N)
        parts: list[WholeTeacher] = []
        for name in dict.fromkeys(routes):
            rows = [row for row, route in enumerate(routes) if route == name]
            policy = self._policies[name]
            hidden_MK = policy.hidden(behind_own.of_rows(rows))
            its_own_N = torch.isin(row_N, torch.tensor(rows, device=row_N.device))
            part_N[its_own_N] = len(parts)
            place_N[its_own_N] = torch.arange(len(hidden_MK), device=row_N.device)
            parts.append(WholeTeacher(hidden_MK, policy.head))
        device = parts[0].hidden_NK.device
        return MixedTeacher(parts, part_N.to(device), place_N.to(device))


def route_of(settings: SeveralTeachers) -> Callable[[Example], str]:
    """Who scores an example: whom its row names, or one drawn by weight from the example's id alone."""
    names = [one.name for one in settings.teachers]
    ends = list(accumulate(one.weight for one in settings.teachers))

    def drawn(example: Example) -> str:
        at = random.Random(f"teacher {example.id}").random() * ends[-1]
        return next((name for name, end in zip(names, ends, strict=True) if at < end), names[-1])

    def named(example: Example) -> str:
        if example.route not in names:
            raise DataProblem(
                f"the row of {example.prompt[:40]!r} names {example.route!r} in {settings.route_by}, but the teachers are "
                f"{', '.join(names)}",
                where="teacher.teachers",
            )
        return example.route

    return named if settings.route_by else drawn


class DistantTeacher:
    """A model behind an endpoint: log-probabilities of the sampled and of a few likeliest tokens."""

    complete = False

    def __init__(
        self, model: RemoteModel, prompts: PromptBuilder, *, vocabulary: int, device: torch.device, parallel: int
    ) -> None:
        """vocabulary: number of the student's logits; parallel: requests at the same time."""
        self._model = model
        self._prompts = prompts
        self._vocabulary = vocabulary
        self._device = device
        self._requests = ThreadPoolExecutor(parallel, thread_name_prefix="teacher")

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
