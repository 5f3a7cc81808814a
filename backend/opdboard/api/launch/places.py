"""Paths of a configuration that lead nowhere on the web server's machine, said before a run finds out."""

import glob
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from opdboard.api.context import Context
from opdboard.api.launch.models import resolved
from opdboard.api.problems import FieldProblem
from opdboard.data_files.opening import files_of
from opdboard.domain.data import FileData
from opdboard.domain.errors import BadInput, DataProblem, Unavailable
from opdboard.domain.model_sources import FolderModel, GgufModel
from opdboard.domain.run_config import RunConfig
from opdboard.model_roots import checked_place, configured_roots, place
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
        return context.files(lambda: list(_missing(models, data, context.settings)))
    except Unavailable:  # a disk that does not answer
        return []


def _missing(models: dict[str, str], data: dict[str, str], settings: Settings) -> Iterator[FieldProblem]:
    for path, text in models.items():
        with suppress(BadInput, OSError, RuntimeError):
            if not checked_place(resolved(text, settings), settings).exists():
                yield FieldProblem(path=path, message=f"there is no {text} here: {_ELSEWHERE}")
    for path, text in data.items():
        if text:
            with suppress(BadInput):
                yield from _without_files(path, text, settings)


def _without_files(path: str, text: str, settings: Settings) -> Iterator[FieldProblem]:
    try:
        files_in_roots(text, settings)
    except DataProblem as problem:
        yield FieldProblem(path=path, message=f"{problem.detail.partition('; ')[0]}: {_ELSEWHERE}")


def files_in_roots(text: str, settings: Settings) -> list[Path]:
    """The data files that a path or pattern names; DataProblem for none.

    BadInput where it leads out of the roots, by a link too; so it is the same whether something is there or not.
    """
    pattern = place(text)
    checked_place(pattern, settings)
    for folder in reversed(pattern.parents) if configured_roots(settings) else ():
        if glob.has_magic(str(folder)):
            for one in glob.iglob(f"{folder}/"):  # noqa: PTH207  # as files_of
                checked_place(Path(one), settings)
    files = files_of(text)
    for file in files:
        checked_place(file, settings)
    return files
