"""What a webhook is sent."""

from urllib.parse import urlencode

from opdboard.api.webhooks.schemas import AlertMessage, WebhookMessage
from opdboard.db.tables import Alert
from opdboard.domain.alerts import AlertKind, Severity
from opdboard.domain.finite import finite


def message(alert: Alert, run_name: str, public_url: str) -> WebhookMessage:
    """The alert in one sentence, and in parts."""
    url = _link(alert, public_url)
    text = f"[{alert.severity}] {alert.title} in run “{run_name}” at step {alert.step}. {alert.message}"
    return WebhookMessage(
        text=text if url is None else f"{text} {url}",
        alert=AlertMessage(
            id=alert.id,
            run=alert.run_id,
            run_name=run_name,
            step=alert.step,
            kind=AlertKind(alert.kind),
            severity=Severity(alert.severity),
            title=alert.title,
            message=alert.message,
            measure=alert.measure,
            module=alert.module,
            value=finite(alert.value),
            at=alert.at,
            url=url,
        ),
    )


def test_message() -> WebhookMessage:
    """Proves that messages arrive."""
    return WebhookMessage(text="opdboard: this is a test. Alerts of your runs will arrive like this.", alert=None)


def _link(alert: Alert, public_url: str) -> str | None:
    """The run with the module pinned and the pictures at the step."""
    if not public_url:
        return None
    search = {"tab": "health", "module_allocation.step": str(alert.step)} | (
        {"module": alert.module} if alert.module else {}
    )
    return f"{public_url.rstrip('/')}/runs/{alert.run_id}?{urlencode(search)}"
