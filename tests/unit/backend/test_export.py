"""What is taken away is what is stored: files are read again and compared with the API's numbers."""

import csv
import html
import io
import json
import re
import tempfile
import threading
import zipfile
from contextlib import aclosing
from pathlib import Path
from typing import IO

import anyio
import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from support.stored_runs import create, filled
from typer.testing import CliRunner

from opdboard import cli, terminal
from opdboard.answers import RunDetail
from opdboard.api.app import create_app
from opdboard.api.arrays import decode
from opdboard.api.exports.streaming import streamed
from opdboard.api.series import service
from opdboard.client import Client, RequestRefused
from opdboard.db import runs, series
from opdboard.db.database import Database
from opdboard.db.series import NewPoints
from opdboard.domain.errors import BadInput
from opdboard.export import figures, files, report, tables
from opdboard.export.cells import cells
from opdboard.export.tables import TABLES, Table
from opdboard.settings import Settings


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as text:
        return list(csv.DictReader(text))


def run(*arguments: str) -> None:
    result = CliRunner().invoke(cli.app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output


def test_scalars_are_the_same_in_every_format(server: Client, sqlite_database: Database, tmp_path: Path):
    run_id, _ = filled(sqlite_database)
    for kind in ("csv", "jsonl", "parquet"):
        run("export", run_id, "-o", str(tmp_path / f"all.{kind}"))
    stored = server.series(run_id, ["loss"]).series["loss"]
    steps, values = decode(stored.steps), decode(stored.values)
    of_csv = [row for row in rows(tmp_path / "all.csv") if row["key"] == "loss"]
    assert [int(row["step"]) for row in of_csv] == steps.tolist()
    np.testing.assert_array_equal([float(row["value"]) for row in of_csv], values)
    of_lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [row["value"] for row in of_lines if row["key"] == "loss"][:3] == values[:3].tolist()
    parquet = pq.read_table(tmp_path / "all.parquet").to_pylist()
    np.testing.assert_array_equal([row["value"] for row in parquet if row["key"] == "loss"], values)


def test_everything_goes_into_a_folder_or_an_archive(server: Client, sqlite_database: Database, tmp_path: Path):
    run_id, _ = filled(sqlite_database)
    run("export", run_id, "-o", str(tmp_path / "folder"))
    run("export", run_id, "-o", str(tmp_path / "all.zip"))
    names = {f"{name}.csv" for name in TABLES if name != "samples"} | {"samples.jsonl", f"{run_id}.json"}
    assert {file.name for file in (tmp_path / "folder").iterdir()} == names
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert set(archive.namelist()) == names
        assert archive.read("scalars.csv") == (tmp_path / "folder" / "scalars.csv").read_bytes()
    norms = decode(server.statistic(run_id, "grad_norm").values)
    written = [row for row in rows(tmp_path / "folder" / "module_statistics.csv") if row["statistic"] == "grad_norm"]
    np.testing.assert_allclose([float(row["value"]) for row in written], norms.ravel())
    assert {row["module"] for row in written} == {one.name for one in server.modules(run_id).modules}
    assert {row["estimator"] for row in written} == {""}
    made_by = {
        statistic: [
            row["estimator"]
            for row in rows(tmp_path / "folder" / "module_statistics.csv")
            if (row["statistic"], row["step"]) == (statistic, "4")
        ][:3]
        for statistic in ("effective_rank", "spectral_norm", "visible_sparsity", "subspace_affinity@20")
    }
    assert made_by == {
        "effective_rank": ["gram_float32", "lanczos_quadrature", "gram_float64"],
        "spectral_norm": ["gram_float32", "block_krylov", "gram_float64"],
        "visible_sparsity": ["", "", ""],
        "subspace_affinity@20": ["", "", ""],
    }
    assert len(rows(tmp_path / "folder" / "candidates.csv")) == 6
    kept = json.loads((tmp_path / "folder" / f"{run_id}.json").read_text())
    assert kept["run"]["config"]["budget"]["steps"] == 100 and kept["history"]["changes"]


def test_wrong_outputs_are_named(
    server: Client, sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run_id, _ = filled(sqlite_database, steps=1)
    with pytest.raises(BadInput, match="must be a folder"):
        run("export", run_id, "-o", str(tmp_path / "all.xlsx"))
    with pytest.raises(BadInput, match="no table"):
        run("export", run_id, "-o", str(tmp_path / "all.csv"), "--table", "nothing")
    with pytest.raises(BadInput, match="must end with"):
        run("figure", "scalars", run_id, "-o", str(tmp_path / "a.gif"))
    monkeypatch.setattr(figures, "browser", lambda: None)
    with pytest.raises(BadInput, match="install Chromium"):
        run("figure", "scalars", run_id, "-o", str(tmp_path / "a.svg"))


def test_a_figure_as_numbers_and_as_a_page_of_its_own(server: Client, sqlite_database: Database, tmp_path: Path):
    run_id, _ = filled(sqlite_database)
    for kind in ("csv", "html", "json"):
        run("figure", "scalars", run_id, "-p", "keys=reverse_kl", "-o", str(tmp_path / f"a.{kind}"))
    drawn = rows(tmp_path / "a.csv")
    assert [float(row["KL on the batch [nats/token]"]) for row in drawn] == pytest.approx(
        [1 / (step + 1) for step in range(9)]
    )
    page = (tmp_path / "a.html").read_text()
    drawn = json.loads((tmp_path / "a.json").read_text())["layout"]["title"]["text"]
    assert drawn.startswith("Reverse KL on the batch, full vocabulary<br>")
    assert f"●</span> {server.run(run_id).name}, step 8" in drawn
    assert "Plotly.newPlot" in page and "<script src=" not in page.replace(" charset", "")
    assert json.loads((tmp_path / "a.json").read_text())["layout"]["paper_bgcolor"] == "white"


@pytest.mark.slow
def test_a_figure_for_print_is_drawn_by_the_browser(server: Client, sqlite_database: Database, tmp_path: Path):
    run_id, _ = filled(sqlite_database)
    run("figure", "module_allocation", run_id, "-o", str(tmp_path / "a.svg"), "--title", "Where")
    text = (tmp_path / "a.svg").read_text()
    assert text.startswith("<svg") and ">Where<" in text and ">gate<" not in text and ">up<" in text


def test_a_report_holds_everything_and_needs_nothing(server: Client, sqlite_database: Database, tmp_path: Path):
    first, second = filled(sqlite_database)[0], filled(sqlite_database, name="other <b>")[0]
    run("report", first, second, "-o", str(tmp_path / "r.html"))
    page = (tmp_path / "r.html").read_text()
    assert page.count("Plotly.newPlot") >= 8
    assert "other &lt;b&gt;" in page and "<b>" not in page.split("</script>", 1)[1].split("<script")[0]
    for word in ("Speed-up", "What differs", "Extrapolation decisions", "jumped by 4", "Samples at step 8", "1+1="):
        assert word in page
    assert (
        '<td>2, 4, 6</td><td class="n">4</td><td class="n">0.2</td><td class="n">0.15</td><td class="n">0.25</td>'
        in page
    )
    assert "cdn.plot.ly" not in page.split("</script>", 1)[1]
    numbers = re.findall(r"<summary>The numbers: ([0-9,]+) rows?<", page)
    assert len(numbers) == page.count("<figure>")


def test_a_report_is_drawn_as_it_is_read(server: Client, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch):
    run_id, _ = filled(sqlite_database)
    drawn: list[str] = []
    panel = server.panel
    monkeypatch.setattr(server, "panel", lambda name, *more: drawn.append(name) or panel(name, *more))
    parts = report.page(server, [run_id])
    assert "<h1>" in next(parts) and drawn == []
    pictures = [len(drawn) for part in parts if "<figure>" in part]
    assert pictures == sorted(set(pictures)) and len(pictures) >= 4  # one more each time
    with pytest.raises(RequestRefused, match="no run"):
        report.page(server, [run_id, "00000000"])


def test_a_report_is_sent_as_it_is_made(server: Client, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    answer = server._http.get(f"/runs/{run_id}/report")
    assert "content-length" not in answer.headers and "etag" not in answer.headers
    assert answer.text.endswith("</body></html>")


def test_a_report_says_of_the_speedup_what_the_page_says(server: Client, sqlite_database: Database, tmp_path: Path):
    ids = [filled(sqlite_database)[0], filled(sqlite_database, name="other")[0], create(sqlite_database)]
    run("report", *ids, "-o", str(tmp_path / "r.html"))
    page = html.unescape((tmp_path / "r.html").read_text())
    found = server.speedup(ids, ids[0])
    other, without = found.rows[1].words, found.rows[2].words
    steps = other.ratios.steps
    assert steps.text == "1×" and steps.bracket and steps.more == "n = 1"
    assert f"<td>{steps.text} {steps.bracket} ({steps.more})</td>" in page
    assert f"<td>{other.costs.tokens.text} {other.costs.tokens.bracket}" in page
    assert without.standing.endswith("not recorded yet") and f"<td>{without.standing}</td>" in page
    for sentence in (found.told, found.method, *found.notes):
        assert sentence in page
    assert "eval/reverse_kl" not in page.split("<h2>Speed-up</h2>")[1].split("<h2>What differs</h2>")[0]


def test_rows_come_a_few_at_a_time(server: Client, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch):
    run_id, _ = filled(sqlite_database)
    assert next(TABLES["scalars"].rows(server, server.run(run_id)))[0] == run_id
    whole = list(TABLES["module_statistics"].rows(server, server.run(run_id)))
    monkeypatch.setattr(tables, "_VALUES", 30)  # two steps of the twelve modules
    assert repr(list(TABLES["module_statistics"].rows(server, server.run(run_id)))) == repr(whole)


@pytest.mark.parametrize(
    ("first", "last", "steps"), [(0, None, [1, 2, 4, 8]), (2, 4, [2, 4]), (3, 3, []), (5, None, [8])]
)
def test_a_statistic_is_read_from_a_step_to_another(server: Client, sqlite_database: Database, first, last, steps):
    run_id, _ = filled(sqlite_database)
    found = server.statistic(run_id, "update_norm", first=first, last=last)
    assert found.steps == steps and decode(found.values).shape[0] == len(steps)


def test_the_browser_downloads_what_the_command_line_writes(
    server: Client, sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    on_its_way = tmp_path / "on its way"
    on_its_way.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(on_its_way))
    run_id, _ = filled(sqlite_database, name="Ours, lr 1e-5")
    run("export", run_id, "-o", str(tmp_path / "all.zip"))
    answer = server._http.get(f"/runs/{run_id}/export")
    assert answer.headers["content-disposition"] == f'attachment; filename="Ours-lr-1e-5-{run_id}.zip"'
    with zipfile.ZipFile(tmp_path / "all.zip") as written, zipfile.ZipFile(io.BytesIO(answer.content)) as downloaded:
        assert downloaded.namelist() == written.namelist()
        for name in written.namelist():
            assert downloaded.read(name) == written.read(name), name
    page = server._http.get(f"/runs/{run_id}/report")
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>Ours, lr 1e-5</h1>" in page.text
    assert page.text.count("<figure>") >= 4
    assert server._http.get("/runs/00000000/export").status_code == 404
    assert list(on_its_way.iterdir()) == []


def test_an_export_asks_with_the_servers_own_token(
    sqlite_database: Database, settings: Settings, tmp_path: Path
) -> None:
    run_id, _ = filled(sqlite_database)
    guarded = settings.model_copy(update={"token": "secret"})
    with TestClient(create_app(guarded, static=tmp_path)) as http:
        assert http.get(f"/api/runs/{run_id}/export").status_code == 401
        answer = http.get(f"/api/runs/{run_id}/export", headers={"Authorization": "Bearer secret"})
    assert "scalars.csv" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


def test_every_table_has_its_types_whatever_its_rows(tmp_path: Path):
    example = {"text": "a", "integer": 3, "number": 0.5, "flag": True, "texts": ["a"], "numbers": [0.5]}
    for table in TABLES.values():
        full = tuple(example[kind] for kind in table.kinds.values())
        schemas = []
        for name, given in (
            ("none", []),
            ("one", [full]),
            ("nulls first", [(None,) * len(full)] * files.BLOCK + [full]),
        ):
            made = Table(table.name, table.kinds, lambda *_, given=given: iter(given))
            assert files.export_table(
                Client(), [RunDetail.model_construct()], made, tmp_path / f"{name}.parquet"
            ) == len(given)
            schemas.append(pq.read_schema(tmp_path / f"{name}.parquet"))
            assert pq.read_table(tmp_path / f"{name}.parquet").to_pylist()[-1:] == [
                dict(zip(table.columns, row, strict=True)) for row in given[-1:]
            ]
        assert schemas[0].equals(schemas[1]) and schemas[0].equals(schemas[2]), table.name


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_a_text_is_no_formula_to_a_spreadsheet_and_numbers_stay_numbers(
    server: Client, sqlite_database: Database, tmp_path: Path, begin: str
):
    run_id, _ = filled(sqlite_database)
    name = f'{begin}HYPERLINK("http://x")'
    server._call("PATCH", f"/runs/{run_id}", {"name": name})
    run("export", run_id, "-o", str(tmp_path / "all.csv"))
    run("export", run_id, "-o", str(tmp_path / "all.jsonl"))
    other, _ = filled(sqlite_database)
    run("figure", "module_allocation", run_id, other, "-o", str(tmp_path / "drawn.csv"))
    written = rows(tmp_path / "all.csv")
    assert {row["run_name"] for row in written} == {f"'{name}"}
    assert not any(row["value"].startswith("'") for row in written)
    assert json.loads((tmp_path / "all.jsonl").read_text().splitlines()[0])["run_name"] == name
    assert {row["run"][:2] for row in rows(tmp_path / "drawn.csv")} == {f"'{begin}", server.run(other).name[:2]}


def test_negative_numbers_stay_as_they_are():
    assert cells((-1.5, -2, True, None, "-2", "a")) == [-1.5, -2, True, None, "'-2", "a"]


def test_a_name_does_not_steer_a_terminal(server: Client, sqlite_database: Database):
    run_id, _ = filled(sqlite_database)
    name = "\x1b]0;owned\x07\x1b[2J\x9b31mred\u202eback\r\n\tend"
    server._call("PATCH", f"/runs/{run_id}", {"name": name, "notes": name, "group": name})
    for arguments in (["ls"], ["show", run_id]):
        output = CliRunner().invoke(cli.app, arguments).output
        assert "\\x1b]" in output
        assert not set(output) & set("\x1b\x07\x9b\u202e\r\t")
    said: list[str] = []
    terminal.Progress(said.append)(server.run(run_id))
    assert not set("".join(said)) & set("\x1b\x07\x9b\u202e\r\t")


def test_a_long_history_is_read_page_by_page_and_completely(
    server: Client, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tables, "_AT_ONCE", 64)
    run_id, _ = filled(sqlite_database, steps=1)
    steps = [*range(2, 500), 10_000, *range(1_000_000, 1_000_300), 2**31 - 1]
    with sqlite_database.write() as session:
        points = {"rare": NewPoints(steps, [float(step) for step in steps], [0.0] * len(steps))}
        series.append_points(session, run_id, 99, points, {})
        run = runs.get(session, run_id)
        run.step, run.latest = steps[-1], {"rare": 1.0}
    asked: list[int] = []
    ask = server.series
    monkeypatch.setattr(server, "series", lambda *given, **more: asked.append(1) or ask(*given, **more))
    written = list(TABLES["scalars"].rows(server, server.run(run_id)))
    assert [(row[3], row[4]) for row in written] == [(step, step) for step in steps]
    assert len(asked) < 100  # of 2^25 pages of 64 steps


def test_an_answer_with_too_many_points_is_refused_in_words(
    server: Client, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
):
    run_id, _ = filled(sqlite_database)
    monkeypatch.setattr(service, "MOST_SENT", 10)
    with pytest.raises(RequestRefused, match="ask for fewer keys"):
        server.series(run_id)
    assert server.series(run_id, ["loss"], first=2, last=4).series["loss"].total == 3


def test_a_stream_begins_before_all_is_made_and_ends_with_its_reader():
    async def read() -> None:
        ended, read_one = threading.Event(), threading.Event()

        def write(stream: IO[bytes]) -> None:
            try:
                stream.write(b"a" * 100_000)
                read_one.wait()
                while True:
                    stream.write(b"b" * 100_000)
            finally:
                ended.set()

        async with aclosing(streamed(write)) as blocks:
            assert (await anext(blocks))[:1] == b"a"
            read_one.set()
        assert ended.is_set()

    anyio.run(read)
