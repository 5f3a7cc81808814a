"""How large the models of a configuration are, as far as the web side can see it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from opdboard.api.context import Context
from opdboard.api.launch.headers import folder_shape, gguf_shape
from opdboard.db import evidence, runs
from opdboard.domain.errors import OpdboardError, Unavailable
from opdboard.domain.model_shape import DEMO_SHAPE, ModelShape
from opdboard.domain.model_sources import ModelSource
from opdboard.domain.run_config import RunConfig
from opdboard.settings import Settings


@dataclass(frozen=True)
class Sizes:
    """Shapes of student and teacher (all of several in one), or the sentence that says why one of them is not known."""

    student: ModelShape | None
    teacher: ModelShape | None
    unknown: str | None


def sizes(session: Session, context: Context, config: RunConfig) -> Sizes:
    """From headers and records alone; nothing is loaded or fetched."""
    try:
        student = _shape(session, context, config.student)
    except _Unknown as reason:
        return Sizes(None, None, f"the student's size is not known here: {reason}")
    sources = config.teacher.sources if config.teacher.loaded else {}
    if not sources:
        return Sizes(student, student, None)
    try:
        tensors = {
            f"{path} {name}": shape
            for path, source in sources.items()
            for name, shape in _shape(session, context, source).tensors.items()
        }
        return Sizes(student, ModelShape(tensors), None)
    except _Unknown as reason:
        return Sizes(student, None, f"the teacher's size is not known here: {reason}")


class _Unknown(Exception):
    """Why a size cannot be told."""


def _shape(session: Session, context: Context, source: ModelSource) -> ModelShape:
    match source.kind:
        case "demo":
            return DEMO_SHAPE
        case "hub":
            raise _Unknown("only the worker asks the hub")
        case "folder":
            return _looked_up(context, lambda: _from_files(resolved(source.path, context.settings), gguf=False))
        case "gguf":
            return _looked_up(context, lambda: _from_files(resolved(source.path, context.settings), gguf=True))
        case "run":
            try:
                path = context.settings.root / evidence.weights_path(session, source)
                run = runs.get(session, source.run_id)
            except OpdboardError as problem:
                raise _Unknown(problem.detail) from problem
            try:
                return _looked_up(context, lambda: _from_files(path, gguf=False))
            except _Unknown:  # the folder may be the worker's alone; the run's own student has the same shapes
                return _shape(session, context, runs.config_of(run).student)


def _looked_up(context: Context, look: Callable[[], ModelShape]) -> ModelShape:
    try:
        return context.files(look)
    except (Unavailable, OSError, RuntimeError) as problem:  # no such home folder; links in a circle
        raise _Unknown(str(problem)) from problem


def _from_files(path: Path, *, gguf: bool) -> ModelShape:
    if not path.exists():
        raise _Unknown(f"there is no {path} on the web server's machine; the worker may have it")
    try:
        shape = gguf_shape(path) if gguf else folder_shape(path)
    except OpdboardError as problem:
        raise _Unknown(problem.detail) from problem
    if not shape.modules:
        raise _Unknown(f"{path} names its layers in a way that is not known")
    return shape


def resolved(path: str, settings: Settings) -> Path:
    """Where a worker on this machine would look: its working folder, then the data folder."""
    given = Path(path).expanduser()
    beside_data = settings.root / given
    return beside_data if not given.exists() and beside_data.exists() else given
