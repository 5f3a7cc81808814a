"""A run is told from another by colour or by shape, also by readers who see fewer colours."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from opdboard.panels import look
from opdboard.panels.series import RunSeries

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SIGHTS = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.41246, 0.35758, 0.18044], [0.21267, 0.71515, 0.07218], [0.01933, 0.11919, 0.95030]])
WHITE = np.array([0.95047, 1.0, 1.08883])
APART = 30.0


def lab(color: str, sight: str) -> np.ndarray:
    """CIELAB of a hex colour as seen with that sight."""
    srgb = np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(SIGHTS[sight]) @ linear, 0, 1) / WHITE
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: str, other: str, sight: str) -> float:
    return float(np.linalg.norm(lab(one, sight) - lab(other, sight)))


def run(color: int) -> RunSeries:
    return RunSeries(id=str(color), name=f"run {color}", color=color)


@pytest.mark.parametrize("sight", SIGHTS)
def test_the_first_sixteen_runs_differ_in_shape_wherever_their_colours_are_alike(sight: str):
    for one, other in combinations(map(run, range(16)), 2):
        apart = distance(look.run_color(one), look.run_color(other), sight)
        assert apart > APART or look.run_mark(one) != look.run_mark(other), (one.name, other.name, apart)


def test_green_and_pink_are_one_grey_to_a_deuteranope_so_their_shapes_tell_them_apart():
    green, pink = run(2), run(3)
    assert distance(look.run_color(green), look.run_color(pink), "deuteranopia") < 20
    assert (look.run_mark(green).symbol, look.run_mark(pink).symbol) == ("triangle-up", "diamond")


def test_no_run_has_colour_and_shape_of_another_of_the_first_64():
    assert len({(look.run_color(run(index)), look.run_mark(run(index))) for index in range(64)}) == 64


def test_parts_have_no_colour_of_a_run():
    for part in look.PARTS:
        assert min(distance(part, color, "usual") for color in look.OKABE_ITO) > 25


def test_the_browser_draws_the_same_colours_and_shapes():
    text = (Path(__file__).parents[4] / "frontend/src/lib/colors.ts").read_text()
    assert tuple(re.findall(r"#\w{6}", text.split("as const")[0])) == look.OKABE_ITO
    assert re.findall(r'\["([a-z-]+)", "M', text) == [mark.symbol for mark in look.MARKS]
    first = re.search(r"FIRST_SHAPES = \[([\d, ]+)\]", text)
    assert first is not None
    marks = [look.MARKS[int(place)] for place in first[1].split(",")]
    assert marks == [look.run_mark(run(index)) for index in range(8)]
