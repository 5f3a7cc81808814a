"""The web application: API, live events and the built user interface in one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute

from opdboard import hub_token
from opdboard.api import errors, interface, live, looks
from opdboard.api.alert_rules import endpoints as alert_rules
from opdboard.api.alerts import endpoints as alerts
from opdboard.api.analyses import endpoints as analyses
from opdboard.api.background import Background
from opdboard.api.checkpoints import endpoints as checkpoints
from opdboard.api.checks import endpoints as checks
from opdboard.api.commands import endpoints as commands
from opdboard.api.compare import endpoints as compare
from opdboard.api.context import Context
from opdboard.api.decisions import endpoints as decisions
from opdboard.api.exports import endpoints as exports
from opdboard.api.health import endpoints as health
from opdboard.api.home import endpoints as home
from opdboard.api.hub import endpoints as hub
from opdboard.api.imports import endpoints as imports
from opdboard.api.installation import endpoints as installation
from opdboard.api.launch import endpoints as launch
from opdboard.api.limits import Limits
from opdboard.api.lineage import endpoints as lineage
from opdboard.api.logs import endpoints as logs
from opdboard.api.measures import endpoints as measures
from opdboard.api.panels import endpoints as panels
from opdboard.api.panels.cache import ResponseCache
from opdboard.api.panels.recent import RecentAnswers
from opdboard.api.playgrounds import endpoints as playgrounds
from opdboard.api.reported import endpoints as reported
from opdboard.api.runs import endpoints as runs
from opdboard.api.samples import endpoints as samples
from opdboard.api.security import Guard, check_binding
from opdboard.api.series import endpoints as series
from opdboard.api.transfer import Transfer
from opdboard.api.uploads import endpoints as uploads
from opdboard.api.views import endpoints as views
from opdboard.api.webhooks import endpoints as webhooks
from opdboard.api.webhooks.sender import Sender
from opdboard.api.workers import endpoints as workers
from opdboard.db.database import Database
from opdboard.queue import JobQueue, make_celery
from opdboard.settings import Settings

EXPORTS_AT_ONCE = 2
_NOUNS = (
    home,
    runs,
    reported,
    commands,
    measures,
    series,
    decisions,
    checkpoints,
    checks,
    samples,
    logs,
    panels,
    playgrounds,
    compare,
    launch,
    analyses,
    hub,
    uploads,
    imports,
    lineage,
    exports,
    views,
    workers,
    alerts,
    alert_rules,
    webhooks,
    installation,
)


def create_app(settings: Settings | None = None, *, static: Path = interface.STATIC) -> FastAPI:
    """The application of one process; BadInput when the settings would open it to strangers.

    settings: from the environment when left out; static: the folder with the built user interface.
    """
    settings = settings or Settings.read()
    check_binding(settings)
    hub_token.use(settings)
    database = Database(settings.sql_url)
    app = FastAPI(
        title="opdboard",
        description="Launch, watch, steer and compare on-policy distillation runs.",
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        responses={"4XX": {"model": errors.ErrorBody, "description": "What was asked for is wrong or not possible."}},
    )
    queue = JobQueue(database, make_celery(settings))
    slots = asyncio.Semaphore(EXPORTS_AT_ONCE)
    app.state.context = Context(
        settings, database, queue, ResponseCache(), RecentAnswers(), slots, looks.at_files(), looks.at_the_hub()
    )
    app.state.background = Background()
    app.add_middleware(Transfer)
    app.add_middleware(Limits)
    app.add_middleware(Guard, token=settings.token)
    errors.install(app)
    app.include_router(health.router)
    for noun in _NOUNS:
        app.include_router(noun.router)
    app.include_router(live.router)
    interface.install(app, static)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    app.state.live = live.LiveHub(context.database, context.settings.lease_seconds)
    sender = Sender(context.database, context.settings.public_url)
    background: Background = app.state.background
    background.start("live-poller", app.state.live.run)
    background.start("webhook-sender", sender.run)
    yield
    await background.stop()
    context.database.close()
