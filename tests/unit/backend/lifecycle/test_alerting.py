"""Alerts on both engines: raised by what a trainer records, once; cleared, reopened, taken back, and seen."""

import math
from collections.abc import Mapping
from typing import Any

from support.scored_sets import scored_set
from support.stored_runs import begin, claim, create, move, record, start

from opdboard.db import alert_rules, alerts, analyses, runs, webhooks
from opdboard.db.database import Database
from opdboard.db.tables import Alert, WebhookDelivery
from opdboard.domain.records import Estimate, ModuleVector
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import transitions

STEP_NORM = [1.0] * 12


def make_rule(database: Database, **fields: object) -> int:
    given = {
        "name": "too much", "scope": "scalar", "measure": "loss", "comparison": ">", "threshold": 2.0, "steps": 1,
        "severity": "warning", "runs": "", "enabled": True,
    } | fields  # fmt: skip
    with database.write() as session:
        return alert_rules.create(session, **given).id


def stored(database: Database, run_id: str) -> list[Alert]:
    with database.read() as session:
        return alerts.of_run(session, run_id)


def losses(database: Database, run_id: str, attempt: int, values: Mapping[int, float]) -> None:
    for step, value in values.items():
        record(database, run_id, attempt, step, {"loss": value})


def step_norms(database: Database, run_id: str, attempt: int, steps: range, row: list[float]) -> None:
    for step in steps:
        record(database, run_id, attempt, step, vectors=[ModuleVector("step_norm", step, row)])


def test_a_rule_raises_one_alert_until_its_condition_ends(database: Database):
    rule_id = make_rule(database, severity="critical")
    run_id, attempt = start(database)
    losses(database, run_id, attempt, {1: 1.0, 2: 3.0, 3: 4.0, 4: 5.0})
    (alert,) = stored(database, run_id)
    assert (alert.kind, alert.rule_id, alert.step, alert.measure, alert.value) == ("rule", rule_id, 2, "loss", 3.0)
    assert (alert.title, alert.severity, alert.cleared_step) == ("too much", "critical", None)
    assert "loss is 3; the rule is loss > 2" in alert.message
    losses(database, run_id, attempt, {5: 1.0})
    (alert,) = stored(database, run_id)
    assert alert.cleared_step == 5
    with database.read() as session:
        run = runs.get(session, run_id)
        assert run.topics["alerts"] == run.seq > alert.seq


def test_an_alert_that_comes_back_soon_is_the_same_one(database: Database):
    make_rule(database)
    run_id, attempt = start(database)
    losses(database, run_id, attempt, {1: 3.0, 2: 1.0, 3: 3.0})
    (alert,) = stored(database, run_id)
    assert (alert.step, alert.cleared_step) == (1, None)
    losses(database, run_id, attempt, {4: 1.0, 40: 3.0})
    assert [(alert.step, alert.cleared_step) for alert in stored(database, run_id)] == [(1, 4), (40, None)]


def test_a_rule_is_about_the_runs_it_names_and_only_while_it_is_on(database: Database):
    make_rule(database, runs="OTHER")
    make_rule(database, runs="method = effopd or step > 1000")
    make_rule(database, runs="no_longer_there > 3")
    disabled = make_rule(database, enabled=False)
    run_id, attempt = start(database, name="this one")
    losses(database, run_id, attempt, {1: 3.0})
    assert stored(database, run_id) == []
    queried = make_rule(database, runs="method = opd and not other")
    losses(database, run_id, attempt, {1: 3.0})
    assert [alert.rule_id for alert in stored(database, run_id)] == [queried]
    with database.write() as session:
        alert_rules.remove(session, queried)
    losses(database, run_id, attempt, {1: 3.0})
    with database.write() as session:
        alert_rules.get(session, disabled).enabled = True
    losses(database, run_id, attempt, {2: 3.0})
    with database.write() as session:
        alert_rules.remove(session, disabled)
    losses(database, run_id, attempt, {3: 3.0})
    assert [(alert.step, alert.rule_id, alert.cleared_step) for alert in stored(database, run_id)] == [
        (1, None, 1),
        (2, None, 3),
    ]


def test_one_module_is_named_and_many_at_once_are_one_alert(database: Database):
    run_id, attempt = start(database)
    step_norms(database, run_id, attempt, range(1, 11), STEP_NORM)
    step_norms(database, run_id, attempt, range(11, 16), [*STEP_NORM[:-1], 0.0])
    (alert,) = stored(database, run_id)
    assert (alert.kind, alert.step, alert.module) == ("frozen_module", 15, "model.layers.2.mlp.down_proj.weight")
    assert alert.message.startswith("layers.2.mlp.down_proj: step_norm is 0 where the median module moves by 1")
    step_norms(database, run_id, attempt, range(16, 21), [0.0] * 5 + [1.0] * 7)
    assert [(alert.module is not None, alert.others) for alert in stored(database, run_id)] == [(True, 0), (True, 4)]
    step_norms(database, run_id, attempt, range(21, 23), STEP_NORM)
    assert [alert.cleared_step for alert in stored(database, run_id)] == [16, 21]


def test_a_step_full_of_nan_is_one_alert(database: Database):
    run_id, attempt = start(database)
    record(database, run_id, attempt, 1, dict.fromkeys(("loss", "reverse_kl", "grad_norm", "accuracy"), math.nan))
    (alert,) = stored(database, run_id)
    assert (alert.kind, alert.severity, alert.measure, alert.others) == ("not_finite", "critical", "loss", 3)
    assert alert.value is not None and math.isnan(alert.value)


def test_a_kl_spike_is_raised_from_what_is_stored(database: Database):
    run_id, attempt = start(database)
    for step in range(1, 21):
        record(database, run_id, attempt, step, {"reverse_kl": 0.5 + 0.01 * (step % 3)})
    record(database, run_id, attempt, 21, {"reverse_kl": 2.5})
    assert [(alert.kind, alert.step, alert.value) for alert in stored(database, run_id)] == [("kl_spike", 21, 2.5)]


def test_a_skipped_update_is_raised_from_what_is_stored(database: Database):
    run_id, attempt = start(database)
    for step, count in enumerate((0.0, 1.0, 1.0), start=1):
        record(database, run_id, attempt, step, {"skipped_updates": count})
    (alert,) = stored(database, run_id)
    assert (alert.kind, alert.step, alert.cleared_step) == ("skipped_update", 2, 3)


def test_a_resumed_attempt_takes_back_what_it_will_measure_again(database: Database):
    make_rule(database)
    run_id, attempt = start(database)
    losses(database, run_id, attempt, {1: 3.0, 4: 1.0, 30: 5.0})
    assert len(stored(database, run_id)) == 2
    move(database, run_id, RunState.QUEUED)
    again = claim(database, run_id)
    begin(database, run_id, again, step=2)
    assert [(alert.step, alert.cleared_step) for alert in stored(database, run_id)] == [(1, None)]
    losses(database, run_id, again, {4: 1.0})
    assert [(alert.step, alert.cleared_step) for alert in stored(database, run_id)] == [(1, 4)]


def test_a_failed_run_says_why_and_that_is_an_event(database: Database):
    run_id, _ = start(database)
    error = {"error": "OutOfMemory", "detail": "memory does not suffice; lower this", "where": None}
    with database.write() as session:
        transitions.transition(session, runs.get(session, run_id, lock=True), RunState.FAILED, error=error)
    (alert,) = stored(database, run_id)
    assert (alert.kind, alert.severity, alert.step, alert.cleared_step) == ("run_failed", "critical", 0, 0)
    assert alert.message == "Memory does not suffice; lower this."
    with database.read() as session:
        run = runs.get(session, run_id)
        assert run.topics["alerts"] == run.seq == alert.seq
        assert alerts.find(session, holding=True)[1] == 0
    move(database, run_id, RunState.QUEUED)
    begin(database, run_id, claim(database, run_id))
    assert [alert.cleared_step for alert in stored(database, run_id)] == [0]


def test_what_held_to_the_end_of_a_run_does_not_go_on(database: Database):
    make_rule(database)
    run_id, attempt = start(database)
    record(database, run_id, attempt, 1, {"loss": 3.0})
    with database.read() as session:
        assert alerts.find(session, holding=True)[1] == 1
    move(database, run_id, RunState.FINISHED)
    with database.read() as session:
        assert (alerts.find(session, holding=True)[1], alerts.find(session)[1]) == (0, 1)
    assert [alert.cleared_step for alert in stored(database, run_id)] == [None], "nobody has seen it end"


def test_different_special_tokens_have_a_kind_of_their_own(database: Database):
    run_id = create(database)
    error = {"error": "VocabularyMismatch", "detail": "eos_token: a and b", "where": "teacher"}
    with database.write() as session:
        transitions.transition(session, runs.get(session, run_id, lock=True), RunState.FAILED, error=error)
    assert [alert.kind for alert in stored(database, run_id)] == ["vocabulary_mismatch"]


def test_alerts_are_found_counted_and_seen(database: Database):
    make_rule(database)
    make_rule(database, severity="critical", measure="grad_norm")
    run_id, attempt = start(database, name="first")
    other, other_attempt = start(database, name="second")
    record(database, run_id, attempt, 1, {"loss": 3.0, "grad_norm": 3.0})
    record(database, other, other_attempt, 1, {"loss": 3.0})
    record(database, other, other_attempt, 2, {"loss": 1.0})
    with database.read() as session:
        assert alerts.unseen_counts(session) == {"warning": 2, "critical": 1}
        (newest, *_), total = alerts.find(session, limit=1)
        assert (newest[0].run_id, newest[1].name, total) == (other, "second", 3)
        assert [row[0].id for row in alerts.find(session, before=newest[0].id)[0]] == [2, 1]
        assert alerts.find(session, holding=True)[1] == alerts.find(session, run=run_id)[1] == 2
        assert alerts.find(session, severity="critical")[1] == 1
    with database.write() as session:
        assert alerts.mark_seen(session, ids=[newest[0].id]) == [other]
        assert alerts.mark_seen(session, run_id=run_id) == [run_id]
        assert alerts.mark_seen(session) == []
    with database.read() as session:
        assert alerts.unseen_counts(session) == {}
        assert alerts.find(session, unseen=True) == ([], 0)


def test_an_alert_goes_to_every_enabled_webhook(database: Database):
    make_rule(database)
    with database.write() as session:
        on, off = (webhooks.create(session, f"http://127.0.0.1/{name}").id for name in ("on", "off"))
        webhooks.enable(session, off, enabled=False)
    run_id, attempt = start(database, name="first")
    losses(database, run_id, attempt, {1: 3.0})
    with database.write() as session:
        claimed = webhooks.claim_due(session)
        assert claimed is not None
        assert (claimed.webhook_id, claimed.alert and claimed.alert.step, claimed.run.name) == (on, 1, "first")
        assert webhooks.claim_due(session) is None
    for attempts in range(1, webhooks.MOST_ATTEMPTS + 1):
        with database.write() as session:
            webhooks.settle(session, claimed.id, "it answered 500")
            state = webhooks.counts(session, on)
            given_up = attempts == webhooks.MOST_ATTEMPTS
            assert (state.waiting, state.given_up, state.last_error) == (1 - given_up, given_up, "it answered 500")
            assert webhooks.claim_due(session) is None
            session.get_one(WebhookDelivery, claimed.id).attempts += 1


def on_a_set(step: int, over: float) -> dict[str, Any]:
    """What a trainer reports of a forgetting set."""
    record = scored_set(step, [2, 2], name="trivia", forgetting=True, over=Estimate(over, over - 0.02, over + 0.02))
    return {"scalars": {"eval/forgetting/trivia/avg@4": 0.5}, "set_scores": [record]}


def test_scores_on_sets_are_kept_by_step_alerted_and_taken_back(database: Database):
    run_id, attempt = start(database)
    for step, over in ((0, 0.0), (2, -0.01), (4, -0.1), (6, 0.0), (8, -0.1)):
        record(database, run_id, attempt, step, **on_a_set(step, over))
    assert [(one.kind, one.step, one.cleared_step) for one in stored(database, run_id)] == [("forgetting", 4, None)]
    with database.read() as session:
        assert [row.x for row in analyses.variants_of(session, run_id)] == [0, 2, 4, 6, 8]
        assert runs.get(session, run_id).topics["analyses"] == runs.get(session, run_id).seq
    with database.write() as session:
        run = runs.get(session, run_id)
        run.state = RunState.QUEUED
    attempt = claim(database, run_id)
    begin(database, run_id, attempt, step=4)
    with database.read() as session:
        assert [row.x for row in analyses.variants_of(session, run_id)] == [0, 2, 4]
    record(database, run_id, attempt, 6, **on_a_set(6, 0.0))
    with database.read() as session:
        assert [row.x for row in analyses.variants_of(session, run_id)] == [0, 2, 4, 6]
    assert [(one.step, one.cleared_step) for one in stored(database, run_id)] == [(4, 6)]
