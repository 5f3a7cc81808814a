"""The health pictures: the healthy band, and alerts marked where they were raised."""

from typing import Any

from support.drawn_runs import drawn_run

from opdboard.panels import health


def test_alerts_are_marked_at_their_steps_and_filled_where_they_are_about_the_curve():
    drawn: Any = health.figure([drawn_run()], health.HealthParams(view="kl"))
    (marks,) = [trace for trace in drawn.data if trace.uid == "run0:alerts"]
    assert marks.x.tolist() == [3.0, 17.0]
    assert list(marks.marker.symbol) == ["triangle-down-open", "triangle-down"]
    assert list(marks.text) == ["A module stands still", "KL spike"]
    assert [tuple(row) for row in marks.customdata] == [("model.layers.0.self_attn.q_proj.weight", 3), ("", 17)]
    assert [shape.x0 for shape in drawn.layout.shapes] == [3.0, 17.0]


def test_the_overlap_is_shown_against_where_healthy_runs_are():
    drawn: Any = health.figure([drawn_run()], health.HealthParams())
    assert (drawn.layout.shapes[0].y0, drawn.layout.shapes[0].y1) == (0.72, 0.91)
    assert "0.72 to 0.91" in drawn.layout.meta["note"]
