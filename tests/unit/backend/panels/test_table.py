"""The tables of pictures: which numbers they tell, and that none is left out."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.drawn_runs import drawn_run, points, vectors

from opdboard.panels import registry, scores
from opdboard.panels.gathering import entries
from opdboard.panels.series import RunSeries
from opdboard.panels.table import Column, Points, Table, of_rows, over


def told(name: str, series: list[RunSeries], **params: Any) -> Table:
    panel = registry.panel(name)
    return panel.tell(series, panel.params.model_validate(params))


def headings(table: Table) -> list[str]:
    return [column.heading for column in table.columns]


def column(table: Table, heading: str) -> list:
    place = headings(table).index(heading)
    return [row[place] for row in table.rows()]


def test_columns_over_x_share_their_rows_and_a_place_may_come_twice():
    table = over(
        Column("x", "s"),
        [
            Points(Column("a"), np.array([1.0, 2.0, 2.0]), np.array([5.0, np.nan, 7.0])),
            Points(Column("a", "m"), np.array([2.0, 0.0]), [1.5, -math.inf]),
            Points(Column("word", numeric=False), np.array([2.0]), ["alert"]),
        ],
    )
    assert headings(table) == ["x [s]", "a", "a (2) [m]", "word"]
    rows = [tuple(row) for row in table.rows()]
    assert rows[:2] == [(0, None, -math.inf, None), (1, 5.0, None, None)]
    assert str(rows[2]) == "(2, nan, 1.5, 'alert')"
    assert rows[3] == (2, 7.0, None, None)
    assert over(Column("x"), []).count == 0
    assert [row[0] for row in over(Column("x"), [Points(Column("a"), np.array([0.5, 1.0]), [1, 2])]).rows()] == [
        0.5,
        1.0,
    ]


def test_columns_of_one_name_are_told_apart():
    assert headings(of_rows([Column("Run", "s"), Column("Run", "s"), Column("x")], [])) == [
        "Run [s]",
        "Run (2) [s]",
        "x",
    ]


def test_curves_are_told_in_full_and_as_measured():
    steps = np.arange(5000)
    run = replace(drawn_run(), scalars={"loss": points(steps, np.sin(steps))}, triggers=[])
    table = told("scalars", [run], keys="loss", smoothing=0.9)
    assert headings(table) == ["step", "Loss [nats/token]"]
    assert column(table, "step") == steps.tolist()
    assert column(table, "Loss [nats/token]") == np.sin(steps).tolist()
    view = told("scalars", [run], keys="loss", x_from=10, x_to=12.5)
    assert column(view, "step") == [10, 11, 12]


def test_what_is_not_finite_is_told():
    loss = column(told("scalars", [drawn_run()], keys="loss"), "Loss [nats/token]")
    assert math.isnan(loss[5]) and loss[7] == math.inf


def test_curves_of_a_group_are_its_mean_with_the_interval_and_members_when_asked_for():
    members = [replace(drawn_run(number), group="seeds", group_color=3) for number in range(3)]
    table = told("scalars", members, keys="tokens,eval/reverse_kl", members=True)
    name = "Held-out KL"
    assert [heading.replace(" [nats/token]", "") for heading in headings(table) if name in heading] == [
        name, f"{name}, lower end of 95%", f"{name}, upper end of 95%", *(f"{name} of Run {number}" for number in range(3)),
    ]  # fmt: skip
    assert column(table, f"{name} [nats/token]")[4] == pytest.approx(0.7 * math.exp(-0.4))
    assert column(table, f"{name} [nats/token]")[5] is None  # evaluated every fourth step
    alone = told("scalars", [members[0], replace(drawn_run(5), name="Other")], keys="tokens")
    assert headings(alone) == ["step", "seeds (n = 1) [tokens]", "Other [tokens]"]


def test_alerts_stand_at_their_steps_beside_the_curves():
    table = told("health", [drawn_run()], view="kl")
    assert {step: words for step, words in zip(column(table, "step"), column(table, "alert"), strict=True) if words} == {
        3: "A module stands still", 17: "KL spike",
    }  # fmt: skip
    assert column(table, "KL on the batch [nats/token]")[3] == 0.73


def test_a_module_is_told_as_it_is_coloured_with_what_made_it():
    run = drawn_run()
    table = told("module_allocation", [run], statistic="effective_rank", step=4)
    assert headings(table) == ["module", "parameter", "Effective rank of ΔW", "made by"]
    assert column(table, "parameter") == [module.name for module in run.modules]
    rows = run.vectors["effective_rank"]
    assert column(table, "Effective rank of ΔW") == rows.values[rows.steps.tolist().index(4)].tolist()
    assert column(table, "made by")[0].startswith("gram_float64")
    two = told("module_allocation", [run, drawn_run(1)])
    assert headings(two) == ["run", "module", "parameter", "Update norm, ‖ΔW‖F"]


def test_modules_over_time_are_told_at_every_step():
    run = drawn_run()
    steps = np.arange(1, 2001)
    rows = vectors(steps, steps[:, None] * np.ones(len(run.modules)))
    table = told("module_allocation", [replace(run, vectors={"update_norm": rows})], mode="over_time")
    assert table.count == 2000 * len(run.modules)
    assert column(table, "Update norm, ‖ΔW‖F")[:2000] == steps.tolist()


def test_tries_are_told_with_what_became_of_them():
    table = told("decisions", [drawn_run()])
    fates = list(
        zip(column(table, "step"), column(table, "factor along D"), column(table, "what became of it"), strict=True)
    )
    assert fates == [
        (2, 0, "W_t itself"), (2, 2, "accepted, not taken"), (2, 4, "taken"), (2, 6, "refused"),
        (4, 0, "W_t itself"), (4, 6, "refused"),
        (8, 0, "W_t itself"), (8, 2, "taken, then taken back"),
    ]  # fmt: skip
    assert column(told("decision_line", [drawn_run()], step=5), "step") == [4, 4]
    assert column(table, "gain over W_t")[0] is None  # of W_t over itself


def test_the_means_of_a_groups_scores_are_those_that_are_drawn():
    members = [replace(drawn_run(number), group="seeds", group_color=3) for number in range(3)]
    table = told("rank", members, measure="accuracy")
    rows = dict(zip(zip(column(table, "run"), column(table, "weights"), strict=True), table.rows(), strict=True))
    (entry,) = entries(members)
    drawn = scores.curve(entry, "rank", ("top",), "accuracy")
    means = [row for (name, label), row in rows.items() if name == "seeds (n = 3)" and label.startswith("top")]
    place = headings(table).index("Accuracy [share]")
    assert [row[place] for row in means] == pytest.approx(drawn.y.tolist())
    assert [row[place + 1] for row in means] == pytest.approx(drawn.low.tolist())


def test_paths_are_told_with_every_snapshot():
    table = told("rank_one_trajectory", [drawn_run()])
    assert headings(table)[:4] == ["run", "module", "EVR 0:2", "step"]
    assert len(set(column(table, "module"))) > 1
