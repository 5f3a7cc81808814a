"""A panel's figure as a file: for print (SVG, PDF, PNG through a browser), for the web (HTML), or as JSON; or its table."""

import json
import os
import re
import shutil
import sysconfig
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.utils import PlotlyJSONEncoder

from opdboard.answers import PanelFigure, TypedArray
from opdboard.api.arrays import decode
from opdboard.domain.errors import BadInput

IMAGES = (".svg", ".pdf", ".png")
FORMATS = (*IMAGES, ".html", ".csv", ".json")
_TAG = re.compile("<[^>]*>")
_NO_SELECTOR = re.compile(r"[^A-Za-z0-9_-]")  # plotly.js makes class names of uids, and looks for them
POINT = 4 / 3  # pixels
INK, GRID, LINE = "#1b1f27", "#e8eaee", "#9aa1b0"


def headed(answer: PanelFigure, title: str | None = None) -> go.Figure:
    """The same under a title, the figure's own where none is given, and the runs and the step that it is of."""
    figure = figure_of(answer)
    lines = [answer.meta.title if title is None else title, f"<span style='font-size:0.8em'>{answer.meta.about}</span>"]
    if not lines[0]:
        return figure
    size = 8 * POINT
    margin = answer.figure.layout.get("margin", {})
    figure.update_layout(
        title={
            "text": "<br>".join(lines),
            "x": 0.01,
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 14},
            "font": {"size": size * 1.2},
        },
        margin={"t": margin.get("t", 10) + 40},
    )
    return figure


def figure_of(answer: PanelFigure) -> go.Figure:
    """The API's figure in the look for print: white, 8 pt, dark ink."""
    data = [{**_plain(trace), "uid": _NO_SELECTOR.sub("_", trace["uid"])} for trace in answer.figure.data]
    figure = go.Figure({"data": data, "layout": answer.figure.layout})
    size = 8 * POINT
    figure.update_layout(
        paper_bgcolor="white",
        plot_bgcolor="white",
        font={"size": size, "color": INK, "family": "Inter, Helvetica, Arial, sans-serif"},
    )
    figure.update_layout(margin={"r": _right_of_lines(answer.figure.layout)})
    for axes in (figure.update_xaxes, figure.update_yaxes):
        axes(linecolor=LINE, gridcolor=GRID, zerolinecolor=GRID)
    return figure


_CHARACTER, _PLOT = 6.2, 600  # pixels, of the usual width


def _right_of_lines(layout: dict[str, Any]) -> float:
    """Pixels beside the axes for names that stand at the ends of lines."""
    ends = layout.get("xaxis", {}).get("autorangeoptions", {})
    room = [float(layout.get("margin", {}).get("r", 10))]
    if "minallowed" in ends and "maxallowed" in ends:
        span = ends["maxallowed"] - ends["minallowed"]
        for note in layout.get("annotations", []):
            if note.get("xanchor") == "left" and note.get("xref", "x") == "x":
                behind = (ends["maxallowed"] - note["x"]) / span * _PLOT
                room.append(len(_TAG.sub("", note["text"])) * _CHARACTER + 12 - behind)
    return max(room)


def _plain(value: Any) -> Any:
    """The same with every base64 array decoded."""
    if isinstance(value, dict):
        return decode(TypedArray(**value)) if "bdata" in value else {key: _plain(inner) for key, inner in value.items()}
    return value


def content(figure: go.Figure, kind: str, *, width: int, height: int) -> bytes:
    """The figure as a file of that ending; BadInput says what is missing."""
    if kind in IMAGES:
        return _image(figure, kind[1:], width, height)
    if kind == ".html":
        return figure.to_html(include_plotlyjs=True, full_html=True).encode()
    return json.dumps(figure.to_plotly_json(), cls=PlotlyJSONEncoder).encode()


def browser() -> str | None:
    """Path of the Chromium that draws images: CHROMIUM, BROWSER_PATH, or what is installed, last in the virtual environment."""
    named = os.environ.get("CHROMIUM") or os.environ.get("BROWSER_PATH")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")))
    return named or next(filter(None, (shutil.which(name, path=places) for name in names)), None)


def _image(figure: go.Figure, kind: str, width: int, height: int) -> bytes:
    path = browser()
    if path is None or not Path(path).exists():
        raise BadInput(
            f"{kind.upper()} is drawn by a browser: install Chromium or Chrome, or name one in CHROMIUM; "
            "an output that ends with .html needs none",
            where="output",
        )
    os.environ["BROWSER_PATH"] = path  # where kaleido looks
    try:
        return figure.to_image(kind, width=width, height=height, scale=3 if kind == "png" else 1)
    except Exception as error:  # kaleido and the browser fail in many ways
        raise BadInput(f"{path} could not draw the figure: {error}", where="output") from error
