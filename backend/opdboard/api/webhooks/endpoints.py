"""Addresses that alerts are sent to."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path

from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.parameters import LARGEST_INTEGER
from opdboard.api.webhooks import service
from opdboard.api.webhooks.schemas import WebhookChange, WebhookCreate, WebhookOut, WebhookTest

router = APIRouter(prefix="/api/webhooks", tags=["alerts"], route_class=JsonRoute)
WebhookId = Annotated[int, Path(ge=1, le=LARGEST_INTEGER, description="Id of a webhook.")]


@router.get("")
def list_webhooks(context: Ctx) -> list[WebhookOut]:
    """Every webhook with the state of its deliveries."""
    return service.listed(context)


@router.post("", status_code=201)
def create_webhook(context: Ctx, body: WebhookCreate) -> WebhookOut:
    """Send every alert raised from now on to this address, as the JSON of a WebhookMessage."""
    return service.create(context, body.url)


@router.patch("/{webhook_id}")
def change_webhook(context: Ctx, webhook_id: WebhookId, body: WebhookChange) -> WebhookOut:
    """Switch a webhook on or off."""
    return service.change(context, webhook_id, enabled=body.enabled)


@router.delete("/{webhook_id}", status_code=204)
def delete_webhook(context: Ctx, webhook_id: WebhookId) -> None:
    """Forget an address and what still waits to be sent to it."""
    service.remove(context, webhook_id)


@router.post("/{webhook_id}/test")
async def test_webhook(context: Ctx, webhook_id: WebhookId) -> WebhookTest:
    """Send a test message now, and say what came of it."""
    return await service.test(await asyncio.to_thread(service.url_of, context, webhook_id))
