"""Runs that make weights for other runs: the teacher that is trained first."""

from opdboard.domain.model_sources import RunModel
from opdboard.domain.reading import TeacherReading
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import ModelTeacher, NoTeacher, TrainedTeacher

_LONGEST_NAME = 200


def teacher_run(config: RunConfig) -> RunConfig | None:
    """The run to make first for a configuration whose teacher is trained, else None.

    It has the same student, data, reading, seed, measures and machine; method, optimizer and budget are the teacher's own.
    """
    teacher = config.teacher
    if not isinstance(teacher, TrainedTeacher):
        return None
    suffix = f" · teacher by {teacher.objective.name}"
    name = f"{config.name[: _LONGEST_NAME - len(suffix)]}{suffix}" if config.name else ""
    return RunConfig(
        name=name,
        student=config.student,
        teacher=NoTeacher(),
        data=config.data,
        reading=config.reading.model_copy(update={"teacher": TeacherReading(), "ends": "leave"}),
        objective=teacher.objective,
        optimizer=teacher.optimizer,
        budget=teacher.budget,
        monitoring=config.monitoring,
        seed=config.seed,
        device=config.device,
        devices=config.devices,
        sampler=config.sampler,
        precision=config.precision,
    )


def taught_by(config: RunConfig, run_id: str) -> RunConfig:
    """The configuration with the last checkpoint of a run as its teacher."""
    return config.model_copy(update={"teacher": ModelTeacher(source=RunModel(run_id=run_id))})


def recipe(config: RunConfig) -> str:
    """Equal for runs that would compute the same: everything but the name."""
    return config.model_dump_json(exclude={"name"})


def teacher_group(group: str, teacher: RunConfig) -> str:
    """The group of a teacher's run: beside its students', so that means over either are of one method."""
    suffix = f" · teacher by {teacher.objective.name}"
    return f"{group[: _LONGEST_NAME - len(suffix)]}{suffix}" if group else ""
