"""Where a configuration takes its weights from: in words, and as the runs it depends on."""

from opdboard.domain.model_sources import ModelSource, RunModel
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import ModelTeacher, PrivilegedTeacher, RemoteTeacher, SeveralTeachers


def describe_source(source: ModelSource) -> str:
    """A short label of where weights come from."""
    match source.kind:
        case "demo":
            return f"demo {source.role}"
        case "hub":
            return source.repo_id
        case "run":
            at = "" if source.step is None else f" @ {source.step}"
            return f"run {source.run_id}{at}" + ("" if source.factor is None else f" × {source.factor:g}")
        case _:
            return source.path.rstrip("/").rsplit("/", 1)[-1]


def describe_teacher(config: RunConfig) -> str:
    """A short label of who scores; empty where nobody does."""
    if isinstance(config.teacher, ModelTeacher):
        return describe_source(config.teacher.source)
    if isinstance(config.teacher, SeveralTeachers):
        return ", ".join(one.name for one in config.teacher.teachers)
    if isinstance(config.teacher, RemoteTeacher):
        return f"{config.teacher.model} (remote)"
    return "itself, knowing the answer" if isinstance(config.teacher, PrivilegedTeacher) else ""


def sources_of(config: RunConfig) -> list[tuple[str, RunModel]]:
    """What a configuration loads from other runs, each with its relation: 'student' or 'teacher'."""
    sources = [("student", config.student), *(("teacher", source) for source in teacher_sources(config).values())]
    return [(relation, source) for relation, source in sources if isinstance(source, RunModel)]


def teacher_sources(config: RunConfig) -> dict[str, ModelSource]:
    """The models that score, by the path of the field that names each."""
    if isinstance(config.teacher, ModelTeacher):
        return {"teacher.source": config.teacher.source}
    if isinstance(config.teacher, SeveralTeachers):
        return {f"teacher.teachers.{place}.source": one.source for place, one in enumerate(config.teacher.teachers)}
    return {}
