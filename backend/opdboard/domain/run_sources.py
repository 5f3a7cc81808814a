"""Where a configuration takes its weights from: in words, and as the runs it depends on."""

from opdboard.domain.run_config import ModelSource, PrivilegedTeacher, RunConfig


def describe_source(source: ModelSource) -> str:
    """A short label of where weights come from."""
    match source.kind:
        case "demo":
            return f"demo {source.role}"
        case "hub":
            return source.repo_id
        case "run":
            return f"run {source.run_id}" + (f" @ {source.step}" if source.step is not None else "")
        case _:
            return source.path.rstrip("/").rsplit("/", 1)[-1]


def describe_teacher(config: RunConfig) -> str:
    """A short label of who scores."""
    if isinstance(config.teacher, PrivilegedTeacher):
        return "itself, knowing the answer"
    return describe_source(config.teacher.source)


def sources_of(config: RunConfig) -> set[str]:
    """Ids of the runs whose checkpoints a configuration loads."""
    sources = [config.student]
    if not isinstance(config.teacher, PrivilegedTeacher):
        sources.append(config.teacher.source)
    return {source.run_id for source in sources if source.kind == "run"}
