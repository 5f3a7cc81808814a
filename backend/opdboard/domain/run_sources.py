"""Where a configuration takes its weights from: in words, and as the runs it depends on."""

from opdboard.domain.model_sources import ModelSource, RunModel
from opdboard.domain.run_config import ModelTeacher, PrivilegedTeacher, RunConfig
from opdboard.domain.teachers import RemoteTeacher


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
    if isinstance(config.teacher, RemoteTeacher):
        return f"{config.teacher.model} (remote)"
    return "itself, knowing the answer" if isinstance(config.teacher, PrivilegedTeacher) else ""


def sources_of(config: RunConfig) -> dict[str, RunModel]:
    """What a configuration loads from other runs, by relation: 'student', 'teacher'."""
    sources: dict[str, ModelSource] = {"student": config.student}
    if isinstance(config.teacher, ModelTeacher):
        sources["teacher"] = config.teacher.source
    return {relation: source for relation, source in sources.items() if isinstance(source, RunModel)}
