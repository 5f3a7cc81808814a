"""Sends what is due to webhooks, in the web process. Several web processes share the work: each claims before it sends.

Redirects are not followed and only http and https are spoken, so that an address cannot be turned into another; a proxy of
the environment is used as by any other program. What goes wrong is told without the address, which often is a secret.
"""

import asyncio
import logging
from urllib.parse import urlencode

import httpx
from sqlalchemy.exc import SQLAlchemyError

from opdboard.api.rows import filled
from opdboard.api.webhooks.schemas import AlertMessage, FinishedMessage, WebhookMessage
from opdboard.db import webhooks
from opdboard.db.database import Database
from opdboard.db.tables import Alert, Run
from opdboard.domain.errors import BadInput
from opdboard.domain.measures import scalar

POLL_SECONDS = 1.0
AT_ONCE = 8
TIMEOUT_SECONDS = 10.0
_REACHED = ("eval/reverse_kl", "eval/accuracy")

logger = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it would log every address


def open_client() -> httpx.AsyncClient:
    """A client with our limits, that asks no proxy for this machine; BadInput when a proxy of the environment cannot be used."""
    here: dict[str, httpx.AsyncBaseTransport | None] = {
        f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")
    }
    try:
        return httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, mounts=here)
    except (ImportError, ValueError) as error:
        raise BadInput(f"the proxy that the environment names cannot be used: {error}", where="ALL_PROXY") from error


async def post(client: httpx.AsyncClient, url: str, body: WebhookMessage) -> str | None:
    """Send one message; None when it was taken, else why not."""
    try:
        answer = await client.post(url, json=body.model_dump(mode="json"))
    except httpx.TimeoutException:
        return f"no answer within {TIMEOUT_SECONDS:.0f} s"
    except httpx.ConnectError:
        return "the address cannot be reached"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"the address did not answer as a web server does ({type(error).__name__})"
    if answer.is_success:
        return None
    if answer.is_redirect:
        return f"it answered {answer.status_code}, a redirect, which is not followed"
    return f"it answered {answer.status_code} {answer.reason_phrase}".rstrip()


def message(alert: Alert, run: Run, public_url: str) -> WebhookMessage:
    """The alert in one sentence, and in parts; the link opens the pictures with the module pinned, or the health curves."""
    place = {"module": alert.module} if alert.module else {"tab": "health"}
    url = _link(run, public_url, place | {"module_allocation.step": str(alert.step)})
    text = f"[{alert.severity}] {alert.title} in run “{run.name}” at step {alert.step}. {alert.message}"
    return WebhookMessage(
        text=_with_link(text, url), alert=filled(AlertMessage, alert, run=run.id, run_name=run.name, url=url)
    )


def finished(run: Run, public_url: str) -> WebhookMessage:
    """That the run has finished, with what it has reached on the held-out prompts."""
    url = _link(run, public_url, {})
    reached = [f"{scalar(key).title} {run.latest[key]:.4g}" for key in _REACHED if run.latest.get(key) is not None]
    told = f": {', '.join(reached)}" if reached else ""
    text = _with_link(f"Run “{run.name}” finished at step {run.step}{told}.", url)
    at = run.updated_at if run.ended_at is None else run.ended_at
    return WebhookMessage(
        text=text, finished=filled(FinishedMessage, run, run=run.id, run_name=run.name, at=at, url=url)
    )


def _with_link(text: str, url: str | None) -> str:
    return text if url is None else f"{text} {url}"


def _link(run: Run, public_url: str, search: dict[str, str]) -> str | None:
    """The run's page as the search shows it."""
    if not public_url:
        return None
    return f"{public_url.rstrip('/')}/runs/{run.id}" + (f"?{urlencode(search)}" if search else "")


class Sender:
    """The background task of one web process."""

    def __init__(self, database: Database, public_url: str) -> None:
        """public_url: where people reach the interface; empty leaves links out."""
        self._database = database
        self._public_url = public_url

    async def run(self) -> None:
        """Send what is due until cancelled; a database that does not answer is tried again."""
        async with open_client() as client:
            while True:
                try:
                    await self.send_due(client)
                except SQLAlchemyError as error:
                    logger.warning("webhooks: the database does not answer (%s)", type(error).__name__)
                except Exception:  # one odd delivery must not end the sending of all others
                    logger.exception("webhooks: sending failed")
                await asyncio.sleep(POLL_SECONDS)

    async def send_due(self, client: httpx.AsyncClient) -> int:
        """Claim and send until nothing is due; how many were sent."""
        sent = 0
        while claimed := await asyncio.to_thread(self._claim):
            await asyncio.gather(*(self._send(client, one) for one in claimed))
            sent += len(claimed)
        return sent

    def _claim(self) -> list[webhooks.Claimed]:
        with self._database.read() as session:
            if not webhooks.any_due(session):
                return []
        claimed: list[webhooks.Claimed] = []
        with self._database.write() as session:
            while len(claimed) < AT_ONCE and (one := webhooks.claim_due(session)) is not None:
                claimed.append(one)
        return claimed

    async def _send(self, client: httpx.AsyncClient, claimed: webhooks.Claimed) -> None:
        alert, run = claimed.alert, claimed.run
        body = finished(run, self._public_url) if alert is None else message(alert, run, self._public_url)
        error = await post(client, claimed.url, body)
        if error is not None:
            what = f"the end of run {run.id}" if alert is None else f"alert {alert.id}"
            logger.warning("%s was not delivered to webhook %d: %s", what, claimed.webhook_id, error)
        await asyncio.to_thread(self._settle, claimed.id, error)

    def _settle(self, delivery_id: int, error: str | None) -> None:
        with self._database.write() as session:
            webhooks.settle(session, delivery_id, error)
