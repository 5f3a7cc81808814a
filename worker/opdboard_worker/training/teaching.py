"""From the configured teacher to the one that scores, checked against the student, and to the objective's reference."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from opdboard.domain.errors import BadInput
from opdboard.domain.footprint import keeps_reference
from opdboard.domain.model_sources import ModelSource
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import (
    ModelTeacher,
    NoTeacher,
    PrivilegedTeacher,
    RemoteTeacher,
    SeveralTeachers,
    TrainedTeacher,
)
from opdboard.settings import Settings
from opdboard.teacher_keys import key_of
from opdboard_worker.data.examples import Example
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.models.limits import check_length
from opdboard_worker.models.loading import LoadedModel, RunFolder, load
from opdboard_worker.models.pair import check_pair, check_remote_vocabulary, vocabulary_of
from opdboard_worker.models.remote import RemoteModel
from opdboard_worker.training.agreement import tried_policy
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.teacher import DistantTeacher, LoadedTeacher, RoutedTeacher, Teacher, route_of


def teacher_and_reference(
    config: RunConfig,
    student: LoadedModel,
    prompts: PromptBuilder,
    device: torch.device,
    settings: Settings,
    run_folder: RunFolder,
    examples: Sequence[Example],
) -> tuple[Teacher | None, Policy | None]:
    """The teacher, found to fit the student, and the initial student where the objective compares with it.

    examples: all that it will score. Each is None where nobody asks for it. A teacher with the student's weights is the reference as well.
    """

    longest_prompt, longest_response = prompts.longest(examples, teacher=True), config.budget.max_response_tokens

    def frozen(loaded: LoadedModel) -> Policy:
        loaded.model.requires_grad_(False)
        return tried_policy(loaded, device, config.precision, longest_prompt + longest_response)

    def loaded(source: ModelSource) -> Policy:
        own = source == config.student
        model = _copy(student) if own else load(source, settings=settings, run_folder=run_folder)
        check_pair(student, model)
        check_length(model, longest_prompt, longest_response, "teacher")
        return frozen(model)

    policy = None
    match config.teacher:
        case TrainedTeacher():
            raise BadInput(
                "the teacher's run was to be made when this one was launched; launch it anew", where="teacher.kind"
            )
        case NoTeacher():
            teacher = None
        case SeveralTeachers(teachers=several):
            route = route_of(config.teacher)
            for example in examples:
                route(example)  # a name that no teacher has is refused now, not at the step that comes to it
            teacher = RoutedTeacher({one.name: loaded(one.source) for one in several}, route, prompts)
        case RemoteTeacher():
            teacher = _remote_teacher(config.teacher, config.objective.learns_from, student, prompts, device, settings)
        case ModelTeacher() | PrivilegedTeacher():
            policy = loaded(config.teacher.sources.get("teacher.source", config.student))
            teacher = LoadedTeacher(policy, prompts)
    if not config.objective.needs_reference:
        return teacher, None
    return teacher, frozen(_copy(student)) if keeps_reference(config) else policy


def _remote_teacher(
    remote: RemoteTeacher,
    enough: Callable[[int], bool],
    student: LoadedModel,
    prompts: PromptBuilder,
    device: torch.device,
    settings: Settings,
) -> DistantTeacher:
    model = RemoteModel(remote, key_of(remote, settings.teacher_keys))
    check_remote_vocabulary(student, model)
    return DistantTeacher(
        model,
        prompts,
        vocabulary=vocabulary_of(student),
        enough=enough,
        device=device,
        parallel=remote.parallel_requests,
    )


def _copy(loaded: LoadedModel) -> LoadedModel:
    return replace(loaded, model=copy.deepcopy(loaded.model))
