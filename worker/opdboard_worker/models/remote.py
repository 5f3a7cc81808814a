"""Log-probabilities of given tokens from a model behind an OpenAI-compatible endpoint (vLLM, SGLang and others).

A request holds token ids as its prompt, so both sides must mean the same tokens by them; `check_remote_vocabulary` in
`pair` compares what can be compared. Answers are checked entry by entry: nothing inconsistent reaches a loss.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import httpx
import tenacity

from opdboard.domain.addresses import stays_here
from opdboard.domain.errors import RemoteTeacherProblem
from opdboard.domain.teachers import RemoteTeacher
from opdboard.teacher_keys import address_of

log = logging.getLogger(__name__)

_PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_PROBABILITY = -9999.0
"""What vLLM writes for minus infinity."""


@dataclass(frozen=True)
class TokenScores:
    """Of each token asked for: its log-probability in nats, and the likeliest tokens in its place with theirs."""

    logp: list[float]
    top_tokens: list[list[int]]
    top_logp: list[list[float]]


class _Passing(Exception):
    """A failure that may be over in a moment."""


class RemoteModel:
    """A client of one endpoint; may be used by several threads."""

    def __init__(self, settings: RemoteTeacher, key: str | None) -> None:
        """key: sent as bearer token, where the server wants one.

        BadInput when the address is none, RemoteTeacherProblem when the environment's proxy is unusable.
        """
        self._settings = settings
        base = address_of(settings)
        path, mark, query = base.raw_path.partition(b"?")
        self._address = base.copy_with(raw_path=path.rstrip(b"/") + b"/completions" + mark + query)
        try:
            self._client = httpx.Client(
                timeout=httpx.Timeout(settings.timeout_seconds, connect=min(10.0, settings.timeout_seconds)),
                headers={"Authorization": f"Bearer {key}"} if key else {},
                limits=httpx.Limits(max_connections=settings.parallel_requests),
                trust_env=not stays_here(settings.url),  # a proxy does not lead to this machine
                follow_redirects=False,  # the key and the texts are for this address alone
            )
        except (ImportError, ValueError) as error:
            raise RemoteTeacherProblem(f"the proxy that the environment names cannot be used: {error}") from error

    def score(self, ids: Sequence[int], first: int) -> TokenScores:
        """Scores of ids[first:], first >= 1, each given all ids before it.

        Raises RemoteTeacherProblem when the server stays away, refuses, or answers what cannot be right.
        """
        if self._settings.api == "echo":
            told = self._choice({"echo": True, "logprobs": 1, "return_tokens_as_token_ids": True}, ids)
            return self._from_echo(told, ids, first)
        told = self._choice({"prompt_logprobs": self._settings.top_logprobs}, ids)
        return self._from_prompt_logprobs(told, ids, first)

    def texts(self, ids: Sequence[int]) -> list[str]:
        """How the server writes each of ids[1:]."""
        if self._settings.api == "echo":
            told = self._choice({"echo": True, "logprobs": 1}, ids)
            tokens = self._list(_inside(told, "logprobs", "tokens"), len(ids) + 1, "tokens")
            return [str(token) for token in tokens[1 : len(ids)]]
        told = self._choice({"prompt_logprobs": 0}, ids)
        places = self._list(told.get("prompt_logprobs"), len(ids), "prompt_logprobs")
        return [str(self._entry(place, token)[1]) for place, token in zip(places[1:], ids[1:], strict=True)]

    # --- reading answers ---

    def _from_prompt_logprobs(self, told: Mapping[str, Any], ids: Sequence[int], first: int) -> TokenScores:
        """vLLM's own field: per prompt token a mapping of ids to log-probability, rank and text; null for the first."""
        wanted = self._settings.top_logprobs
        places = self._list(told.get("prompt_logprobs"), len(ids), "prompt_logprobs")
        scores = TokenScores([], [], [])
        for place, token in zip(places[first:], ids[first:], strict=True):
            scores.logp.append(self._entry(place, token)[0])
            known = sorted(
                ((int(one), self._entry(place, int(one))[0]) for one in place), key=lambda pair: pair[1], reverse=True
            )[:wanted]
            if len(known) < wanted:
                self._inconsistent(f"{len(known)} likeliest tokens where {wanted} were asked for")
            scores.top_tokens.append([one for one, _ in known])
            scores.top_logp.append([logp for _, logp in known])
        return scores

    def _from_echo(self, told: Mapping[str, Any], ids: Sequence[int], first: int) -> TokenScores:
        """The older form: lists of tokens and of their log-probabilities, the prompt's and then that of the one generated."""
        values = self._list(_inside(told, "logprobs", "token_logprobs"), len(ids) + 1, "token_logprobs")
        names = self._list(_inside(told, "logprobs", "tokens"), len(ids) + 1, "tokens")
        for name, token in zip(names, ids, strict=False):
            if str(name).startswith("token_id:") and str(name) != f"token_id:{token}":
                self._inconsistent(f"token {token} came back as {name}")
        logp = [self._number(value, token) for value, token in zip(values[first : len(ids)], ids[first:], strict=True)]
        return TokenScores(logp, [[] for _ in logp], [[] for _ in logp])

    def _entry(self, place: object, token: int) -> tuple[float, object]:
        if not isinstance(place, Mapping) or not isinstance(place.get(str(token)), Mapping):
            told = ", ".join(map(str, place)) if isinstance(place, Mapping) else place
            self._inconsistent(f"token {token} was scored, but the answer is about {told}")
        entry = place[str(token)]
        return self._number(entry.get("logprob"), token), entry.get("decoded_token")

    def _number(self, value: object, token: int) -> float:
        if not isinstance(value, int | float) or not math.isfinite(value) or value <= _NO_PROBABILITY or value > 1e-3:
            self._inconsistent(f"the log-probability of token {token} is {value}")
        return float(value)

    def _list(self, value: object, length: int, name: str) -> list[Any]:
        if not isinstance(value, list):
            other = "prompt_logprobs" if self._settings.api == "echo" else "echo"
            self._inconsistent(f"the answer has no {name}; choose teacher.api '{other}' if the server knows that one")
        if len(value) != length:
            self._inconsistent(f"{len(value)} entries of {name} where {length} belong")
        return value

    def _inconsistent(self, what: str) -> NoReturn:
        raise RemoteTeacherProblem(
            f"the teacher at {self._settings.url} answers inconsistently: {what}. Check that it serves a model with the "
            "student's tokenizer, and that nothing between changes its answers",
            where="teacher",
        )

    # --- asking ---

    def _choice(self, wanted: Mapping[str, Any], ids: Sequence[int]) -> Mapping[str, Any]:
        body = {"model": self._settings.model, "prompt": list(ids), "max_tokens": 1, "temperature": 1.0, **wanted}
        told = self._asked_until_answered(body)
        choices = told.get("choices") if isinstance(told, Mapping) else None
        if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], Mapping):
            self._inconsistent("there is not one choice in the answer")
        return choices[0]

    def _asked_until_answered(self, body: Mapping[str, Any]) -> Any:
        patience = self._settings.patience_seconds
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Passing),
            wait=tenacity.wait_random_exponential(multiplier=1.0, max=30.0),
            stop=tenacity.stop_after_delay(patience),
            before_sleep=self._tell,
            reraise=True,
        )
        try:
            return again(self._ask, body)
        except _Passing as reason:
            raise RemoteTeacherProblem(
                f"the teacher at {self._settings.url} did not answer for {patience:g} s ({reason}); start or unburden it, "
                "then resume the run",
                where="teacher",
            ) from reason

    def _tell(self, state: tenacity.RetryCallState) -> None:
        reason = state.outcome.exception() if state.outcome else None
        pause = state.next_action.sleep if state.next_action else 0.0
        log.warning("the teacher does not answer (%s): asked again in %.1f s", reason, pause)

    def _ask(self, body: Mapping[str, Any]) -> Any:
        try:
            response = self._client.post(self._address, json=body)
        except httpx.TransportError as error:
            raise _Passing(f"{type(error).__name__}: {error}".rstrip(": ")) from error
        if response.status_code in _PASSING_STATUS:
            raise _Passing(f"status {response.status_code}")
        if response.is_redirect:
            raise RemoteTeacherProblem(
                f"the teacher at {self._settings.url} answers {response.status_code}, a redirect, which is not followed; give the "
                "address that it points to",
                where="teacher.url",
            )
        if response.is_error:
            raise RemoteTeacherProblem(
                f"the teacher at {self._settings.url} refuses: status {response.status_code}, {response.text[:300]!r}",
                where="teacher",
            )
        try:
            return response.json()
        except ValueError:
            self._inconsistent("the answer is not JSON")


def _inside(told: Mapping[str, Any], outer: str, inner: str) -> object:
    within = told.get(outer)
    return within.get(inner) if isinstance(within, Mapping) else None
