"""A small OpenAI-compatible server that really computes log-probabilities, as vLLM and SGLang answer.

`faults` holds what becomes of the next answers, one each: "busy" (status 503), "slow", "refuse" (400), "short" (an entry
too few), "nan", "other" (the scores of another token), "junk" (no JSON), "moved" (to `moved_to`). Without faults every answer is right.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from fastapi import FastAPI, Request, Response

from opdboard_worker.models.demo import load_demo
from opdboard_worker.models.loaded import LoadedModel
from support.served import served


class TeacherServer:
    """The server's address, the faults to come, and how often it was asked."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.faults: list[str] = []
        self.asked = 0
        self.keys: set[str] = set()
        self.url = ""
        self.moved_to = ""
        self._model, self.tokenizer = loaded.model.eval(), loaded.tokenizer
        self._one_at_a_time = threading.Lock()
        self.closing = threading.Event()

    def answer(self, body: dict[str, Any], key: str) -> Response:
        self.asked += 1
        self.keys.add(key)
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "busy":
            return Response("try later", 503)
        if fault == "refuse":
            return Response("no such model", 400)
        if fault == "moved":
            return Response(status_code=307, headers={"Location": self.moved_to})
        if fault == "slow":
            self.closing.wait(30)  # the client gives up first
        if fault == "junk":
            return Response("<html>", 200)
        choice = self._choice(body, fault)
        return Response(json.dumps({"choices": [choice]}), 200, media_type="application/json")

    def _choice(self, body: dict[str, Any], fault: str) -> dict[str, Any]:
        ids: list[int] = body["prompt"]
        with self._one_at_a_time, torch.no_grad():
            logits_TV = self._model(torch.tensor([ids])).logits[0]
        logp_TV = logits_TV.log_softmax(-1)[:-1]
        if fault == "nan":
            logp_TV[-1] = torch.nan
        if fault == "short":
            logp_TV = logp_TV[:-1]
        named = [1 + token for token in ids] if fault == "other" else ids
        if body.get("echo"):
            return {"logprobs": self._echo(named, logp_TV, bool(body.get("return_tokens_as_token_ids")))}
        return {"prompt_logprobs": self._prompt_logprobs(named, logp_TV, int(body["prompt_logprobs"]))}

    def _prompt_logprobs(self, ids: list[int], logp_TV: torch.Tensor, top: int) -> list[dict[str, Any] | None]:
        places: list[dict[str, Any] | None] = [None]
        for logp_V, token in zip(logp_TV, ids[1:], strict=False):
            order = logp_V.argsort(descending=True).tolist()
            places.append(
                {
                    str(one): {
                        "logprob": float(logp_V[one % len(order)]),
                        "rank": order.index(one % len(order)) + 1,
                        "decoded_token": self.tokenizer.decode([one]),
                    }
                    for one in dict.fromkeys([token, *order[:top]])
                }
            )
        return places

    def _echo(self, ids: list[int], logp_TV: torch.Tensor, as_ids: bool) -> dict[str, Any]:
        """The prompt's tokens and one that would come next."""
        shown = [*ids, 3]
        values = [float(logp_V[token % len(logp_V)]) for logp_V, token in zip(logp_TV, ids[1:], strict=False)]
        return {
            "tokens": [f"token_id:{one}" if as_ids else self.tokenizer.decode([one]) for one in shown],
            "token_logprobs": [None, *values, -0.5],
        }


@contextmanager
def serving(loaded: LoadedModel | None = None) -> Iterator[TeacherServer]:
    """A server on a free port of this machine, until the block is left; of the demo teacher if no other is given."""
    state = TeacherServer(loaded or load_demo("teacher"))
    app = FastAPI()

    @app.post("/v1/completions")
    async def completions(request: Request) -> Response:
        body = await request.json()
        return await asyncio.to_thread(state.answer, body, request.headers.get("authorization", ""))

    with served(app) as address:
        state.url = f"{address}/v1"
        try:
            yield state
        finally:
            state.closing.set()
