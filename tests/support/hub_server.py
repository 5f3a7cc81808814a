"""A small server that speaks the Hugging Face hub's protocol: repositories are made, pushed to, listed and downloaded.

`refuse` holds the status with which the next requests are answered, one each, with `refuse_headers`; `tokens` those that came with them.
"""

import base64
import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response

from support.served import served


@dataclass
class Repository:
    """Files of its one branch by path, and the hash that stands for them all."""

    private: bool = False
    gated: bool = False
    license: str = ""
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def sha(self) -> str:
        listed = sorted((path, hashlib.sha256(content).hexdigest()) for path, content in self.files.items())
        return hashlib.sha1(json.dumps(listed).encode()).hexdigest()


class HubServer:
    """Its address and what it holds."""

    def __init__(self) -> None:
        self.url = ""
        self.models: dict[str, Repository] = {}
        self.datasets: dict[str, Repository] = {}
        self.refuse: list[int] = []
        self.refuse_headers: dict[str, str] = {}
        self.tokens: set[str] = set()
        self._large: dict[str, bytes] = {}

    def model(self, repo_id: str) -> Repository:
        if repo_id not in self.models:
            raise HTTPException(404, headers={"X-Error-Code": "RepoNotFound"})
        return self.models[repo_id]

    def repository(self, kind: str, repo_id: str, revision: str = "main") -> Repository:
        """kind: models or datasets. Of one branch, and of its newest commit."""
        found = {"models": self.models, "datasets": self.datasets}.get(kind, {}).get(repo_id)
        if found is None:
            raise HTTPException(404, headers={"X-Error-Code": "RepoNotFound"})
        if revision not in ("main", found.sha):
            raise HTTPException(404, headers={"X-Error-Code": "RevisionNotFound"})
        return found

    def create(self, wanted: dict[str, Any]) -> dict[str, str]:
        repo_id = "/".join(filter(None, (wanted.get("organization"), wanted["name"])))
        if repo_id in self.models:
            raise HTTPException(409)
        self.models[repo_id] = Repository(private=wanted.get("visibility") == "private" or bool(wanted.get("private")))
        return {"url": f"{self.url}/{repo_id}", "name": repo_id, "id": repo_id}

    def large_objects(self, repo_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
        def action(oid: str) -> dict[str, Any]:
            return {"upload": {"href": f"{self.url}/large/{oid}", "header": {}}}

        self.model(repo_id)
        objects = [{**one, "actions": action(one["oid"])} for one in wanted["objects"]]
        return {"transfer": "basic", "objects": objects}

    def put_large(self, oid: str, content: bytes) -> None:
        if hashlib.sha256(content).hexdigest() != oid:
            raise HTTPException(422)
        self._large[oid] = content

    def commit(self, repo_id: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        repository = self.model(repo_id)
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                repository.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                repository.files[value["path"]] = self._large[value["oid"]]
        address = f"{self.url}/{repo_id}/commit/{repository.sha}"
        return {"success": True, "commitUrl": address, "commitOid": repository.sha}

    def info(self, kind: str, repo_id: str, revision: str = "main") -> dict[str, Any]:
        repository = self.repository(kind, repo_id, revision)
        return {
            "_id": "0",
            "id": repo_id,
            "modelId": repo_id,
            "private": repository.private,
            "gated": "manual" if repository.gated else False,
            "sha": repository.sha,
            "tags": [f"license:{repository.license}"] if repository.license else [],
            "downloads": len(repository.files),
            "likes": 0,
            "siblings": [{"rfilename": path} for path in repository.files],
            **self._size(repository),
        }

    def _size(self, repository: Repository) -> dict[str, Any]:
        weights = repository.files.get("model.safetensors")
        if weights is None:
            return {}
        described = json.loads(weights[8 : 8 + int.from_bytes(weights[:8], "little")])
        shapes = [one["shape"] for name, one in described.items() if name != "__metadata__"]
        return {"safetensors": {"parameters": {}, "total": sum(math.prod(shape) for shape in shapes)}}

    def search(self, kind: str, text: str, limit: int) -> list[dict[str, Any]]:
        named = self.models if kind == "models" else self.datasets
        found = [self.info(kind, repo_id) for repo_id in named if text.lower() in repo_id.lower()]
        return sorted(found, key=lambda one: -one["downloads"])[:limit]

    def tree(self, kind: str, repo_id: str, revision: str, folder: str, *, deep: bool) -> list[dict[str, Any]]:
        files = self.repository(kind, repo_id, revision).files
        below = f"{folder}/" if folder else ""
        inside = [path for path in files if path.startswith(below)]
        if folder and not inside:
            raise HTTPException(404, headers={"X-Error-Code": "EntryNotFound"})
        folders = {f"{below}{path.removeprefix(below).partition('/')[0]}" for path in inside} - set(inside)
        shown = [path for path in inside if deep or "/" not in path.removeprefix(below)]
        return [{"type": "directory", "path": path, "size": 0, "oid": "0" * 40} for path in sorted(folders)] + [
            _entry(path, files[path]) for path in shown
        ]

    def paths(self, kind: str, repo_id: str, revision: str, asked: list[str]) -> list[dict[str, Any]]:
        files = self.repository(kind, repo_id, revision).files
        found = [_entry(path, files[path]) for path in asked if path in files]
        within = [path for path in asked if any(one.startswith(f"{path}/") for one in files)]
        return found + [{"type": "directory", "path": path, "size": 0, "oid": "0" * 40} for path in within]

    def file(self, kind: str, repo_id: str, revision: str, path: str, span: str = "") -> Response:
        repository = self.repository(kind, repo_id, revision)
        if repository.gated:
            raise HTTPException(403, headers={"X-Error-Code": "GatedRepo"})
        if path not in repository.files:
            raise HTTPException(404, headers={"X-Error-Code": "EntryNotFound"})
        content = repository.files[path]
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": repository.sha}
        if not span:
            return Response(content, media_type="application/octet-stream", headers=headers)
        first, last = (int(place) for place in span.removeprefix("bytes=").split("-"))
        headers["Content-Range"] = f"bytes {first}-{min(last, len(content) - 1)}/{len(content)}"
        return Response(content[first : last + 1], 206, headers, media_type="application/octet-stream")


def _entry(path: str, content: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


def _application(hub: HubServer) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def _refuse(request: Request, follow: Any) -> Response:
        if request.url.path.startswith(("/api/models", "/api/datasets", "/api/repos")):
            hub.tokens.add(request.headers.get("authorization", "").removeprefix("Bearer "))
        if hub.refuse:
            return Response(status_code=hub.refuse.pop(0), headers=hub.refuse_headers)
        return await follow(request)

    @app.post("/api/repos/create")
    async def _create(request: Request) -> Any:
        return hub.create(await request.json())

    @app.post("/api/validate-yaml")
    async def _validate() -> Any:
        return {"errors": [], "warnings": []}

    @app.post("/api/models/{owner}/{name}/preupload/{revision}")
    async def _preupload(owner: str, name: str, request: Request) -> Any:
        hub.model(f"{owner}/{name}")
        asked = (await request.json())["files"]
        modes = [(one["path"], "lfs" if one["path"].endswith(".safetensors") else "regular") for one in asked]
        return {"files": [{"path": path, "uploadMode": mode, "shouldIgnore": False} for path, mode in modes]}

    @app.post("/{owner}/{name}.git/info/lfs/objects/batch")
    async def _batch(owner: str, name: str, request: Request) -> Any:
        return hub.large_objects(f"{owner}/{name}", await request.json())

    @app.put("/large/{oid}")
    async def _large(oid: str, request: Request) -> None:
        hub.put_large(oid, await request.body())

    @app.post("/api/models/{owner}/{name}/commit/{revision}")
    async def _commit(owner: str, name: str, request: Request) -> Any:
        lines = (await request.body()).decode().splitlines()
        return hub.commit(f"{owner}/{name}", [json.loads(line) for line in lines if line])

    @app.get("/api/{kind}")
    async def _search(kind: str, search: str = "", limit: int = 1000) -> Any:
        if kind not in (
            "models",
            "datasets",
        ):  # the client asks for more, and keeps what it is told in the user's cache
            raise HTTPException(404)
        return hub.search(kind, search, limit)

    @app.get("/api/{kind}/{owner}/{name}/tree/{revision}")
    @app.get("/api/{kind}/{owner}/{name}/tree/{revision}/{folder:path}")
    async def _tree(
        kind: str, owner: str, name: str, revision: str, folder: str = "", *, recursive: bool = False
    ) -> Any:
        return hub.tree(kind, f"{owner}/{name}", revision, folder, deep=recursive)

    @app.post("/api/{kind}/{owner}/{name}/paths-info/{revision}")
    async def _paths(kind: str, owner: str, name: str, revision: str, request: Request) -> Any:
        form = await request.form() if "form" in request.headers.get("content-type", "") else None
        asked = form.getlist("paths") if form else (await request.json())["paths"]
        return hub.paths(kind, f"{owner}/{name}", revision, [str(one) for one in asked])

    @app.get("/api/{kind}/{owner}/{name}/auth-check")
    async def _may_read(kind: str, owner: str, name: str) -> None:
        if hub.repository(kind, f"{owner}/{name}").gated:
            raise HTTPException(403, headers={"X-Error-Code": "GatedRepo"})

    @app.get("/api/{kind}/{owner}/{name}/revision/{revision}")
    @app.get("/api/{kind}/{owner}/{name}")
    async def _info(kind: str, owner: str, name: str, revision: str = "main") -> Any:
        return hub.info(kind, f"{owner}/{name}", revision)

    @app.api_route("/datasets/{owner}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
    async def _row_file(owner: str, name: str, revision: str, path: str, request: Request) -> Response:
        return hub.file("datasets", f"{owner}/{name}", revision, path, request.headers.get("range", ""))

    @app.api_route("/{owner}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
    async def _file(owner: str, name: str, revision: str, path: str) -> Response:
        return hub.file("models", f"{owner}/{name}", revision, path)

    return app


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """The server, until the block is left."""
    hub = HubServer()
    with served(_application(hub)) as url:
        hub.url = url
        yield hub
