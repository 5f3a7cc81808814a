"""Addresses that alerts are sent to."""

from dataclasses import asdict
from typing import Annotated

import httpx
from fastapi import APIRouter, Depends, Path

from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.parameters import LARGEST_INTEGER
from opdboard.api.rows import filled
from opdboard.api.webhooks.schemas import WebhookChange, WebhookCreate, WebhookMessage, WebhookOut, WebhookTest
from opdboard.api.webhooks.sender import open_client, post
from opdboard.db import webhooks
from opdboard.db.tables import Webhook
from opdboard.db.webhooks import DeliveryCounts

TEST = WebhookMessage(text="opdboard: this is a test. Alerts of your runs will arrive like this.")
_NONE_YET = DeliveryCounts(0, 0, 0, None, None)

router = APIRouter(prefix="/api/webhooks", tags=["alerts"], route_class=JsonRoute)
WebhookId = Annotated[int, Path(ge=1, le=LARGEST_INTEGER, description="Id of a webhook.")]


def _out(row: Webhook, counts: DeliveryCounts) -> WebhookOut:
    return filled(WebhookOut, row, address=shortened(row.url), **asdict(counts))


def shortened(url: str) -> str:
    """Enough of an address to know it by: user, query and the middle of a long path are left out."""
    parsed = httpx.URL(url)
    host = f"{parsed.scheme}://{parsed.host}" + (f":{parsed.port}" if parsed.port else "")
    path = parsed.path
    return host + (path if len(path) <= 12 else f"/…{path[-4:]}") + ("?…" if parsed.query else "")


@router.get("")
def list_webhooks(context: Ctx) -> list[WebhookOut]:
    """Every webhook with the state of its deliveries."""
    with context.database.read() as session:
        return [_out(*row) for row in webhooks.all_of_them(session)]


@router.post("", status_code=201)
def create_webhook(context: Ctx, body: WebhookCreate) -> WebhookOut:
    """Send every alert raised, and every run that finishes, from now on to this address, as the JSON of a WebhookMessage."""
    with context.database.write() as session:
        return _out(webhooks.create(session, body.url), _NONE_YET)


@router.patch("/{webhook_id}")
def change_webhook(context: Ctx, webhook_id: WebhookId, body: WebhookChange) -> WebhookOut:
    """Switch a webhook, or its news of finished runs, on or off."""
    with context.database.write() as session:
        row = webhooks.get(session, webhook_id)
        if body.enabled is not None:
            webhooks.enable(session, webhook_id, enabled=body.enabled)
        if body.finished is not None:
            webhooks.tell_finished(session, webhook_id, finished=body.finished)
        session.flush()
        return _out(row, webhooks.counts(session, webhook_id))


@router.delete("/{webhook_id}", status_code=204)
def delete_webhook(context: Ctx, webhook_id: WebhookId) -> None:
    """Forget an address and what still waits to be sent to it."""
    with context.database.write() as session:
        webhooks.remove(session, webhook_id)


def _whole_address(context: Ctx, webhook_id: WebhookId) -> str:
    with context.database.read() as session:
        return webhooks.get(session, webhook_id).url


@router.post("/{webhook_id}/test")
async def test_webhook(url: Annotated[str, Depends(_whole_address)]) -> WebhookTest:
    """Send a test message now, and say what came of it."""
    async with open_client() as client:
        error = await post(client, url, TEST)
    return WebhookTest(delivered=error is None, error=error)
