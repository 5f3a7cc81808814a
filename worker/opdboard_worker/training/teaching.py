"""From the configured teacher to the one that scores, checked against the student, and to the objective's reference."""

import copy
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

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
from opdboard_worker.core.vocabulary import Vocabulary
from opdboard_worker.data.examples import Example
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.models.limits import check_length
from opdboard_worker.models.loading import LoadedModel, RunFolder, load
from opdboard_worker.models.pair import check_pair, check_remote_vocabulary, eos_token_ids, vocabulary_of
from opdboard_worker.models.remote import RemoteModel
from opdboard_worker.training.agreement import tried_policy
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.teacher import DistantTeacher, LoadedTeacher, RoutedTeacher, Teacher, route_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Teaching:
    """Who teaches, what the objective compares with besides, and the vocabulary that all policies of the pair have."""

    teacher: Teacher | None
    reference: Policy | None
    vocabulary: Vocabulary
    served: Callable[[], Policy] | None = None
    """Loads the weights that a server is said to serve, where they are named."""


def teacher_and_reference(
    config: RunConfig,
    student: LoadedModel,
    ends: Sequence[int],
    prompts: PromptBuilder,
    device: torch.device,
    settings: Settings,
    run_folder: RunFolder,
    examples: Sequence[Example],
) -> Teaching:
    """The teacher, found to fit the student, and the initial student where the objective compares with it.

    ends: the student's end tokens; examples: all that it will score. Each is None where nobody asks for it. A teacher with the student's weights is the reference as well.
    """

    longest_prompt, longest_response = prompts.longest(examples, teacher=True), config.budget.max_response_tokens

    policies: list[Policy] = []
    their_ends: list[Sequence[int]] = []
    named_ends = config.reading.teacher.end_tokens

    def frozen(loaded: LoadedModel) -> Policy:
        loaded.model.requires_grad_(False)
        policies.append(tried_policy(loaded, device, config.precision, longest_prompt + longest_response))
        return policies[-1]

    def loaded(source: ModelSource) -> Policy:
        own = source == config.student
        model = _copy(student) if own else load(source, settings=settings, run_folder=run_folder)
        check_pair(student, model)
        check_length(model, longest_prompt, longest_response, "teacher")
        made = frozen(model)
        made.ends = ends if own and not named_ends else eos_token_ids(model, named_ends, "teacher")
        their_ends.append(made.ends)
        return made

    def weights_of_server(source: ModelSource, vocabulary: Vocabulary) -> Policy:
        model = load(source, settings=settings, run_folder=run_folder)
        check_pair(student, model)
        check_length(model, longest_prompt, longest_response, "teacher")
        made = frozen(model)
        made.vocabulary = vocabulary
        return made

    policy = vocabulary = served = None
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
            model = _remote_model(config.teacher, student, settings)
            if named_ends:
                their_ends.append(eos_token_ids(student, named_ends, "teacher"))
            vocabulary = _vocabulary(config, student, ends, their_ends)
            teacher = DistantTeacher(
                model,
                prompts,
                vocabulary=vocabulary,
                enough=config.objective.learns_from,
                device=device,
                parallel=config.teacher.parallel_requests,
            )
            if "teacher.weights" in config.teacher.sources:
                served = partial(weights_of_server, config.teacher.sources["teacher.weights"], vocabulary)
        case ModelTeacher() | PrivilegedTeacher():
            policy = loaded(config.teacher.sources.get("teacher.source", config.student))
            teacher = LoadedTeacher(policy, prompts)
    reference = frozen(_copy(student)) if keeps_reference(config) else policy
    if vocabulary is None:
        vocabulary = _vocabulary(config, student, ends, their_ends)
    for one in policies:
        one.vocabulary = vocabulary
    return Teaching(teacher, reference if config.objective.needs_reference else None, vocabulary, served)


def _vocabulary(
    config: RunConfig, student: LoadedModel, ends: Sequence[int], their_ends: Sequence[Sequence[int]]
) -> Vocabulary:
    """The student's, with all end tokens as one event where a teacher has others and the run maps them."""
    vocabulary = vocabulary_of(student)
    if config.reading.ends == "leave" or all(set(theirs) == set(ends) for theirs in their_ends):
        return vocabulary
    event = (ends[0], *sorted({*ends, *chain(*their_ends)} - {ends[0]}))
    log.info("%s end texts and count as one event", " and ".join(student.tokenizer.convert_ids_to_tokens(list(event))))
    return replace(vocabulary, event=event)


def _remote_model(remote: RemoteTeacher, student: LoadedModel, settings: Settings) -> RemoteModel:
    model = RemoteModel(remote, key_of(remote, settings.teacher_keys))
    check_remote_vocabulary(student, model)
    return model


def _copy(loaded: LoadedModel) -> LoadedModel:
    return replace(loaded, model=copy.deepcopy(loaded.model))
