"""The prompts of a run's configuration, with the tokenizers of those teachers that read in their own way."""

from datetime import datetime

from transformers import PreTrainedTokenizerBase

from opdboard.domain.model_sources import ModelSource
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import ModelTeacher, SeveralTeachers
from opdboard.settings import Settings
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.models.loading import LoadedModel, RunFolder, load_tokenizer
from opdboard_worker.training.teacher import route_of


def prompt_builder(
    config: RunConfig, student: LoadedModel, settings: Settings, run_folder: RunFolder, launched: datetime | None = None
) -> PromptBuilder:
    """See PromptBuilder; a teacher's tokenizer is read only where something is read through its template. Raises BadInput's kin."""
    reading = config.reading

    def tokenizer(source: ModelSource) -> PreTrainedTokenizerBase:
        if source == config.student:
            return student.tokenizer
        return load_tokenizer(source, settings=settings, run_folder=run_folder)

    teachers, route = None, None
    if reading.student.template == "teacher" or reading.teacher.template != "student":
        match config.teacher:
            case ModelTeacher(source=source):
                teachers = {"": tokenizer(source)}
            case SeveralTeachers(teachers=several):
                teachers, route = {one.name: tokenizer(one.source) for one in several}, route_of(config.teacher)
            case _:
                pass
    return PromptBuilder(
        student.tokenizer, config.data, config.teacher, reading, teachers=teachers, route=route, launched=launched
    )
