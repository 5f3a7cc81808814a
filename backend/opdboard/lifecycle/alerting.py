"""Looks at what a batch added to a run and raises, reopens or clears alerts, inside the batch's own transaction.

So alerts need no web server, are fenced with the attempt that wrote the data, and are taken back with them. Per kind (or
rule) at most MOST_AT_ONCE alerts hold at a time: when more modules or measures fire, one alert speaks for all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.orm import Session

from opdboard.db import alert_rules, alerts
from opdboard.db.history import History
from opdboard.db.tables import Alert, Run
from opdboard.domain import alert_rules as rules
from opdboard.domain import module_signatures, scalar_signatures
from opdboard.domain.alerts import SIGNATURES, AlertKind, Severity, Sighting, Subject, Verdict
from opdboard.domain.records import Batch
from opdboard.domain.run_kinds import RunKind

MOST_AT_ONCE = 3
# An alert that comes back so soon after it was cleared is the same one.
REOPEN_STEPS = 20


@dataclass(frozen=True)
class _Watch:
    """A signature or a rule, and its verdict on the newest measurements."""

    kind: AlertKind
    severity: Severity
    title: str
    advice: str
    verdict: Verdict
    rule_id: int | None = None


def evaluate(session: Session, run: Run, seq: int, batch: Batch) -> bool:
    """Raise, reopen and clear what the batch calls for; whether any alert changed."""
    if not batch.scalars and not batch.vectors:
        return False
    watching = alert_rules.watching(session, run)
    known = alerts.recent(session, run.id, batch.step - REOPEN_STEPS)
    keeper = _Keeper(session, run, seq, batch.step, known)
    for watch in _signatures(run, batch, History(session, run, seq, batch, watching)):
        keeper.heed(watch)
    keeper.end_orphans({rule.id for rule in watching})
    return keeper.changed


def _signatures(run: Run, batch: Batch, history: History) -> Iterator[_Watch]:
    verdicts: list[tuple[AlertKind, Verdict]] = [
        (AlertKind.NOT_FINITE, scalar_signatures.not_finite(batch.scalars)),
        (AlertKind.NOT_FINITE, module_signatures.not_finite(history.new_rows)),
    ]
    if batch.set_scores:
        verdicts.append((AlertKind.FORGETTING, scalar_signatures.forgetting(batch.set_scores)))
    if "skipped_updates" in batch.scalars:
        verdicts.append((AlertKind.SKIPPED_UPDATE, scalar_signatures.skipped_update(history.scalar("skipped_updates"))))
    if "matrices_share_of_blocks" in batch.scalars:
        share = batch.scalars["matrices_share_of_blocks"]
        verdicts.append((AlertKind.PARTLY_WATCHED, module_signatures.partly_watched(share)))
    if "reverse_kl" in batch.scalars:
        verdicts.append((AlertKind.KL_SPIKE, scalar_signatures.kl_spike(history.scalar("reverse_kl"))))
    if {"truncated_share", "repetition_rate"} <= batch.scalars.keys():
        rising = history.scalar("truncated_share"), history.scalar("repetition_rate")
        verdicts.append((AlertKind.LENGTH_COLLAPSE, scalar_signatures.length_collapse(*rising)))
    if {"overlap_ratio", "entropy_gap", "grad_norm"} <= batch.scalars.keys():
        warm = _optimizer_setting(run, "warmup_steps")
        verdict = scalar_signatures.nothing_to_learn(
            *(history.scalar(key, after_step=int(warm or 0)) for key in ("overlap_ratio", "entropy_gap", "grad_norm")),
            clip=_optimizer_setting(run, "gradient_clip"),
            from_start=lambda: history.is_whole("overlap_ratio"),
        )
        verdicts.append((AlertKind.NOTHING_TO_LEARN, verdict))
    if "step_norm" in history.new_rows:
        _, rows = history.statistic("step_norm")
        verdicts.append((AlertKind.FROZEN_MODULE, module_signatures.frozen(rows)))
        verdicts.append((AlertKind.EXPLODING_MODULE, module_signatures.exploding(rows)))
    if "effective_rank" in history.new_rows:
        verdicts.append(
            (AlertKind.RANK_COLLAPSE, module_signatures.rank_collapse(*history.statistic("effective_rank")))
        )
    if run.kind == RunKind.IMPORT and "update_norm" in history.new_rows:
        norms = history.new_rows["update_norm"]
        rounding = batch.scalars.get("rounding_norm", 0.0), batch.scalars.get("beyond_rounding", 1.0)
        verdicts.append((AlertKind.NOTHING_CHANGED, module_signatures.nothing_changed(batch.step, norms)))
        verdicts.append((AlertKind.ONLY_ROUNDING, module_signatures.only_rounding(norms, *rounding)))
    for kind, verdict in verdicts:
        signature = SIGNATURES[kind]
        yield _Watch(kind, signature.severity, signature.title, signature.advice, verdict)
    for rule in history.rules:
        verdict = _of_rule(rule, batch, history)
        if verdict is not None:
            yield _Watch(AlertKind.RULE, rule.severity, rule.name, "", verdict, rule.id)


def _optimizer_setting(run: Run, name: str) -> float | None:
    """A number of the run's optimizer; None where the free-form configuration of a reported run has none such."""
    settings = run.config.get("optimizer")
    value = settings.get(name) if isinstance(settings, dict) else None
    return value if isinstance(value, int | float) else None


def _of_rule(rule: rules.Rule, batch: Batch, history: History) -> Verdict | None:
    """None when the batch says nothing about the rule's measure."""
    if rule.scope is rules.Scope.SCALAR:
        return rules.of_scalar(rule, history.scalar(rule.measure)) if rule.measure in batch.scalars else None
    return rules.of_modules(rule, history.statistic(rule.measure)[1]) if rule.measure in history.new_rows else None


class _Keeper:
    """Turns verdicts into alerts of one run, knowing which already hold."""

    def __init__(self, session: Session, run: Run, seq: int, step: int, known: Sequence[Alert]) -> None:
        self.changed = False
        self._session = session
        self._run = run
        self._seq = seq
        self._step = step
        self._known = known

    def heed(self, watch: _Watch) -> None:
        """Clear what is over, then raise what is new."""
        mine = [alert for alert in self._known if (alert.kind, alert.rule_id) == (watch.kind, watch.rule_id)]
        if not mine and not watch.verdict.firing:
            return
        for alert in mine:
            if alert.cleared_step is None and self._is_over(alert, watch.verdict):
                self._set(alert, self._step)
        holding = [alert for alert in mine if alert.cleared_step is None]
        if any(alert.others for alert in holding):
            return
        held = {self._subject(alert) for alert in holding}
        new = {subject: seen for subject, seen in watch.verdict.firing.items() if subject not in held}
        if len(holding) + len(new) > MOST_AT_ONCE:
            self._raise(watch, new, mine)
            return
        for subject, seen in new.items():
            self._raise(watch, {subject: seen}, mine)

    def end_orphans(self, rule_ids: set[int]) -> None:
        """Alerts of rules that no longer watch this run are over."""
        for alert in self._known:
            if alert.kind == AlertKind.RULE and alert.cleared_step is None and alert.rule_id not in rule_ids:
                self._set(alert, self._step)

    @cached_property
    def _names(self) -> list[str]:
        return [entry["name"] for entry in self._run.modules]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self._names)}

    def _subject(self, alert: Alert) -> Subject:
        return Subject(alert.measure or "", None if alert.module is None else self._index.get(alert.module))

    def _is_over(self, alert: Alert, verdict: Verdict) -> bool:
        if alert.others and any((subject.module is None) == (alert.module is None) for subject in verdict.firing):
            return False
        return verdict.is_clear(self._subject(alert))

    def _set(self, alert: Alert, cleared_step: int | None) -> None:
        alert.cleared_step = cleared_step
        self.changed = True

    def _raise(self, watch: _Watch, new: dict[Subject, Sighting], mine: Sequence[Alert]) -> None:
        """One alert for all of `new`, of which the first stands for the rest; or the old one, when it is back."""
        subject, seen = next(iter(new.items()))
        module = None if subject.module is None else self._names[subject.module]
        for alert in mine:
            if alert.cleared_step is not None and (alert.measure, alert.module) == (subject.measure, module):
                self._set(alert, None)
                return
        others = len(new) - 1
        where = f"{_short(module)}: " if module else ""
        more = f", and the same of {others} more" if others else ""
        alerts.add(
            self._session,
            self._run,
            self._seq,
            kind=watch.kind,
            severity=watch.severity,
            title=watch.title,
            message=f"{where}{seen.sentence}{more}. {watch.advice}".rstrip(),
            step=self._step,
            rule_id=watch.rule_id,
            measure=subject.measure,
            module=module,
            others=others,
            value=seen.value,
        )
        self.changed = True


def _short(module: str) -> str:
    """model.layers.3.mlp.gate_proj.weight as layers.3.mlp.gate_proj."""
    return module.removeprefix("model.").removesuffix(".weight")
