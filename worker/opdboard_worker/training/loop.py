"""The training loop: what happens in one step, and in which order.

    rollout -> loss -> update -> orders and strategy -> measures -> evaluation -> one batch to the sink -> checkpoint

Everything of a step is reported in the batch of that step, evaluation sets in batches right behind it, before its checkpoint: a
run resumed from a checkpoint has neither a gap nor a double point. Random numbers come from (seed, purpose, step), data order from (seed, step).
"""

import logging
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from opdboard.domain.check import Check
from opdboard.domain.commands import Extrapolate
from opdboard.domain.errors import NonFiniteLoss
from opdboard.domain.provenance import Provenance
from opdboard.domain.records import Batch, CommandResult, DecisionRecord
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard_worker.core.extrapolation import Line
from opdboard_worker.data.examples import Example
from opdboard_worker.sinks import MetricSink
from opdboard_worker.training import checkpoint, command_answers, reporting
from opdboard_worker.training.clock import Clock
from opdboard_worker.training.control import Control, Orders
from opdboard_worker.training.lookahead import Lookahead
from opdboard_worker.training.objectives.learner import Experience, Learner
from opdboard_worker.training.optimizer import Updater
from opdboard_worker.training.probe import Scorer
from opdboard_worker.training.progress import Progress
from opdboard_worker.training.ranks import add_gradients, require_same_weights
from opdboard_worker.training.scoreboard import Scoreboard
from opdboard_worker.training.shelf import Shelf
from opdboard_worker.training.trained import Trained
from opdboard_worker.training.weights import WeightMonitor

log = logging.getLogger(__name__)


_TOLD = {"loss": "loss", "reverse_kl": "reverse KL", "reward_mean": "reward", "accuracy": "accuracy"}

SIGN_SECONDS = 20.0
"""Between two signs of life while evaluation sets are scored."""

MOST_SKIPPED_IN_A_ROW = 3
"""Updates without a finite loss and gradient; one or two may be an odd batch."""


@dataclass
class Parts:
    """The assembled pieces of one run (training.assembly builds them)."""

    config: RunConfig
    scorer: Scorer
    scoreboard: Scoreboard
    trained: Trained
    learner: Learner
    updater: Updater
    monitor: WeightMonitor
    lookahead: Lookahead
    train: Sequence[Example]
    held_out: Sequence[Example]
    device: str
    check: Check
    made_with: Provenance
    base_fingerprint: str


class Training:
    """One run from its present step to its end."""

    def __init__(self, parts: Parts, sink: MetricSink, control: Control, folder: Path, data_root: Path) -> None:
        """folder: where checkpoints go; data_root: what their recorded paths are relative to."""
        self.parts = parts
        self.config = parts.config
        self.sink = sink
        self.control = control
        self.progress = Progress()
        self.clock = Clock()
        self.interrupted = threading.Event()
        self._leaving = False
        self._seen = time.monotonic()
        self.shelf = Shelf(parts.config, parts.scorer.student, parts.trained, control, folder, data_root)
        self._ranks = parts.scorer.ranks
        self._first = self._ranks.rank == 0

    def run(self) -> RunState | None:
        """Train to the end; the state the run ends in, or None when interrupted with a checkpoint to go on from."""
        self.sink.begin(
            step=self.progress.step,
            modules=self.parts.monitor.modules,
            device=self.parts.device,
            made_with=self.parts.made_with,
        )
        self.sink.write(Batch(step=self.progress.step, at=time.time(), check=self.parts.check))
        self.control.become(RunState.RUNNING, reason=f"training from step {self.progress.step}")
        if self.progress.step == 0:
            self._report_start()
        while self.progress.step < self.config.budget.steps and not self.on_plateau:
            orders = self._step()
            if orders.stop:
                return RunState.STOPPED
            if self._leaving:
                return None
            if orders.pause:
                orders = self.control.wait_while_paused(orders.pause, self.progress.step)
                if orders.stop:
                    self._save("stop", self._stopped(orders))
                    return RunState.STOPPED
        return RunState.FINISHED

    @property
    def on_plateau(self) -> bool:
        """Whether the last selection.patience evaluations brought no gain."""
        patience = self.config.selection.patience
        return patience is not None and self.progress.evaluations_without_gain >= patience

    def forget_candidates_after(self, step: int) -> None:
        """Remove what an earlier attempt kept of steps that will be done again."""
        if self._first:
            self.shelf.remove_candidates_after(step)

    def _report_start(self) -> None:
        """Step 0: the student before training, and what the teacher would score on the same prompts."""
        batch = Batch(
            step=0, at=time.time(), scalars={"tokens": 0, "search_tokens": 0, "seconds": 0.0, "search_seconds": 0.0}
        )
        batch.scalars |= self._gpu_seconds() | self.parts.trained.coverage.scalars()
        with self.clock.running("evaluation"):
            of_teacher = self.parts.scorer.teacher_answers(self.parts.held_out, "held-out")
            self.progress.teacher_accuracy = None if of_teacher is None else of_teacher.accuracy
        self._evaluate(batch)
        batch.at = time.time()
        self.sink.write(batch)
        self._score_sets(0)

    def _step(self) -> Orders:
        step = self.progress.step + 1
        before, counted_before = dict(self.clock.spent), self.clock.counted
        batch = Batch(step=step, at=0.0)
        with self.clock.running("rollout"):
            experience = self.parts.learner.gather(step, self.progress.cursor)
        scalars = self._update(step, experience)
        orders = self.control.orders(step)
        with self.clock.running("search"):
            line = self._steer(step, orders, batch)
        if line is not None:
            self._keep(step, line, batch)
        if self._first:
            with self.clock.running("monitor"):
                batch.vectors += self.parts.monitor.measure(step)
        self.progress.step = step
        self.progress.tokens += experience.sampled
        self.progress.cursor = experience.cursor
        seconds = self.clock.counted - counted_before
        batch.scalars = scalars | {
            "tokens": self.progress.tokens,
            "search_tokens": self.progress.search_tokens,
            "skipped_updates": self.progress.skipped_updates,
            "seconds": self.clock.counted,
            "search_seconds": self.clock.spent["search"],
            "checkpoint_seconds": self.clock.spent["checkpoint"],
            "step_seconds": seconds,
            "rollout_seconds": self.clock.spent["rollout"] - before["rollout"],
            "monitor_seconds": self.clock.spent["monitor"] - before["monitor"],
            "tokens_per_second": experience.sampled / seconds,
            "memory_bytes": reporting.peak_memory(),
        }
        batch.scalars |= self._gpu_seconds()
        if step % self.config.monitoring.evaluate_every == 0 or step == self.config.budget.steps:
            self._evaluate(batch)
        batch.at = time.time()
        self.sink.write(batch)
        self.shelf.remove_candidates(batch.removed_candidate_steps)
        told = "  ".join(f"{words} {scalars[key]:.4f}" for key, words in _TOLD.items() if key in scalars)
        log.info("step %d/%d  %s  %.2f s", step, self.config.budget.steps, told, seconds)
        self._score_sets(step)
        self._leaving = self._ranks.from_first(self.interrupted.is_set())
        self._save_if_due(step, orders)
        return orders

    def _gpu_seconds(self) -> dict[str, float]:
        """Each rank has one GPU or none."""
        on_gpu = self.parts.scorer.student.device.type == "cuda"
        return {"gpu_seconds": self.clock.counted * self._ranks.size} if on_gpu else {}

    def _update(self, step: int, experience: Experience) -> dict[str, float]:
        """Gradient and optimizer step on each mini-batch; scalars of the batch, means over the mini-batches."""
        learner, updater = self.parts.learner, self.parts.updater
        learning_rate = updater.learning_rate
        measured: list[dict[str, float]] = []
        for number, rows in enumerate(experience.minibatches):
            updater.zero_grad()
            with self.clock.running("update"):
                loss, scalars = learner.backward(experience, rows)
                add_gradients(self._ranks, list(updater.parameters.values()))
            if number == 0 and self._first:
                with self.clock.running("monitor"):
                    self.parts.monitor.before_update(step)
            with self.clock.running("update"):
                norm = updater.gradient_norm()
                if math.isfinite(loss) and math.isfinite(float(norm)):
                    updater.step(norm)
                    self.progress.skipped_in_a_row = 0
                else:
                    self._skip(step, loss, float(norm))
            measured.append(scalars | {"loss": loss, "grad_norm": float(norm)})
        with self.clock.running("monitor"):
            described = learner.describe(experience)
        means = {key: sum(one[key] for one in measured) / len(measured) for key in measured[0]}
        return means | experience.scalars | described | {"learning_rate": learning_rate}

    def _skip(self, step: int, loss: float, norm: float) -> None:
        """Leave the weights as they are; NonFiniteLoss, naming step and module, when that has become a habit."""
        updater, progress = self.parts.updater, self.progress
        module = updater.first_non_finite()
        found = f"the loss is {loss:.4g}, the gradient's norm {norm:.4g}"
        found += f", first not finite in {module}" if module else ""
        progress.skipped_updates += 1
        progress.skipped_in_a_row += 1
        if progress.skipped_in_a_row == MOST_SKIPPED_IN_A_ROW:
            raise NonFiniteLoss(
                f"{MOST_SKIPPED_IN_A_ROW} updates in a row were not finite, the last at step {step}: {found}. Lower the learning "
                "rate, or resume from the last checkpoint with other settings",
                where=f"step {step}, {module}" if module else f"step {step}",
            )
        updater.skip()
        log.warning("step %d: update skipped: %s", step, found)

    def _steer(self, step: int, orders: Orders, batch: Batch) -> Line | None:
        """Vetoes, then at most one extrapolation: the line it looked along."""
        lookahead = self.parts.lookahead
        for command_id, veto in orders.veto:
            last, vetoed = lookahead.jump_step, lookahead.veto(veto.step)
            batch.command_results.append(
                CommandResult(command_id, vetoed is not None, command_answers.vetoed(veto.step, last))
            )
            batch.vetoed_decision_step = vetoed if vetoed is not None else batch.vetoed_decision_step
        due = lookahead.due(step)
        if orders.extrapolate and not lookahead.judges:
            batch.command_results += [
                CommandResult(command_id, False, command_answers.NOT_JUDGED) for command_id, _ in orders.extrapolate
            ]
            orders = replace(orders, extrapolate=[])
        request = command_answers.first_request(orders, scheduled=due)
        if request is None and not due:
            return None
        with self.parts.trained.whole():
            still = lookahead.still()
        if still is not None:
            self._nothing_moved(step, still, orders, batch, due=due)
            return None
        decision, line = self._looked(step, request)
        batch.decisions.append(decision)
        self.progress.search_tokens += decision.tokens
        log.info("step %d: %s", step, decision.outcome)
        batch.command_results += [
            command_answers.extrapolated(command_id, asked, request, decision)
            for command_id, asked in orders.extrapolate
        ]
        return line

    def _nothing_moved(self, step: int, since: int, orders: Orders, batch: Batch, *, due: bool) -> None:
        """D is 0: a look by schedule waits for the first step that moves something, a command cannot be obeyed."""
        why = f"nothing has moved since step {since}, so there is no direction"
        if due:
            self.parts.lookahead.put_off(step)
            log.info("step %d: %s; looking after the first step that moves something", step, why)
        batch.command_results += [CommandResult(command_id, False, why) for command_id, _ in orders.extrapolate]

    def _looked(self, step: int, request: Extrapolate | None) -> tuple[DecisionRecord, Line | None]:
        with self.parts.trained.whole():
            return self.parts.lookahead.look(step, request)

    def _keep(self, step: int, line: Line, batch: Batch) -> None:
        """Write what the candidates can be made again from; remove what is beyond budget.keep_checkpoints and of no use."""
        if not self._first:
            return
        with self.clock.running("checkpoint"):
            path, size = self.shelf.write_candidates(step, line)
            batch.decisions = [replace(one, weights_path=path, weights_bytes=size) for one in batch.decisions]
            batch.removed_candidate_steps = self.shelf.surplus_candidates()

    def _evaluate(self, batch: Batch) -> None:
        with self.clock.running("evaluation"):
            answers = self.parts.scorer.answer(self.parts.held_out, "held-out")
            if batch.step == 0:
                self.progress.start_accuracy = answers.accuracy
            batch.scalars |= reporting.evaluation_scalars(
                answers, self.parts.scorer.teacher, self.progress.start_accuracy, self.progress.teacher_accuracy
            )
            self.progress.note_best(batch.step, batch.scalars, self.config)
            if self.parts.scorer.measures_reverse_kl:
                longest = self.config.budget.max_response_tokens
                batch.vectors.append(reporting.position_vector(batch.step, answers, longest))
            count = self.config.monitoring.samples_count
            batch.samples += reporting.samples(
                batch.step, self.parts.held_out, answers, self.parts.scorer.prompts, count
            )

    def _score_sets(self, step: int) -> None:
        """Behind the step's own batch, so that nothing waits for it but the checkpoint; each set is told when it is done."""
        last = step == self.config.budget.steps or self.on_plateau
        if not self.parts.scoreboard.due(step, last=last):
            return
        scored = self.parts.scoreboard.scores(step, self.progress.base_scores, self._at_work)
        while True:
            with self.clock.running("evaluation"):
                found = next(scored, None)
            if found is None:
                return
            record, scalars = found
            self.sink.write(Batch(step=step, at=time.time(), scalars=scalars, set_scores=[record]))
            log.info("step %d: %s", step, "  ".join(f"{key} {value:.4g}" for key, value in scalars.items()))
            self.progress.note_best(step, scalars, self.config)

    def _at_work(self) -> None:
        """Now and then, so that a benchmark of an hour is not taken for a trainer that hangs."""
        if time.monotonic() - self._seen >= SIGN_SECONDS:
            self._seen = time.monotonic()
            self.sink.write(Batch(step=self.progress.step, at=time.time(), at_work=True))

    def _save_if_due(self, step: int, orders: Orders) -> None:
        budget = self.config.budget
        reasons = {
            "final": step == budget.steps,
            "plateau": self.on_plateau,
            "stop": bool(orders.stop),
            "interrupted": self._leaving,
            "command": bool(orders.checkpoint),
            "schedule": step % budget.checkpoint_every == 0,
            "best": self.config.selection.keep_best and self.progress.best_step == step,
        }
        reason = next((name for name, applies in reasons.items() if applies), None)
        if reason is not None:
            results = [
                CommandResult(command_id, True, f"checkpoint of step {step} written")
                for command_id in orders.checkpoint
            ]
            self._save(reason, results + self._stopped(orders))

    def _stopped(self, orders: Orders) -> list[CommandResult]:
        return [
            CommandResult(command_id, True, f"stopped after step {self.progress.step}") for command_id in orders.stop
        ]

    def _save(self, reason: str, results: Sequence[CommandResult] = ()) -> None:
        """Write a checkpoint, announce it, then remove those beyond budget.keep_checkpoints."""
        step = self.progress.step
        require_same_weights(self._ranks, list(self.parts.updater.parameters.values()), step)
        if not self._first:
            return
        steps = [at for at in self.progress.checkpoints if at != step] + [step]
        surplus = self.shelf.surplus_checkpoints(steps, self.progress.best_step)
        self.progress.checkpoints = [at for at in steps if at not in surplus]
        with self.clock.running("checkpoint"):
            record = self.shelf.write_checkpoint(self._state(), reason)
        self.sink.write(
            Batch(
                step=step,
                at=time.time(),
                checkpoints=[record],
                removed_checkpoint_steps=surplus,
                command_results=list(results),
            )
        )
        self.shelf.remove_checkpoints(surplus)

    def _state(self) -> checkpoint.TrainerState:
        progress: dict[str, Any] = {
            "loop": vars(self.progress),
            "seconds": self.clock.spent,
            "schedule": self.parts.updater.schedule(),
            "lookahead": self.parts.lookahead.state(),
            "base_fingerprint": self.parts.base_fingerprint,
        }
        return checkpoint.TrainerState(
            self.progress.step,
            progress,
            self.parts.updater.tensors(),
            self.parts.lookahead.tensors(),
            self.parts.trained.tensors(),
        )
