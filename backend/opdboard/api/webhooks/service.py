"""Keeping webhooks and trying them."""

import httpx

from opdboard.api.context import Context
from opdboard.api.webhooks import sender
from opdboard.api.webhooks.messages import test_message
from opdboard.api.webhooks.schemas import WebhookOut, WebhookTest
from opdboard.db import webhooks
from opdboard.db.tables import Webhook
from opdboard.db.webhooks import DeliveryCounts

_NONE_YET = DeliveryCounts(0, 0, 0, None, None)


def _out(row: Webhook, counts: DeliveryCounts) -> WebhookOut:
    return WebhookOut(
        id=row.id,
        address=shortened(row.url),
        enabled=row.enabled,
        created_at=row.created_at,
        waiting=counts.waiting,
        delivered=counts.delivered,
        given_up=counts.given_up,
        last_delivered_at=counts.last_delivered_at,
        last_error=counts.last_error,
    )


def shortened(url: str) -> str:
    """Enough of an address to know it by: user, query and the middle of a long path are left out."""
    parsed = httpx.URL(url)
    host = f"{parsed.scheme}://{parsed.host}" + (f":{parsed.port}" if parsed.port else "")
    path = parsed.path
    return host + (path if len(path) <= 12 else f"/…{path[-4:]}") + ("?…" if parsed.query else "")


def listed(context: Context) -> list[WebhookOut]:
    """Every webhook."""
    with context.database.read() as session:
        return [_out(*row) for row in webhooks.all_of_them(session)]


def create(context: Context, url: str) -> WebhookOut:
    """A new address."""
    with context.database.write() as session:
        return _out(webhooks.create(session, url), _NONE_YET)


def change(context: Context, webhook_id: int, *, enabled: bool) -> WebhookOut:
    """Switch it on or off."""
    with context.database.write() as session:
        row = webhooks.enable(session, webhook_id, enabled=enabled)
        session.flush()
        return _out(row, webhooks.counts(session, webhook_id))


def remove(context: Context, webhook_id: int) -> None:
    """Forget it."""
    with context.database.write() as session:
        webhooks.remove(session, webhook_id)


def url_of(context: Context, webhook_id: int) -> str:
    """The whole address, for sending only."""
    with context.database.read() as session:
        return webhooks.get(session, webhook_id).url


async def test(url: str) -> WebhookTest:
    """Send a test message now."""
    async with sender.open_client() as client:
        error = await sender.post(client, url, test_message())
    return WebhookTest(delivered=error is None, error=error)
