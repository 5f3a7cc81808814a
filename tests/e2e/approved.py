"""Screenshots against approved ones, which lie in tests/e2e/approved/; OPDBOARD_APPROVE=1 approves what is on screen."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image, ImageChops

APPROVED = Path(__file__).parent / "approved"
RESULTS = Path(__file__).resolve().parents[2] / "test-results"
NOTICED = 40  # of 255: what differs less is the rendering of edges, which varies between builds of a browser
ALLOWED = 0.01  # share of pixels that may differ by more


def compare(name: str, png: bytes) -> None:
    """Fail when more than ALLOWED of the picture, at half its size, differs from the approved one, or its size does."""
    shown = Image.open(io.BytesIO(png)).convert("RGB")
    shown = shown.resize((shown.width // 2, shown.height // 2), Image.Resampling.BOX)
    path = APPROVED / f"{name}.png"
    if os.environ.get("OPDBOARD_APPROVE") == "1":
        APPROVED.mkdir(exist_ok=True)
        shown.quantize(128).save(path, optimize=True)
        return
    if not path.exists():
        pytest.fail(f"{path.name} was never approved: look at the page, then run again with OPDBOARD_APPROVE=1")
    approved = Image.open(path).convert("RGB")
    share = _differing(approved, shown) if approved.size == shown.size else 1.0
    if share > ALLOWED:
        RESULTS.mkdir(exist_ok=True)
        shown.save(RESULTS / f"{name}.png")
        pytest.fail(
            f"{share:.1%} of {name} differs from the approved picture ({shown.size}, approved {approved.size}): "
            f"look at {RESULTS / f'{name}.png'}; if it is right, run again with OPDBOARD_APPROVE=1"
        )


def _differing(one: Image.Image, other: Image.Image) -> float:
    """Share of pixels in which any channel differs by more than NOTICED."""
    channels = ImageChops.difference(one, other).split()
    largest = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    return sum(largest.histogram()[NOTICED + 1 :]) / (one.width * one.height)
