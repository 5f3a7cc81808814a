"""Queues imports and looks into the folders from which their checkpoints can be chosen."""

import re
from pathlib import Path

from sqlalchemy.orm import Session

from opdboard.api.context import Context
from opdboard.api.errors import FieldProblem, InvalidFields
from opdboard.api.imports.schemas import FolderList, FolderOut, ImportCreate
from opdboard.api.runs import service as runs_service
from opdboard.api.runs.schemas import RunDetail
from opdboard.api.sending import send
from opdboard.checkpoint_folders import format_of, series_in, step_of, weights_in
from opdboard.db import jobs, lineage
from opdboard.db.tables import Run
from opdboard.domain.errors import BadInput, NotFound
from opdboard.domain.import_config import ImportConfig
from opdboard.model_roots import checked_place, configured_roots, place, roots
from opdboard.settings import Settings

MOST_FOLDERS = 500
_RUN = re.compile(r"([0-9a-f]{8})(?:@\d+)?")
_HUB = re.compile(r"[\w.-]+/[\w.-]+")


def create(context: Context, wanted: ImportCreate) -> RunDetail:
    """Store the import as a run of its own and, once that is committed, tell the workers."""
    with context.database.write() as session:
        _check_places(context, session, wanted.config)
        run = jobs.create_import(session, wanted.config, group=wanted.group, tags=wanted.tags, notes=wanted.notes)
        made = runs_service.rendered(session, run)
    send(context.queue, made.id)
    return made


def _check_places(context: Context, session: Session, config: ImportConfig) -> None:
    """InvalidFields where a place is outside of the configured roots, or names a run there is not."""
    places = {"base": config.base} | {f"checkpoints.{at}": text for at, text in enumerate(config.checkpoints)}
    wrong = []
    for path, text in places.items():
        match = _RUN.fullmatch(text)
        if match is not None and session.get(Run, match[1]) is not None:
            continue
        if match is not None and not Path(text).exists():
            wrong.append(FieldProblem(path=path, message=f"there is no run {match[1]!r}"))
        elif path != "base" or not _HUB.fullmatch(text):
            try:
                checked_place(place(text), context.settings)
            except BadInput as problem:
                wrong.append(FieldProblem(path=path, message=problem.detail))
    if wrong:
        raise InvalidFields(wrong)


def folders(context: Context, path: str) -> FolderList:
    """What lies in a folder; without a path, the roots. BadInput outside of them, NotFound where there is nothing."""
    settings = context.settings
    configured = bool(configured_roots(settings))
    tops = roots(settings)
    if not path:
        listed = [_folder(root, _title(root, settings)) for root in tops if root.is_dir()]
        return FolderList(here=None, parent=None, folders=listed, left_out=0, configured=configured)
    folder = checked_place(Path(path), settings, browsing=True)
    try:
        children = sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError as problem:
        raise NotFound(f"there is no folder {path} that can be read here: {problem.strerror}", where=path) from problem
    inside = [child for child in children if any(child.resolve().is_relative_to(root) for root in tops)]
    shown = sorted(inside, key=_place)[:MOST_FOLDERS]
    with context.database.read() as session:
        names = {run.id: run.name for run in lineage.existing(session, [child.name for child in shown])}
    of_runs = folder == (settings.root / "runs").resolve()
    return FolderList(
        here=_folder(folder),
        parent=None if folder in tops else str(folder.parent),
        folders=[_folder(child, names.get(child.name, "") if of_runs else "") for child in shown],
        left_out=len(inside) - len(shown),
        configured=configured,
    )


def _title(root: Path, settings: Settings) -> str:
    return "Runs of opdboard" if root == (settings.root / "runs").resolve() else str(root)


def _place(folder: Path) -> tuple[bool, int, str]:
    """Checkpoints by step, before folders that tell none."""
    step = step_of(folder)
    return step is None, step or 0, folder.name


def _folder(folder: Path, title: str = "") -> FolderOut:
    weights = weights_in(folder)
    return FolderOut(
        path=str(folder),
        name=folder.name or str(folder),
        title=title,
        format=None if weights is None else format_of(weights),
        step=step_of(folder),
        checkpoints=len(series_in(folder).folders),
    )
