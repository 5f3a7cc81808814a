"""From a RunConfig to the parts of a training run, with the preflight checks of 02 on the way."""

import logging
import random
from datetime import datetime
from pathlib import Path

import numpy as np
import torch

from opdboard.domain.errors import BadInput, DataProblem, ModelProblem
from opdboard.domain.module_signatures import ENOUGH_COVERED
from opdboard.domain.provenance import Provenance
from opdboard.domain.run_config import RunConfig
from opdboard.settings import Settings
from opdboard_worker.data.answered import check_answers
from opdboard_worker.data.examples import Example, load_examples, load_held_out, split
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.evaluation.scoring import Answerer
from opdboard_worker.models.limits import check_embeddings, check_length
from opdboard_worker.models.loading import RunFolder, load, weights_like
from opdboard_worker.models.pair import eos_token_ids
from opdboard_worker.models.provenance import provenance_of
from opdboard_worker.training import checkpoint
from opdboard_worker.training.agreement import tried_policy
from opdboard_worker.training.clock import Clock
from opdboard_worker.training.copies import Copy
from opdboard_worker.training.lookahead import Lookahead, moving
from opdboard_worker.training.loop import Parts, Training
from opdboard_worker.training.objectives.learner import make_learner
from opdboard_worker.training.optimizer import Updater
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.preflight import preflight
from opdboard_worker.training.probe import Scorer, TeacherAnswers
from opdboard_worker.training.progress import Progress
from opdboard_worker.training.ranks import Alone, Ranks
from opdboard_worker.training.reading import prompt_builder
from opdboard_worker.training.samplers.sampler import make_sampler
from opdboard_worker.training.scoreboard import Scoreboard, ready_sets, sets_read
from opdboard_worker.training.strategies.strategy import Surroundings, make_strategy
from opdboard_worker.training.teaching import teacher_and_reference
from opdboard_worker.training.trained import Trained, trained_part
from opdboard_worker.training.weights import WeightMonitor

log = logging.getLogger(__name__)


def assemble(
    config: RunConfig,
    settings: Settings,
    run_folder: RunFolder,
    snapshots: Path,
    ranks: Ranks | None = None,
    launched: datetime | None = None,
) -> Parts:
    """Load models and data, check that they fit, and put the parts together; BadInput says what does not fit.

    ranks: the processes that share the run; without, this one does all of it. launched: see PromptBuilder.
    """
    ranks = ranks or Alone()
    device = device_of(config, ranks)
    _seed_everything(config.seed)
    student_model = load(config.student, settings=settings, run_folder=run_folder)
    eos = eos_token_ids(student_model, config.reading.student.end_tokens)
    check_embeddings(student_model, "student")

    prompts = prompt_builder(config, student_model, settings, run_folder, launched)
    train, held_out, left_out = fitting_examples(config, prompts, settings.root)
    check_answers(config, train, held_out)
    sets = ready_sets(config, student_model, settings, run_folder, train, launched)
    read = [*train, *held_out]
    longest_prompt, longest_response = prompts.longest(read), config.budget.max_response_tokens
    check_length(student_model, longest_prompt, longest_response, "student")
    teaching = teacher_and_reference(config, student_model, eos, prompts, device, settings, run_folder, read)
    log.info("student %s, teacher %s on %s", student_model.label, config.teacher.label or "none", device)
    trained = trained_part(student_model.model.to(device), config)  # pyright: ignore[reportArgumentType]
    student = tried_policy(
        student_model,
        device,
        config.precision,
        max([longest_prompt + longest_response, *(one.longest() for one in sets)]),
        recompute=config.budget.gradient_checkpointing,
    )
    student.vocabulary, student.ends = teaching.vocabulary, eos
    sampler = make_sampler(config.sampler, config, student, trained)
    scorer = Scorer(config, student, teaching.teacher, prompts, eos, ranks, sampler)
    check = preflight(scorer, train, held_out, left_out, sets_read(sets), None if ranks.rank else teaching.served)

    monitor = WeightMonitor(trained, config.monitoring, snapshots)
    if not monitor.modules:
        raise ModelProblem(f"no attention or MLP matrices were recognised in {student_model.label}", where="student")
    told = log.info if trained.coverage.of_blocks >= ENOUGH_COVERED else log.warning
    told("%d modules: %s", len(monitor.modules), trained.coverage)
    updater = Updater(trained.parameters, config)
    return Parts(
        config=config,
        scorer=scorer,
        scoreboard=Scoreboard(config, sets, Answerer(sampler, eos), ranks),
        trained=trained,
        learner=make_learner(config.objective, scorer, train, teaching.reference),
        updater=updater,
        monitor=monitor,
        lookahead=_lookahead(config, trained, scorer, updater, train),
        train=train,
        held_out=held_out,
        device=_device_name(device, ranks),
        check=check,
        made_with=Provenance() if ranks.rank else provenance_of(config, settings, run_folder),
        base_fingerprint=checkpoint.fingerprint(monitor.initial),
    )


def resume(training: Training, folder: Path) -> None:
    """Set a freshly assembled training back to a checkpoint; ModelProblem when the base weights are others by now."""
    state = checkpoint.read(folder)
    parts, progress = training.parts, state.progress
    if progress["base_fingerprint"] != parts.base_fingerprint:
        raise ModelProblem(
            "the student's initial weights are not those this run began with, so dW and directions would be wrong; "
            "put the original files back or clone the run",
            where="student",
        )
    if not parts.trained.restore(state.adapter):
        load_weights(parts.scorer.student, folder)
    parts.updater.restore(state.optimizer, progress["schedule"])
    parts.lookahead.restore(state.strategy, progress["lookahead"], {example.id: example for example in parts.train})
    if parts.scorer.ranks.rank == 0:
        parts.monitor.restore(state.step)
    training.forget_candidates_after(state.step)
    training.progress = Progress(**progress["loop"])
    training.clock = Clock(progress["seconds"])


def load_weights(student: Policy, folder: Path) -> None:
    """Put those of a checkpoint of the same model into the student; ModelProblem where they cannot be read."""
    stored = weights_like(student.model, folder)
    with torch.no_grad():
        for name, parameter in student.model.named_parameters():
            parameter.copy_(stored[name])


def device_of(config: RunConfig, ranks: Ranks) -> torch.device:
    """The configured device of this rank; BadInput when this machine has none such, or too few."""
    available = torch.cuda.device_count()
    if config.device == "cuda" and not available:
        raise BadInput(
            "this worker sees no CUDA device; choose device 'auto' or 'cpu', or start a worker with a GPU",
            where="device",
        )
    if not available or config.device == "cpu":
        return torch.device("cpu")
    if ranks.size > available:
        raise BadInput(
            f"the run wants {ranks.size} CUDA devices and this worker has {available}; lower devices, or start a worker with more",
            where="devices",
        )
    device = torch.device("cuda", ranks.rank)
    torch.cuda.set_device(device)
    return device


def _device_name(device: torch.device, ranks: Ranks) -> str:
    several = "" if ranks.size == 1 else f"{ranks.size} x "
    if device.type == "cuda":
        return several + torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{several}CPU, {threads} thread{'' if threads == 1 else 's'}"


def _seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def fitting_examples(config: RunConfig, prompts: PromptBuilder, root: Path) -> tuple[list[Example], list[Example], int]:
    """Training and held-out examples whose prompts fit, and how many do not. root: the data folder."""
    everything = load_examples(config.data, root, route_by=config.teacher.routed_by)
    apart = load_held_out(config.data, root, route_by=config.teacher.routed_by)
    fitting = _fitting(everything, config, prompts)
    own = _fitting(apart, config, prompts) if apart else []
    prompts.check([*fitting, *own])
    # Whatever the run's seed: a fork must not train on what its parent was held out from.
    train, held_out = split(fitting, config.monitoring.held_out_of(len(own or fitting)), own=own)
    return train, held_out, len(everything) + len(apart or []) - len(fitting) - len(own)


def _fitting(examples: list[Example], config: RunConfig, prompts: PromptBuilder) -> list[Example]:
    limit = config.budget.max_prompt_tokens
    fitting = [example for example in examples if len(prompts.student_ids(example)) <= limit]
    if len(fitting) < len(examples):
        left_out = len(examples) - len(fitting)
        log.info("%d of %d prompts are longer than %d tokens and left out", left_out, len(examples), limit)
    if not fitting:
        raise DataProblem(
            f"every prompt is longer than budget.max_prompt_tokens ({limit})", where="budget.max_prompt_tokens"
        )
    return fitting


def _lookahead(
    config: RunConfig,
    trained: Trained,
    scorer: Scorer,
    updater: Updater,
    train: list[Example],
) -> Lookahead:
    # A commanded extrapolation is scored by the teacher KL, which needs no labels, where there is a teacher.
    manual_score = "negative_reverse_kl" if scorer.measures_reverse_kl else "accuracy"
    by_answers = config.strategy.needs_answers or manual_score == "accuracy"
    eligible = [one for one in train if one.answer is not None] if by_answers else train
    eligible = eligible or train
    validation = random.Random(f"validation {config.seed}").sample(
        eligible, min(config.strategy.examples, len(eligible))
    )

    def teacher_answers() -> TeacherAnswers:
        answers = scorer.teacher_answers(validation, "validation")
        assert answers is not None, "strategies that ask are refused with a teacher that cannot answer"
        return answers

    strategy = make_strategy(config.strategy, Surroundings(updater, trained.held, manual_score, teacher_answers))
    moved = moving(trained.movable, config.strategy.moves, trained.held)
    initial = {name: trained.initial_copies.get(name) or Copy(one, config.copies) for name, one in moved.items()}
    return Lookahead(
        strategy,
        moving=moved,
        initial=initial,
        copies=config.copies,
        scorer=scorer,
        updater=updater,
        validation=validation,
    )
