"""Queues imports and looks into the folders from which their checkpoints can be chosen."""

import re
from collections.abc import Sequence
from pathlib import Path

from opdboard.api.context import Context
from opdboard.api.imports.schemas import FileOut, FolderList, FolderOut, FolderQuery, ImportCreate
from opdboard.api.problems import FieldProblem, InvalidFields
from opdboard.api.runs import service as runs_service
from opdboard.api.runs.schemas import RunDetail
from opdboard.api.sending import send
from opdboard.checkpoint_folders import format_of, series_in, step_of, weights_in
from opdboard.data_files.tables import table_kind
from opdboard.db import lineage
from opdboard.domain.errors import BadInput, NotFound
from opdboard.domain.import_config import ImportConfig
from opdboard.lifecycle import births
from opdboard.lifecycle.births import NewRun
from opdboard.model_roots import checked_place, configured_roots, place, roots
from opdboard.settings import Settings

MOST_FOLDERS = 500
_RUN = re.compile(r"([0-9a-f]{8})(?:@\d+)?")
_HUB = re.compile(r"[\w.-]+/[\w.-]+")


def create(context: Context, wanted: ImportCreate) -> RunDetail:
    """Store the import as a run of its own and, once that is committed, tell the workers."""
    _check_places(context, wanted.config)
    with context.database.write() as session:
        run = births.add(session, NewRun(wanted.config, wanted.group, wanted.tags, wanted.notes))
        made = runs_service.rendered(session, run)
    send(context.queue, made.id)
    return made


def _check_places(context: Context, config: ImportConfig) -> None:
    """InvalidFields where a place is outside of the configured roots, or names a run there is not."""
    places = {"base": config.base} | {f"checkpoints.{at}": text for at, text in enumerate(config.checkpoints)}
    run_ids = {text: match[1] for text in places.values() if (match := _RUN.fullmatch(text))}
    with context.database.read() as session:
        known = {run.id for run in lineage.existing(session, list(run_ids.values()))}
    looked_up = {path: text for path, text in places.items() if run_ids.get(text) not in known}
    wrong = context.files(lambda: _misplaced(looked_up, run_ids, context.settings))
    if wrong:
        raise InvalidFields(wrong)


def _misplaced(places: dict[str, str], run_ids: dict[str, str], settings: Settings) -> list[FieldProblem]:
    """What is wrong with places that are not runs. run_ids: by text, of those that could be meant as one."""
    wrong = []
    for path, text in places.items():
        try:
            if text in run_ids and not place(text).exists():
                wrong.append(FieldProblem(path=path, message=f"there is no run {run_ids[text]!r}"))
            elif path != "base" or not _HUB.fullmatch(text):
                checked_place(place(text), settings)
        except BadInput as problem:
            wrong.append(FieldProblem(path=path, message=problem.detail))
    return wrong


def folders(context: Context, wanted: FolderQuery) -> FolderList:
    """What lies in a folder; without a path, the roots. BadInput outside of them, NotFound where there is nothing."""
    settings, path = context.settings, wanted.path
    if not path:
        return context.files(lambda: _tops(settings))
    found = context.files(lambda: _inside(path, wanted.files, settings))
    if found.here is None or found.here.path != str((settings.root / "runs").resolve()):
        return found
    with context.database.read() as session:
        names = {run.id: run.name for run in lineage.existing(session, [child.name for child in found.folders])}
    titled = [child.model_copy(update={"title": names.get(child.name, "")}) for child in found.folders]
    return found.model_copy(update={"folders": titled})


def _tops(settings: Settings) -> FolderList:
    listed = [_folder(root, _title(root, settings)) for root in roots(settings) if root.is_dir()]
    return FolderList(here=None, parent=None, folders=listed, left_out=0, configured=bool(configured_roots(settings)))


def _inside(path: str, files: str, settings: Settings) -> FolderList:
    tops = roots(settings)
    folder = checked_place(Path(path), settings, browsing=True)
    try:
        everything = sorted(child for child in folder.iterdir() if not child.name.startswith("."))
        children = [child for child in everything if child.is_dir()]
    except OSError as problem:
        raise NotFound(f"there is no folder {path} that can be read here: {problem.strerror}", where=path) from problem
    inside = [child for child in children if _below(child, tops)]
    fitting = [child for child in everything if _fits(child.name, files) and child.is_file() and _below(child, tops)]
    shown = sorted(inside, key=_place)[:MOST_FOLDERS]
    return FolderList(
        here=_folder(folder),
        parent=None if folder in tops else str(folder.parent),
        folders=[_folder(child) for child in shown],
        files=[FileOut(path=str(one), name=one.name, bytes=one.stat().st_size) for one in fitting[:MOST_FOLDERS]],
        left_out=len(inside) - len(shown) + max(0, len(fitting) - MOST_FOLDERS),
        configured=bool(configured_roots(settings)),
    )


def _below(child: Path, tops: Sequence[Path]) -> bool:
    """Links lead elsewhere."""
    return any(child.resolve().is_relative_to(root) for root in tops)


def _fits(name: str, files: str) -> bool:
    return (files == "data" and bool(table_kind(name))) or (files == "gguf" and name.lower().endswith(".gguf"))


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
