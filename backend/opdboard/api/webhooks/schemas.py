"""Webhooks as they travel over HTTP, and the message that is sent to them."""

from typing import Annotated

import httpx
from pydantic import AfterValidator, BaseModel, Field

from opdboard.api.parameters import Parameters
from opdboard.domain.alerts import AlertKind, Severity
from opdboard.domain.finite import Finite


def _http(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("must be an address that begins with https:// or http:// and names a host")
    return url


class WebhookCreate(Parameters):
    """An address that alerts are sent to, and which runs have finished."""

    url: Annotated[str, Field(min_length=8, max_length=2000, pattern=r"^\S+$"), AfterValidator(_http)] = Field(
        description="http or https; it is not shown again, since such addresses often carry a secret."
    )


class WebhookChange(Parameters):
    """Switch a webhook, or its news of finished runs, on or off; what is not given stays."""

    enabled: bool | None = None
    finished: bool | None = None


class WebhookOut(BaseModel):
    """An address, shortened, and how its deliveries stand."""

    id: int
    address: str = Field(description="Scheme, host, and the end of the path; the rest may be a secret.")
    enabled: bool
    finished: bool = Field(description="Whether it hears of runs that finish, too.")
    created_at: float
    waiting: int
    delivered: int
    given_up: int
    last_delivered_at: float | None
    last_error: str | None


class WebhookTest(BaseModel):
    """What came of a test message."""

    delivered: bool
    error: str | None = None


class AlertMessage(BaseModel):
    """The alert in a message."""

    id: int
    run: str
    run_name: str
    step: int
    kind: AlertKind
    severity: Severity
    title: str
    message: str
    measure: str | None
    module: str | None
    value: Finite
    at: float
    url: str | None = Field(description="Opens the run at the step; null unless OPDBOARD_PUBLIC_URL is set.")


class FinishedMessage(BaseModel):
    """The run that has finished."""

    run: str
    run_name: str
    step: int
    at: float
    latest: dict[str, Finite] = Field(description="The newest value of each scalar; null where it is not finite.")
    url: str | None = Field(description="Opens the run; null unless OPDBOARD_PUBLIC_URL is set.")


class WebhookMessage(BaseModel):
    """The JSON body of the POST. `text` is what Slack and Mattermost show; both others are null in a test message."""

    text: str
    alert: AlertMessage | None = None
    finished: FinishedMessage | None = None
