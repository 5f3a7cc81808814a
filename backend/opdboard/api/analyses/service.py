"""Queueing analyses."""

from opdboard.api.analyses.schemas import AnalysisCreate
from opdboard.api.context import Context
from opdboard.api.runs import service as runs_service
from opdboard.api.runs.schemas import RunDetail
from opdboard.api.sending import send
from opdboard.db import jobs


def create(context: Context, wanted: AnalysisCreate) -> RunDetail:
    """Store the analysis as a run of its own and, once that is committed, tell the workers."""
    runs_service.check_text(wanted.config.model_dump(mode="json"))
    with context.database.write() as session:
        run = jobs.create_analysis(session, wanted.config, group=wanted.group, tags=wanted.tags, notes=wanted.notes)
        made = runs_service.rendered(session, run)
    send(context.queue, made.id)
    return made
