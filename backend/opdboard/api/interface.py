"""The built user interface: files below opdboard/static, and index.html for every page address."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

STATIC = Path(__file__).resolve().parent.parent / "static"
_FOREVER = "public, max-age=31536000, immutable"
_NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>opdboard</title>
<body style="font: 16px system-ui; max-width: 40em; margin: 4em auto">
<h1>The user interface has not been built</h1>
<p>The API works: see <a href="/api/docs">/api/docs</a>. To build the interface, run <code>make ui</code> in the
repository, or install opdboard from a wheel, which contains it.</p>"""


def install(app: FastAPI, folder: Path) -> None:
    """Serve the folder at every address that no endpoint has. Call after all routers are included."""
    root = folder.resolve()

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    def page(path: str) -> Response:
        if path == "api" or path.startswith("api/"):
            raise HTTPException(404, "there is no such endpoint")
        file = _file(root, path)
        if file is not None and file.name != "index.html":
            hashed = path.startswith("assets/")
            return FileResponse(file, headers={"Cache-Control": _FOREVER if hashed else "no-cache"})
        if path.startswith("assets/"):
            raise HTTPException(404, "there is no such file")
        index = root / "index.html"
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT, status_code=503)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})


def _file(root: Path, path: str) -> Path | None:
    if not path or "\x00" in path:
        return None
    try:
        file = (root / path).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError):
        return None
