"""Paths of a configuration that lead nowhere on the web server's machine, said before a run finds out."""

from opdboard.api.context import Context
from opdboard.api.launch.models import resolved
from opdboard.api.problems import FieldProblem
from opdboard.data_files.opening import files_of
from opdboard.domain.data import FileData
from opdboard.domain.errors import BadInput, DataProblem, Unavailable
from opdboard.domain.model_sources import FolderModel, GgufModel
from opdboard.domain.run_config import RunConfig
from opdboard.model_roots import checked_place, place
from opdboard.settings import Settings

_ELSEWHERE = "the run fails unless its worker, on another machine, has it"


def unseen(context: Context, config: RunConfig) -> list[FieldProblem]:
    """By field, where nothing is there. A worker elsewhere may see more, so none of it is refused; outside of the roots nobody looks."""
    models = {
        f"{path}.path": source.path
        for path, source in config.sources.items()
        if isinstance(source, FolderModel | GgufModel)
    }
    data: dict[str, str] = {}
    if isinstance(config.data, FileData):
        data = {"data.path": config.data.path, "data.held_out": config.data.held_out}
    try:
        return context.files(lambda: _missing(models, data, context.settings))
    except (Unavailable, OSError, RuntimeError):  # a disk that does not answer
        return []


def _missing(models: dict[str, str], data: dict[str, str], settings: Settings) -> list[FieldProblem]:
    found = []
    for path, text in models.items():
        if _may_look(text, settings) and not resolved(text, settings).exists():
            found.append(FieldProblem(path=path, message=f"there is no {text} here: {_ELSEWHERE}"))
    for path, text in data.items():
        if text and _may_look(text, settings):
            try:
                files_of(text)
            except DataProblem:
                found.append(FieldProblem(path=path, message=f"there is no {text} here: {_ELSEWHERE}"))
    return found


def _may_look(text: str, settings: Settings) -> bool:
    try:
        checked_place(place(text), settings)
    except BadInput:
        return False
    return True
