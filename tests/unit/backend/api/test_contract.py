"""Requests drawn from the schema, to every operation: no fault of the server, and answers as the schema describes them."""

from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as drawing
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from support.stored_runs import filled

from opdboard.db.database import Database

LEFT_OUT = {
    "GET /api/live": "never ends",
    "GET /api/hub/models": "asks a server elsewhere",
    "GET /api/hub/datasets/parts": "asks a server elsewhere",
    "GET /api/hub/datasets": "asks a server elsewhere",
    "GET /readyz": "503 is one of its answers, and the tables here are those of no migration",
    "POST /api/webhooks/{webhook_id}/test": "would send to addresses that were drawn",
}
REPORTED = ("/points", "/attempts", "/end")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("mode", "examples"), [("POSITIVE", 5), ("NEGATIVE", 3)])
def test_every_operation_answers_as_its_schema_says(
    client: TestClient, sqlite_database: Database, mode: str, examples: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # drawn data are looked for nowhere else
    run_id, _ = filled(sqlite_database, steps=4)
    begin = {"name": "reported", "method": "other", "total_steps": 10}
    reported_id = client.post("/api/reported-runs", json=begin).json()["run_id"]
    schema = schemathesis.openapi.from_dict(client.get("/api/openapi.json").json())
    operations = [found.ok() for found in schema.get_all_operations()]  # pyright: ignore[reportAttributeAccessIssue]
    assert {operation.label for operation in operations} > LEFT_OUT.keys()
    tried = 0
    for operation in operations:
        if operation.label not in LEFT_OUT:
            run = reported_id if operation.path.endswith(REPORTED) else run_id
            cases = operation.as_strategy(schemathesis.GenerationMode[mode], **_there(operation, run))
            tried += _try(client, cases, examples)
    assert tried > 100


def _there(operation: Any, run_id: str) -> dict[str, Any]:
    """Values of parameters that a draw would never hit: what is there."""
    names = {"run_id": run_id, "name": "scalars", "statistic": "update_norm"}
    path = {name: value for name, value in names.items() if f"{{{name}}}" in operation.path}
    query = {"runs": run_id} if operation.query.get("runs") else {}
    return ({"path_parameters": path} if path else {}) | ({"query": query} if query else {})


def _try(client: TestClient, cases: Any, examples: int) -> int:
    """Sends the same cases each time; how many there were, none where nothing could be given wrongly."""
    tried = 0

    @drawing(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(case=cases)
    def answers(case: Any) -> None:
        nonlocal tried
        tried += 1
        if isinstance(case.body, dict) and "attempt" in case.body:
            case.body["attempt"] = 1
        request = case.as_transport_kwargs(base_url=str(client.base_url))
        request.pop("cookies", None)
        if "data" in request:
            request["content"] = request.pop("data")
        case.validate_response(client.request(**request), checks=_checks())

    try:
        answers()
    except Unsatisfiable:
        assert not tried
    return tried


def _checks() -> list[Any]:
    return [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
