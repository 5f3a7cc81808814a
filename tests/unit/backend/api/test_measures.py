"""One table of names."""

from fastapi.testclient import TestClient
from support.stored_runs import record, start

from opdboard.db.database import Database


def test_every_measure_is_named_with_its_unit_and_those_that_a_run_reports_besides(
    client: TestClient, sqlite_database: Database
):
    run_id, attempt = start(sqlite_database)
    record(sqlite_database, run_id, attempt, 1, {"loss": 1.0, "rewards/format": 0.5, "eval/gsm8k/avg@4": 0.5})
    told = client.get("/api/measures").json()
    scalar, module, score = ({one["name"]: one for one in told[kind]} for kind in ("scalar", "module", "score"))
    assert scalar["reverse_kl"] == {
        "name": "reverse_kl",
        "title": "Reverse KL on the batch, full vocabulary",
        "brief": "KL on the batch",
        "symbol": "KL(p‖q)",
        "unit": "nats/token",
        "better": "lower",
    }
    assert scalar["eval/gsm8k/avg@4"]["title"] == "Share of right answers on gsm8k, avg@4"
    assert scalar["rewards/format"]["title"] == "rewards/format"
    assert module["update_norm"]["title"] == "Update norm"
    assert score["negative_reverse_kl"]["title"] == "Negative reverse KL to the teacher"
