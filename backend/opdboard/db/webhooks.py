"""Webhooks and the deliveries to them: what is told and its deliveries are written in one transaction and sent later."""

import time
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, defer

from opdboard.db.tables import Alert, Run, Webhook, WebhookDelivery
from opdboard.domain.errors import NotFound

# A delivery that is being sent is nobody else's for this long; then its sender is taken for dead.
LEASE_SECONDS = 60.0
RETRY_SECONDS = (5.0, 30.0, 120.0, 600.0, 3600.0)
MOST_ATTEMPTS = len(RETRY_SECONDS) + 1


@dataclass(frozen=True)
class Claimed:
    """A delivery to send now; alert: None where it tells that the run has finished."""

    id: int
    webhook_id: int
    url: str
    alert: Alert | None
    run: Run


@dataclass(frozen=True)
class DeliveryCounts:
    """How a webhook's deliveries stand; last_error is that of the newest attempt that failed."""

    waiting: int
    delivered: int
    given_up: int
    last_delivered_at: float | None
    last_error: str | None


def enqueue(session: Session, alert_id: int) -> None:
    """One delivery of the alert to each enabled webhook, due now."""
    now = time.time()
    for webhook_id in session.scalars(select(Webhook.id).where(Webhook.enabled)):
        session.add(WebhookDelivery(webhook_id=webhook_id, alert_id=alert_id, attempts=0, due_at=now))


def enqueue_finished(session: Session, run: Run) -> None:
    """One delivery of the run's end to each enabled webhook that wants to hear of it, due now."""
    now = time.time()
    for webhook_id in session.scalars(select(Webhook.id).where(Webhook.enabled, Webhook.finished)):
        session.add(WebhookDelivery(webhook_id=webhook_id, run_id=run.id, attempts=0, due_at=now))


def claim_due(session: Session) -> Claimed | None:
    """The delivery that has waited longest, taken for this sender alone; None when none is due."""
    now = time.time()
    query = (
        select(WebhookDelivery, Webhook, Alert, Run)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .outerjoin(Alert, Alert.id == WebhookDelivery.alert_id)
        .join(Run, Run.id == func.coalesce(WebhookDelivery.run_id, Alert.run_id))
        .options(defer(Run.modules))
        .where(WebhookDelivery.due_at <= now, Webhook.enabled)
        .order_by(WebhookDelivery.due_at)
        .limit(1)
        .with_for_update(of=WebhookDelivery, skip_locked=True)
    )
    found = session.execute(query).first()
    if found is None:
        return None
    delivery, webhook, alert, run = found
    delivery.attempts += 1
    delivery.due_at = now + LEASE_SECONDS
    return Claimed(delivery.id, webhook.id, webhook.url, alert, run)


def any_due(session: Session) -> bool:
    """Whether something waits to be sent: a question that takes no lock."""
    due = select(WebhookDelivery.id).where(WebhookDelivery.due_at <= time.time()).limit(1)
    return session.scalar(due) is not None


def settle(session: Session, delivery_id: int, error: str | None) -> None:
    """Note that it arrived, or why not and when to try again; after the last attempt it is given up."""
    delivery = session.get(WebhookDelivery, delivery_id)
    if delivery is None:
        return
    delivery.error = error
    if error is None:
        delivery.delivered_at, delivery.due_at = time.time(), None
    elif delivery.attempts >= MOST_ATTEMPTS:
        delivery.due_at = None
    else:
        delivery.due_at = time.time() + RETRY_SECONDS[delivery.attempts - 1]


def all_of_them(session: Session) -> list[tuple[Webhook, DeliveryCounts]]:
    """Every webhook with the state of its deliveries, oldest first."""
    return [(webhook, counts(session, webhook.id)) for webhook in session.scalars(select(Webhook).order_by(Webhook.id))]


def counts(session: Session, webhook_id: int) -> DeliveryCounts:
    """How the deliveries to one address stand."""
    table = WebhookDelivery
    waiting, delivered, total, last = session.execute(
        select(
            func.count(table.due_at), func.count(table.delivered_at), func.count(), func.max(table.delivered_at)
        ).where(table.webhook_id == webhook_id)
    ).one()
    failed = select(table.error).where(table.webhook_id == webhook_id, table.error.is_not(None))
    return DeliveryCounts(
        waiting, delivered, total - waiting - delivered, last, session.scalar(failed.order_by(table.id.desc()).limit(1))
    )


def get(session: Session, webhook_id: int) -> Webhook:
    """The webhook; NotFound names the id."""
    webhook = session.get(Webhook, webhook_id)
    if webhook is None:
        raise NotFound(f"there is no webhook {webhook_id}", where="webhook_id")
    return webhook


def create(session: Session, url: str) -> Webhook:
    """A new address; it hears of alerts raised, and of runs that finish, from now on."""
    webhook = Webhook(url=url, enabled=True, finished=True, created_at=time.time())
    session.add(webhook)
    session.flush()
    return webhook


def enable(session: Session, webhook_id: int, *, enabled: bool) -> Webhook:
    """Switch it on or off; what still waits is dropped when it goes off."""
    webhook = get(session, webhook_id)
    webhook.enabled = enabled
    if not enabled:
        waiting = (WebhookDelivery.webhook_id == webhook_id) & WebhookDelivery.due_at.is_not(None)
        session.execute(update(WebhookDelivery).where(waiting).values(due_at=None, error="switched off before sending"))
    return webhook


def tell_finished(session: Session, webhook_id: int, *, finished: bool) -> Webhook:
    """Whether it hears of runs that finish, from now on."""
    webhook = get(session, webhook_id)
    webhook.finished = finished
    return webhook


def remove(session: Session, webhook_id: int) -> None:
    """Forget an address and its deliveries."""
    session.delete(get(session, webhook_id))
