"""Who scores the student's tokens: a loaded model, or one behind an endpoint. A teacher scores; it never decodes in training."""

import logging
import math
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import torch

from opdboard.domain.errors import DataProblem, RemoteTeacherProblem
from opdboard.domain.teachers import SeveralTeachers
from opdboard_worker.core.teachers import MixedTeacher, PartialTeacher, TeacherScores, WholeTeacher
from opdboard_worker.core.vocabulary import Vocabulary
from opdboard_worker.data.examples import Example
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.models.remote import RemoteModel, TokenScores
from opdboard_worker.training.policy import Policy, Responses

log = logging.getLogger(__name__)


class Teacher(Protocol):
    """Scores tokens behind its own prompts."""

    complete: bool
    """Whether it knows whole distributions, so that the reverse KL to it can be measured."""

    @property
    def models(self) -> Mapping[str, Policy]:
        """What is loaded here, by name: 'teacher' where there is one; none of a model that is elsewhere."""
        ...

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

    @property
    def models(self) -> Mapping[str, Policy]:
        """The one."""
        return {"teacher": self._policy}

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

    @property
    def models(self) -> Mapping[str, Policy]:
        """All of them."""
        return self._policies

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
        self,
        model: RemoteModel,
        prompts: PromptBuilder,
        *,
        vocabulary: Vocabulary,
        enough: Callable[[int], bool],
        device: torch.device,
        parallel: int,
    ) -> None:
        """vocabulary: the student's; enough: whether so many of the likeliest tokens do; parallel: requests at the same time."""
        self._model = model
        self._prompts = prompts
        self._vocabulary = vocabulary
        self._enough = enough
        self._padding_told = False
        self._device = device
        self._requests = ThreadPoolExecutor(parallel, thread_name_prefix="teacher")

    @property
    def models(self) -> Mapping[str, Policy]:
        """Nothing is loaded here."""
        return {}

    def policy_of(self, example: Example) -> Policy | None:
        """Nothing here can answer."""
        return None

    def scores(self, examples: Sequence[Example], responses: Responses) -> TeacherScores:
        """One request per response, and one for each other token of the event where it happens. Raises RemoteTeacherProblem."""
        texts = [tokens[mask].tolist() for tokens, mask in zip(responses.token_BR, responses.mask_BR, strict=True)]
        prompts = [self._prompts.teacher_ids(example) for example in examples]
        told = [
            place
            for scores in self._requests.map(self._score, prompts, texts)
            for place in zip(scores.logp, scores.top_tokens, scores.top_logp, strict=True)
        ]
        places = [self._without_padding(*place) for place in told]
        asked = min((len(top) for _, top, _ in told), default=0)
        # How likely the event is elsewhere is not told, so that no list of the likeliest would be right.
        known = 0 if self._vocabulary.event else min((len(place.top) for place in places), default=0)
        if self._enough(asked) and not self._enough(known):
            raise RemoteTeacherProblem(
                f"of the {asked} likeliest tokens that the server tells, {asked - known} are padding (ids from "
                f"{self._vocabulary.size}), and the others are too few for the objective; raise teacher.top_logprobs",
                where="teacher.top_logprobs",
            )
        top_tokens = [[token for token, _ in place.top[:known]] for place in places]
        top_logp = [[logp for _, logp in place.top[:known]] for place in places]
        shape = (len(places), known)
        return PartialTeacher(
            responses.token_N.to(self._device),
            torch.tensor([place.logp for place in places], device=self._device),
            torch.tensor(top_tokens, dtype=torch.long, device=self._device).reshape(shape),
            torch.tensor(top_logp, device=self._device).reshape(shape),
            self._vocabulary.size,
        )

    def _score(self, prompt: list[int], text: list[int]) -> TokenScores:
        """As the server tells, with the probability of the whole event at each place where it happens."""
        scores = self._model.score([*prompt, *text], len(prompt))
        if not self._vocabulary.event:
            return scores
        end, *others = self._vocabulary.event
        logp = list(scores.logp)
        for place in (place for place, token in enumerate(text) if token == end):
            before = [*prompt, *text[:place]]
            parts = [logp[place], *(self._model.score([*before, other], len(before)).logp[0] for other in others)]
            logp[place] = float(torch.tensor(parts, dtype=torch.float64).logsumexp(0))
        return TokenScores(logp, scores.top_tokens, scores.top_logp)

    def _without_padding(self, logp: float, top_tokens: list[int], top_logp: list[float]) -> "_Place":
        """One place's log-probabilities, given that it is none of the padding rows that are among the likeliest."""
        top = list(zip(top_tokens, top_logp, strict=True))
        padding = sum(math.exp(one) for token, one in top if token >= self._vocabulary.size)
        if not padding:
            return _Place(logp, top)
        if padding >= 1:
            raise RemoteTeacherProblem("the server gives all probability to padding", where="teacher")
        if not self._padding_told:
            self._padding_told = True
            log.warning(
                "the server finds rows beyond the tokenizer likely (%.2g of the probability): they are padding and left out, and "
                "the rest is divided by what remains",
                padding,
            )
        rest = math.log1p(-padding)
        return _Place(logp - rest, [(token, one - rest) for token, one in top if token < self._vocabulary.size])


@dataclass(frozen=True)
class _Place:
    """What a server tells of one response token: its log-probability, and (token, log-probability) of the likeliest."""

    logp: float
    top: list[tuple[int, float]]
