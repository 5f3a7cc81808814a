"""Panels over HTTP: what is stored is what is drawn, whole and live."""

import base64
import math
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest
from fastapi.testclient import TestClient
from support.analysed import SERIES_OF, analyse
from support.scored_sets import scored_set
from support.stored_runs import begin, claim, fill_step, filled, move, record, start
from support.wide_runs import wide_modules, wide_run

from opdboard.api.panels import service
from opdboard.api.panels.cache import ResponseCache
from opdboard.db import analyses, series
from opdboard.db.database import Database
from opdboard.domain.run_state import RunState
from opdboard.panels import registry


def decoded(array: dict | list) -> np.ndarray:
    if isinstance(array, list):
        return np.array(array)
    flat = np.frombuffer(base64.b64decode(array["bdata"]), f"<{array['dtype']}")
    return flat.reshape([int(size) for size in array["shape"].split(",")]) if array.get("shape") else flat


def traces(body: dict) -> dict[str, dict]:
    return {trace["uid"]: trace for trace in body["figure"]["data"]}


def test_every_panel_is_listed_with_its_controls(client: TestClient):
    listed = client.get("/api/panels").json()
    assert [panel["name"] for panel in listed] == [panel.name for panel in registry.PANELS]
    scalars = next(panel for panel in listed if panel["name"] == "scalars")
    assert scalars["params_schema"]["properties"]["smoothing"]["x-control"] == "slider"
    assert scalars["topics"] == ["scalars", "decisions"]
    assert (scalars["min_runs"], scalars["max_runs"]) == (1, 50)


def test_the_numbers_of_a_picture_come_as_a_table_and_as_a_file(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
):
    run_id, attempt = filled(sqlite_database)
    record(sqlite_database, run_id, attempt, 9, {"loss": -math.inf})
    asked = f"runs={run_id}&keys=loss,eval/reverse_kl"
    table = client.get(f"/api/panels/scalars/table?{asked}").json()
    assert table["columns"][:2] == [
        {"heading": "step", "numeric": True},
        {"heading": "Loss [nats/token]", "numeric": True},
    ]
    assert [row[1] for row in table["rows"]][3:5] == ["NaN", 0.1]
    assert (table["rows"][9][:2], table["count"]) == ([9, "-Infinity"], 10)
    file = client.get(f"/api/panels/scalars/table.csv?{asked}")
    assert file.headers["content-type"].startswith("text/csv")
    lines = file.text.splitlines()
    assert lines[0] == "step,Loss [nats/token],Held-out KL [nats/token]"
    assert (lines[4].split(",")[1], lines[10]) == ("nan", "9,-inf,")
    monkeypatch.setattr(service, "MOST_ROWS", 3)
    client.get(f"/api/panels/scalars/table?{asked}&smoothing=0.5")
    short = client.get(f"/api/panels/scalars/table?{asked}&smoothing=0.5").json()
    assert (len(short["rows"]), short["count"]) == (3, 10)
    for path in ("table", "table.csv"):
        refused = client.get(f"/api/panels/scalars/{path}?runs={run_id}&nothing=1")
        assert (refused.status_code, refused.json()["where"]) == (422, "nothing")
        assert client.get(f"/api/panels/scalars/{path}?runs=00000000").status_code == 404


@pytest.mark.parametrize("panel", registry.PANELS, ids=lambda panel: panel.name)
def test_every_panel_draws_stored_and_unbegun_runs(client: TestClient, sqlite_database: Database, panel):
    stored = [filled(sqlite_database)[0] for _ in range(panel.min_runs)]
    fresh = [start(sqlite_database)[0] for _ in range(panel.min_runs)]
    for kind in SERIES_OF:
        analyse(sqlite_database, stored[0], kind)
    with sqlite_database.write() as session:
        analyses.add_own(session, stored[0], 1, [scored_set(0, [1, 2])])
    for runs, empty in ((stored, False), (fresh, True)):
        answer = client.get(f"/api/panels/{panel.name}?runs={','.join(runs)}")
        assert answer.status_code == 200
        body = answer.json()
        assert body["meta"]["empty"] is empty
        assert body["cursors"].keys() == set(runs)
        assert "meta" not in body["figure"]["layout"]
        numbers = client.get(f"/api/panels/{panel.name}/table?runs={','.join(runs)}").json()
        assert (numbers["count"] == 0) == empty
        written = client.get(f"/api/panels/{panel.name}/table.csv?runs={','.join(runs)}").text.splitlines()
        assert len(written) == 1 + numbers["count"]
        after = ",".join(str(body["cursors"][run]) for run in runs)
        nothing = client.get(f"/api/panels/{panel.name}/extension?runs={','.join(runs)}&after={after}").json()
        assert nothing == {
            "cursors": body["cursors"],
            "reset": False,
            "append": {},
            "traces": [],
            "layout": {},
            "meta": None,
        }


def test_a_heatmap_shows_the_stored_vector(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    body = client.get(f"/api/panels/module_allocation?runs={run_id}&statistic=grad_norm&scale=linear&step=4").json()
    with sqlite_database.read() as session:
        stored = series.read_vectors(session, run_id, "grad_norm", step=4).values[0].reshape(3, 4)
    drawn = traces(body)
    np.testing.assert_array_equal(decoded(drawn[f"{run_id}:attention"]["z"]), stored[:, :2])
    np.testing.assert_array_equal(decoded(drawn[f"{run_id}:mlp"]["z"]), stored[:, 2:])
    assert (body["meta"]["step"], body["meta"]["steps"]) == (4, [1, 2, 4, 8])


def test_curves_of_two_runs_share_a_figure(client: TestClient, sqlite_database: Database):
    first, second = filled(sqlite_database)[0], filled(sqlite_database, steps=4)[0]
    body = client.get(f"/api/panels/scalars?runs={first},{second}&keys=loss,reverse_kl&x=seconds").json()
    drawn = traces(body)
    assert decoded(drawn[f"{first}:loss"]["x"]).tolist() == [step / 2 for step in range(9)]
    np.testing.assert_allclose(decoded(drawn[f"{second}:reverse_kl"]["y"]), 1 / np.arange(1, 6))
    assert len(body["figure"]["layout"]["shapes"]) == 2


def test_live_a_curve_grows_by_its_new_points_only(client: TestClient, sqlite_database: Database):
    run_id, attempt = filled(sqlite_database)
    address = f"runs={run_id}&keys=reverse_kl"
    cursor = client.get(f"/api/panels/scalars?{address}").json()["cursors"][run_id]
    xs: list[float] = []
    for step in (9, 10):
        fill_step(sqlite_database, run_id, attempt, step)
        made = client.get(f"/api/panels/scalars/extension?{address}&after={cursor}").json()
        assert (made["reset"], made["traces"]) == (False, [])
        xs += decoded(made["append"][f"{run_id}:reverse_kl"]["x"]).tolist()
        assert made["cursors"][run_id] == cursor + 1
        cursor = made["cursors"][run_id]
    assert xs == [9, 10]


def test_live_a_heatmap_follows_the_latest_step(client: TestClient, sqlite_database: Database):
    run_id, attempt = filled(sqlite_database)
    before = client.get(f"/api/panels/module_allocation?runs={run_id}").json()
    fill_step(sqlite_database, run_id, attempt, 9, snapshots=(1, 2, 4, 8, 9))
    made = client.get(f"/api/panels/module_allocation/extension?runs={run_id}&after={before['cursors'][run_id]}").json()
    after = traces(client.get(f"/api/panels/module_allocation?runs={run_id}").json())
    assert {trace["uid"]: trace for trace in made["traces"]} == {
        uid: after[uid] for uid in after if not uid.endswith("odd")
    }
    assert made["meta"]["step"] == 9


def test_a_rewound_run_a_foreign_cursor_and_first_data_mean_start_again(client: TestClient, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    cursor = client.get(f"/api/panels/scalars?runs={run_id}").json()["cursors"][run_id]
    address = f"/api/panels/scalars/extension?runs={run_id}&after="
    assert client.get(f"{address}{cursor + 1}").json()["reset"] is True
    move(sqlite_database, run_id, RunState.QUEUED)
    begin(sqlite_database, run_id, claim(sqlite_database, run_id), step=4)
    again = client.get(f"{address}{cursor}").json()
    assert (again["reset"], again["append"]) == (True, {})
    assert client.get(f"{address}{again['cursors'][run_id]}").json()["reset"] is False


def test_an_extension_needs_a_cursor_per_run(client: TestClient, sqlite_database: Database):
    first, second = filled(sqlite_database, steps=1)[0], filled(sqlite_database, steps=1)[0]
    answer = client.get(f"/api/panels/scalars/extension?runs={first},{second}&after=1")
    assert (answer.status_code, answer.json()["where"]) == (422, "after")


def test_the_same_question_is_drawn_once(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
):
    run_id, attempt = filled(sqlite_database)
    loaded = []
    real = service.load_all
    monkeypatch.setattr(service, "load_all", lambda *given: loaded.append(1) or real(*given))
    for _ in range(3):
        client.get(f"/api/panels/scalars?runs={run_id}")
    assert len(loaded) == 1
    client.get(f"/api/panels/scalars?runs={run_id}&log=true")
    client.patch(f"/api/runs/{run_id}", json={"name": "renamed"})
    assert (
        traces(client.get(f"/api/panels/scalars?runs={run_id}").json())[f"{run_id}:eval/reverse_kl"]["name"]
        == "renamed"
    )
    record(sqlite_database, run_id, attempt, 20, {"eval/reverse_kl": 0.1})
    latest = client.get(f"/api/panels/scalars?runs={run_id}").json()
    assert decoded(traces(latest)[f"{run_id}:eval/reverse_kl"]["x"])[-1] == 20


def test_the_cache_forgets_the_oldest_and_never_outgrows_its_size():
    cache = ResponseCache(10)
    made: list[str] = []

    def ask(key: str, size: int) -> bytes:
        return cache.get_or_make(key, lambda: made.append(key) or b"x" * size)

    for key, size in (("a", 4), ("b", 4), ("a", 4), ("c", 4), ("b", 4), ("huge", 100), ("huge", 100)):
        assert len(ask(key, size)) == size
    assert made == ["a", "b", "c", "b", "huge", "huge"]


def test_those_who_want_the_same_answer_wait_for_the_one_who_makes_it():
    cache = ResponseCache()
    made: list[str] = []
    begun, go_on = Event(), Event()

    def make() -> bytes:
        made.append("made")
        begun.set()
        assert go_on.wait(10)
        return b"answer"

    with ThreadPoolExecutor(5) as threads:
        answers = [threads.submit(cache.get_or_make, "key", make) for _ in range(5)]
        assert begun.wait(10)
        go_on.set()
        assert {answer.result() for answer in answers} == {b"answer"}
    assert made == ["made"]


def test_a_step_of_a_large_mixture_of_experts_is_small(client: TestClient, sqlite_database: Database):
    modules = wide_modules(48, 128)
    assert len(modules) == 18_624
    run_id, values = wide_run(sqlite_database, modules, range(1, 4))
    address = f"/api/panels/module_allocation?runs={run_id}&scale=linear&step=2"
    answer = client.get(address)
    assert len(answer.content) < 200_000
    of_gates = values[1].reshape(48, 388)[:, 4 : 4 + 128]
    drawn = decoded(traces(answer.json())[f"{run_id}:experts"]["z"])
    np.testing.assert_allclose(drawn[:, 0], np.median(of_gates, 1), rtol=1e-6)
    opened = client.get(f"{address}&experts_of=gate&sort=number")
    assert len(opened.content) < 200_000
    np.testing.assert_array_equal(decoded(traces(opened.json())[f"{run_id}:expert"]["z"]), of_gates)
    for panel in ("module_history", "alignment", "lock_in", "rank_one_trajectory"):
        assert len(client.get(f"/api/panels/{panel}?runs={run_id}").content) < 50_000, panel
