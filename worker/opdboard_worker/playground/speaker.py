"""One voice that answers: token by token by the uniform numbers it is given, heard meanwhile by its teacher and the other voices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard.domain.check import PromptRead
from opdboard.domain.errors import ModelProblem
from opdboard.domain.playground import Ending, Piece
from opdboard_worker.core.token_measures import k3, log_probabilities, reverse_kl
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.models.limits import positions_of
from opdboard_worker.playground.reader import Reader
from opdboard_worker.training.policy import Policy, Responses
from opdboard_worker.training.rollout import draw


@dataclass(frozen=True)
class Listener:
    """Whose opinion of the tokens is wanted, and what it reads before them."""

    policy: Policy
    prompt: Sequence[int]


@dataclass(frozen=True)
class Delivery:
    """How an answer is sampled. uniform_R: a number in [0, 1) for each place, so the answer is cut at R tokens."""

    uniform_R: Tensor
    temperature: float
    """0: the likeliest token."""
    measured_at: float
    """Temperature at which probabilities are told."""


class Speaker:
    """The place-th voice of a question; `ended` once nothing more comes."""

    def __init__(
        self,
        place: int,
        own: Listener,
        ends: Sequence[int],
        prompts: PromptBuilder,
        delivery: Delivery,
        *,
        read: PromptRead,
        teacher: Listener | None,
        others: Mapping[int, Listener],
    ) -> None:
        """own: the voice itself; ends: tokens that end its answer; others: by their places. ModelProblem where nothing fits behind the prompt."""
        self.place = place
        self.ids: list[int] = []
        self.logp: list[float | None] = []
        """Of the tokens that pieces were made of."""
        self.ended = self.truncated = False
        self._prompts = prompts
        self._ends = set(ends)
        self._delivery = delivery
        self._room = _room(own, len(delivery.uniform_R))
        if self._room < 1:
            raise ModelProblem(
                f"the prompt has {len(own.prompt)} tokens, as many as the model has positions, or more: nothing fits behind it",
                where="prompt",
            )
        self._reader = self._reading(own)
        self._teacher = None if teacher is None or _room(teacher, self._room) < self._room else self._reading(teacher)
        self.unheard = teacher is not None and self._teacher is None
        """The teacher has no positions for an answer of this length."""
        self._others = {
            other: self._reading(one) for other, one in others.items() if _room(one, self._room) == self._room
        }
        self._read: PromptRead | None = read
        self._text = prompts.coming()
        self._fresh_texts: list[str] = []
        self._fresh_logits: list[Tensor] = []

    @torch.no_grad()
    def say(self) -> None:
        """One token."""
        delivery, place = self._delivery, len(self.ids)
        logits_V = self._reader.next_V
        if delivery.temperature == 0:
            token = int(logits_V.argmax())
        else:
            drawn, _ = draw(
                logits_V.unsqueeze(0) / delivery.temperature, delivery.uniform_R[place : place + 1].to(logits_V.device)
            )
            token = int(drawn[0])
        self.ids.append(token)
        self._fresh_logits.append(logits_V)
        self._fresh_texts.append(self._text.add(token))
        finished = token in self._ends
        self.truncated = not finished and len(self.ids) == self._room
        self.ended = finished or self.truncated
        if not self.ended:
            self._reader.read([token])

    @torch.no_grad()
    def piece(self) -> Piece | None:
        """What was said since the last time, as all hear it; None where that is nothing."""
        count = len(self._fresh_texts)
        if count == 0:
            return None
        start, token_n = len(self.ids) - count, torch.tensor(self.ids[-count:])
        own_nV = self._measured(torch.stack(self._fresh_logits))
        by_voice: list[list[float | None]] = []
        if self._others:
            heard = {self.place: own_nV} | {place: self._heard(one, count) for place, one in self._others.items()}
            by_voice = [_of(heard[place], token_n) if place in heard else [] for place in range(max(heard) + 1)]
        teacher_nV = None if self._teacher is None else self._heard(self._teacher, count)
        logp_n = _of(own_nV, token_n)
        self.logp += logp_n
        made = Piece(
            voice=self.place,
            start=start,
            tokens=self._texts(),
            logp=logp_n,
            kl=[] if teacher_nV is None else reverse_kl(own_nV, teacher_nV).tolist(),
            by_others=by_voice,
            read=self._read,
        )
        self._fresh_texts, self._fresh_logits, self._read = [], [], None
        return made

    def end(self, *, error: str = "", unscored: str = "") -> Ending:
        """How it ended; stopped by somebody where it has not."""
        said = self.ids[:-1] if self.ids and self.ids[-1] in self._ends else self.ids
        (text,) = self._prompts.texts([said])
        stopped = not self.ended and not error
        return Ending(text=text, truncated=self.truncated, stopped=stopped, error=error, unscored=unscored)

    def responses(self, prompt: Sequence[int]) -> Responses:
        """All that was said, behind what a student reads, for a teacher that scores whole answers."""
        token_1R = torch.tensor([self.ids])
        return Responses([prompt], token_1R, torch.ones_like(token_1R, dtype=torch.bool))

    def _reading(self, one: Listener) -> Reader:
        return Reader(one.policy, one.prompt, self._room)

    def _heard(self, listener: Reader, count: int) -> Tensor:
        return self._measured(listener.read(self.ids[-count:]))

    def _measured(self, logits_nV: Tensor) -> Tensor:
        return log_probabilities(logits_nV / self._delivery.measured_at)

    def _texts(self) -> list[str]:
        if self.ended:  # a character that is not complete now never will be
            self._fresh_texts[-1] += self._text.rest()
        return self._fresh_texts


def estimated(own_logp: Sequence[float | None], teacher_logp_N: Tensor) -> list[float | None]:
    """The KL of each token where its teacher's log-probability (N,) alone is known: k3, nats."""
    return k3(torch.tensor(own_logp, dtype=torch.float32), teacher_logp_N.float().cpu()).tolist()


def _room(one: Listener, wanted: int) -> int:
    """Tokens that fit behind its prompt, of those wanted."""
    positions = positions_of(one.policy.model.config)
    return wanted if positions is None else min(wanted, positions - len(one.prompt))


def _of(logp_nV: Tensor, token_n: Tensor) -> list[float | None]:
    return logp_nV.gather(1, token_n.to(logp_nV.device).unsqueeze(1)).squeeze(1).tolist()
