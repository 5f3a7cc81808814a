"""The shape that the web side assumes of the demo models is that of the files."""

from safetensors import safe_open

from opdboard.domain.model_shape import DEMO_SHAPE
from opdboard_worker.models.demo import ASSETS


def test_demo_shape_is_that_of_both_files():
    for role in ("base", "teacher"):
        with safe_open(ASSETS / f"{role}.safetensors", framework="np") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        assert dict(DEMO_SHAPE.tensors) == shapes
