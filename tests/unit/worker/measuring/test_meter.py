"""What is measured together, and what a step's groups make to store."""

from opdboard.domain.modules import Module
from opdboard_worker.measuring import meter
from opdboard_worker.measuring.meter import of_equal_shape, vectors


def modules(*shapes: tuple[int, int]) -> list[Module]:
    return [Module(f"layers.{place}.q", place, "q", shape) for place, shape in enumerate(shapes)]


def test_groups_keep_every_module_once_and_in_order():
    assert of_equal_shape(modules((2, 3), (3, 2), (2, 3), (2, 3))) == [[0, 2, 3], [1]]
    assert of_equal_shape([]) == []


def test_a_group_has_no_more_entries_than_are_copied_cheaply(monkeypatch):
    monkeypatch.setattr(meter, "_MOST_ENTRIES", 250)
    assert of_equal_shape(modules(*[(10, 10)] * 5)) == [[0, 1], [2, 3], [4]]
    assert of_equal_shape(modules((20, 20), (20, 20))) == [[0], [1]]


def test_a_model_without_attention_and_mlp_matrices_has_nothing_to_store():
    assert vectors(1, []) == []
