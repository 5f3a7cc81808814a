"""The REST API from Python: what the command line uses, and what a notebook or a script can use."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import httpx
from httpx_sse import EventSource, SSEError
from typing_extensions import override

from opdboard.domain.addresses import bearer_token, stays_here, web_address
from opdboard.domain.errors import BadInput, OpdboardError
from opdboard.domain.run_state import RunState
from opdboard.domain.storable import check_storable
from opdboard.reporting import kept, ranks

if TYPE_CHECKING:
    from opdboard.reporter import Reporter

DEFAULT_URL = "http://127.0.0.1:8765"
TIMEOUT_SECONDS = 30.0
SILENCE_SECONDS = 20.0  # the live stream says something every 5 s
Json = dict[str, Any]


class ServerNotReached(OpdboardError):
    """Nobody answers at the URL."""


class RequestRefused(OpdboardError):
    """The server's own error: its name, its sentence, and the fields it is about."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(str(body.get("detail", f"HTTP {status}")), where=body.get("where"))
        self.status = status
        self.by_opdboard = isinstance(body.get("error"), str) and "detail" in body
        """Whether opdboard itself answered, and not something between here and there."""
        self.name = str(body.get("error", "Error"))
        self.fields: list[dict[str, str]] = body.get("fields") or []

    @property
    @override
    def code(self) -> str:
        """The server's name for the error."""
        return self.name


class Client:
    """One server. Methods return the API's JSON; ServerNotReached and RequestRefused are the errors."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        user: str = "",
        kind: str = "api",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """url and token default to OPDBOARD_URL and OPDBOARD_TOKEN. user, kind: who and what ('cli') steers, for the audit
        trail. transport: how requests travel, when not over the network.
        """
        try:
            self.url = web_address(url or os.environ.get("OPDBOARD_URL") or DEFAULT_URL)
        except ValueError as error:
            raise BadInput(f"the server's address cannot be used: {error}", where="OPDBOARD_URL") from error
        try:
            token = bearer_token(token if token is not None else os.environ.get("OPDBOARD_TOKEN", ""))
        except ValueError as error:
            raise BadInput(f"the token cannot be used: {error}", where="OPDBOARD_TOKEN") from error
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"X-Opdboard-Client": kind} | ({"X-Opdboard-User": quote(user)} if user else {})
        try:
            self._http = httpx.Client(
                base_url=f"{self.url}/api",
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                transport=transport,
                trust_env=not stays_here(self.url),  # a proxy does not lead to this machine
            )
        except (ImportError, ValueError) as error:
            raise BadInput(
                f"the proxy that the environment names cannot be used: {error}", where="ALL_PROXY"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def runs(self, query: str = "", *, sort: str = "", **more: Any) -> Json:
        """{runs, total} of the runs that match, such as "method = effopd and accuracy > 0.5"; more: columns, limit, offset."""
        return self._call("GET", "/runs", params={"query": query, "sort": sort, **more})

    def run(self, run_id: str) -> Json:
        """One run with its configuration, notes and pending commands."""
        return self._call("GET", f"/runs/{_segment(run_id)}")

    def create(self, config: Json, *, group: str = "", tags: Sequence[str] = (), notes: str = "") -> Json:
        """Queue a run; RequestRefused.fields says which fields are wrong."""
        return self._call("POST", "/runs", json={"config": config, "group": group, "tags": list(tags), "notes": notes})

    def sweep(self, config: Json, sweep: Json, *, group: str = "", tags: Sequence[str] = (), notes: str = "") -> Json:
        """Queue every combination of {seeds, grid} as {groups, runs}, or none; RequestRefused.fields names what is wrong."""
        body = {"config": config, "sweep": sweep, "group": group, "tags": list(tags), "notes": notes}
        return self._call("POST", "/launch/sweep", json=body)

    def analyze(self, config: Json, *, group: str = "", tags: Sequence[str] = (), notes: str = "") -> Json:
        """Queue an import of a checkpoint series: {base, checkpoints, name, k, exact}, places as the worker sees them."""
        body = {"config": config, "group": group, "tags": list(tags), "notes": notes}
        return self._call("POST", "/imports", json=body)

    def report(
        self,
        name: str,
        *,
        total_steps: int,
        method: str = "other",
        resume: str | None = None,
        step: int | None = None,
        **about: Any,
    ) -> "Reporter":
        """Report a run that another trainer makes, as a context manager: `with client.report(...) as run: run.log(1, {...})`.

        about: config (any JSON object), student, teacher, group, tags, notes, device, modules ([{name, shape}, ...]).
        resume: id of a reported run to go on with, which keeps what it was begun with. step: the one its trainer goes on
        from, most often its checkpoint's: later points are dropped; None drops nothing and goes on after the last one.
        On any rank but 0 (of torch.distributed, or RANK) the report is silent: a training under torchrun is one run.
        """
        from opdboard.reporter import Reporter  # which imports this module

        if ranks.rank() != 0:
            return Reporter(resume or "", 0, None)
        if resume is not None:
            after = self.run(resume)["step"] if step is None else step
            begun = self._call("POST", f"/runs/{resume}/attempts", json={"step": after})
        else:
            after = 0
            body = {"name": name, "total_steps": total_steps, "method": method, **about}
            check_storable(body)
            begun = self._call("POST", "/reported-runs", json=body)
        run_id = begun["run_id"]

        def post(path: str, body: Json) -> Any:
            return self._call("POST", f"/runs/{run_id}/{path}", json=body)

        return Reporter(run_id, begun["attempt"], post, after=after or None)

    def deliver(self, file: str | Path) -> None:
        """Send what a report could not send before its trainer ended, from the file that its warning named; twice does no harm."""
        for run_id, path, body in kept.read(Path(file)):
            self._call("POST", f"/runs/{run_id}/{path}", json=body)

    def analyse(self, run_id: str, kind: str, **parameters: Any) -> Json:
        """Queue an analysis of the run's checkpoints, such as "scale_final"; it is a run of its own, to follow like any other."""
        return self._call(
            "POST", "/analyses", json={"config": {"kind": kind, "run_id": run_id, "parameters": parameters}}
        )

    def analyses(self, run_ids: Sequence[str]) -> Json:
        """{analyses} of the runs, the latest first."""
        return self._call("GET", "/analyses", params={"runs": ",".join(run_ids)})

    def analysis(self, analysis_id: str) -> Json:
        """One analysis with its variants and their scores."""
        return self._call("GET", f"/analyses/{analysis_id}")

    def command(self, run_id: str, command: str, **arguments: Any) -> Json:
        """Ask the run's trainer for something between two steps; arguments: extrapolate's factor and override, veto's step."""
        return self._call("POST", f"/runs/{_segment(run_id)}/commands", json={"command": command, **arguments})

    def decisions(self, run_id: str) -> Json:
        """What the run's strategy tried, accepted and refused."""
        return self._call("GET", f"/runs/{_segment(run_id)}/decisions")

    def history(self, run_id: str) -> Json:
        """States, attempts and commands of the run."""
        return self._call("GET", f"/runs/{_segment(run_id)}/history")

    def series(
        self, run_id: str, keys: Sequence[str] = (), *, max_points: int = 2000, first: int = 0, last: int | None = None
    ) -> Json:
        """Scalars as base64 arrays from a step to another, thinned beyond max_points per key; all of the run's without keys."""
        params = {"keys": ",".join(keys), "max_points": max_points, "first": first}
        return self._call("GET", f"/runs/{run_id}/series", params=params | ({} if last is None else {"last": last}))

    def modules(self, run_id: str) -> Json:
        """The run's attention and MLP matrices, in the order of its statistics."""
        return self._call("GET", f"/runs/{_segment(run_id)}/modules")

    def statistic(self, run_id: str, statistic: str, *, first: int = 0, last: int | None = None) -> Json:
        """One statistic of all modules, from a step to another."""
        bounds = {"first": first} | ({} if last is None else {"last": last})
        return self._call("GET", f"/runs/{_segment(run_id)}/statistics/{_segment(statistic)}", params=bounds)

    def samples(self, run_id: str, step: int | None = None) -> Json:
        """Stored responses of a step, the latest when none is given, and the steps that have any."""
        return self._call("GET", f"/runs/{_segment(run_id)}/samples", params={} if step is None else {"step": step})

    def checkpoints(self, run_id: str) -> Json:
        """All checkpoints ever written."""
        return self._call("GET", f"/runs/{_segment(run_id)}/checkpoints")

    def alerts(self, run_id: str) -> Json:
        """What has been raised about the run."""
        return self._call("GET", "/alerts", params={"run": run_id, "limit": 500})

    def panels(self) -> list[Json]:
        """Every picture with its parameters."""
        return self._call("GET", "/panels")

    def panel(self, name: str, run_ids: Sequence[str], parameters: Mapping[str, str] | None = None) -> Json:
        """A picture: {figure, cursors, meta}; `plotly.graph_objects.Figure(answer["figure"])` draws it in a notebook."""
        return self._call("GET", f"/panels/{name}", params={"runs": ",".join(run_ids), **(parameters or {})})

    def panel_table(self, name: str, run_ids: Sequence[str], parameters: Mapping[str, str] | None = None) -> Json:
        """The picture's numbers: {columns, rows, count}; beyond the first 20,000 rows, panel_csv has all of them."""
        return self._call("GET", f"/panels/{name}/table", params={"runs": ",".join(run_ids), **(parameters or {})})

    def panel_csv(self, name: str, run_ids: Sequence[str], parameters: Mapping[str, str] | None = None) -> str:
        """All of the picture's numbers as CSV."""
        asked = {"runs": ",".join(run_ids), **(parameters or {})}
        response = self._answered("GET", f"/panels/{name}/table.csv", params=asked)
        if not response.headers.get("content-type", "").startswith("text/csv"):
            raise self._no_opdboard(response)
        return response.text

    def differences(self, run_ids: Sequence[str]) -> Json:
        """Configuration keys that differ and that agree."""
        return self._call("GET", "/compare/config", params={"runs": ",".join(run_ids)})

    def workers(self) -> Json:
        """Worker processes and their load."""
        return self._call("GET", "/workers")

    def speedup(
        self, run_ids: Sequence[str], reference: str, *, metric: str = "eval/reverse_kl", share: float = 1.0
    ) -> Json:
        """Steps, tokens and seconds to a share of the reference's final score, search included."""
        params = {"runs": ",".join(run_ids), "reference": reference, "metric": metric, "share": share}
        return self._call("GET", "/compare/speedup", params=params)

    def live(self, last_id: str | None = None) -> Iterator[tuple[str | None, str, Any]]:
        """Server-sent events as (id, event, data) until the connection ends."""
        headers = {"Last-Event-ID": last_id} if last_id else {}
        timeout = httpx.Timeout(TIMEOUT_SECONDS, read=SILENCE_SECONDS)
        with self._http.stream("GET", "/live", headers=headers, timeout=timeout) as response:
            if response.is_error:
                response.read()
                raise RequestRefused(response.status_code, _body(response))
            try:
                for sent in EventSource(response).iter_sse():
                    if sent.data:
                        yield sent.id or None, sent.event, sent.json()
            except SSEError as error:  # a page of something between here and there
                raise ServerNotReached(f"what answers at {self.url} is no opdboard: {error}") from error

    def follow(self, run_ids: Sequence[str]) -> Iterator[Json]:
        """Each change of these runs as it happens, until all of them have ended.

        A lost connection is opened again; ServerNotReached when nobody answers any more.
        """
        pending = dict.fromkeys(run_ids)
        seen: dict[str, Json] = {}

        def changed(summaries: list[Json]) -> Iterator[Json]:
            for summary in summaries:
                run_id = summary["id"]
                if run_id in pending and (run_id not in seen or summary["seq"] > seen[run_id]["seq"]):
                    seen[run_id] = summary
                    if RunState(summary["state"]).ended:
                        del pending[run_id]
                    yield summary

        while pending:
            try:
                for _, event, data in self.live():
                    # A ping is also the moment to ask anew: a run that ended before the stream began sends nothing.
                    yield from changed(
                        data["runs"] if event == "runs" else [self.run(run_id) for run_id in list(pending)]
                    )
                    if not pending:
                        return
            except httpx.TransportError:
                yield from changed([self.run(run_id) for run_id in list(pending)])

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        response = self._answered(method, path, **arguments)
        try:
            if response.is_success:
                return response.json() if response.content else None
        except ValueError:  # a page of something between here and there, with its status 200
            pass
        raise self._no_opdboard(response)

    def _no_opdboard(self, response: httpx.Response) -> ServerNotReached:
        return ServerNotReached(f"what answers at {self.url} is no opdboard: HTTP {response.status_code}")

    def _answered(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            response = self._sent(method, path, **arguments)
        except httpx.ConnectError as error:
            raise ServerNotReached(f"no opdboard answers at {self.url}; start one with: opdboard up") from error
        except httpx.TransportError as error:
            raise ServerNotReached(f"the connection to {self.url} broke: {error}") from error
        except httpx.HTTPError as error:  # a body that cannot be decoded, too many redirects
            raise ServerNotReached(f"the answer of {self.url} cannot be read: {error}") from error
        if response.is_error:
            raise RequestRefused(response.status_code, _body(response))
        return response

    def _sent(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **arguments)
        except httpx.RemoteProtocolError:
            # A kept connection that the server was just giving up. What only reads may be asked again.
            if method != "GET":
                raise
            return self._http.request(method, path, **arguments)


def _segment(text: str) -> str:
    return quote(text, safe="")


def _body(response: httpx.Response) -> Json:
    try:
        body = response.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"detail": f"HTTP {response.status_code}: {response.text[:200]}"}
