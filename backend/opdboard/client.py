"""The REST API from Python: what the command line uses, and what a notebook or a script can use."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

import httpx
from httpx_sse import EventSource, SSEError
from typing_extensions import override

from opdboard.domain.addresses import bearer_token, stays_here, web_address
from opdboard.domain.errors import BadInput, OpdboardError
from opdboard.domain.storable import check_storable
from opdboard.reporting import kept, ranks

if TYPE_CHECKING:
    from opdboard import answers
    from opdboard.reporter import Reporter

DEFAULT_URL = "http://127.0.0.1:8765"
TIMEOUT_SECONDS = 30.0
SILENCE_SECONDS = 20.0  # the live stream says something every 5 s
Json = dict[str, Any]
T = TypeVar("T")


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
    """One server. Methods return the API's own models; ServerNotReached and RequestRefused are the errors."""

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

    def runs(self, query: str = "", *, sort: str = "", **more: Any) -> "answers.RunList":
        """The runs that match, such as "method = effopd and accuracy > 0.5"; more: columns, limit, offset."""
        return self._get(_answers().RunList, "/runs", query=query, sort=sort, **more)

    def run(self, run_id: str) -> "answers.RunDetail":
        """One run with its configuration, notes and pending commands."""
        return self._get(_answers().RunDetail, f"/runs/{_segment(run_id)}")

    def create(self, config: Json, **about: Any) -> "answers.RunDetail":
        """Queue a run; about: group, tags, notes. RequestRefused.fields says which fields are wrong."""
        return self._post(_answers().RunDetail, "/runs", {"config": config, **about})

    def sweep(self, config: Json, sweep: Json, **about: Any) -> "answers.SweepMade":
        """Queue every combination of {seeds, grid}, or none; RequestRefused.fields names what is wrong."""
        return self._post(_answers().SweepMade, "/launch/sweep", {"config": config, "sweep": sweep, **about})

    def analyze(self, config: Json, **about: Any) -> "answers.RunDetail":
        """Queue an import of a checkpoint series: {base, checkpoints, name, k, exact}, places as the worker sees them."""
        return self._post(_answers().RunDetail, "/imports", {"config": config, **about})

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

        about: config (any JSON object), student, teacher, group, tags, notes, device, modules ([{name, shape}, ...]), and
        made_with ({software, models, files}, texts by name); without it the versions of installed packages are told.
        resume: id of a reported run to go on with, which keeps what it was begun with. step: the one its trainer goes on
        from, most often its checkpoint's: later points are dropped; None drops nothing and goes on after the last one.
        On any rank but 0 (of torch.distributed, or RANK) the report is silent: a training under torchrun is one run.
        """
        from opdboard.domain.provenance import installed
        from opdboard.reporter import Reporter  # which imports this module

        if ranks.rank() != 0:
            return Reporter(resume or "", 0, None)
        made_with = about.pop("made_with", None) or {"software": installed()}
        if resume is not None:
            after = self._call("GET", f"/runs/{resume}")["step"] if step is None else step
            begun = self._call("POST", f"/runs/{resume}/attempts", {"step": after, "made_with": made_with})
        else:
            after = 0
            body = {"name": name, "total_steps": total_steps, "method": method, "made_with": made_with, **about}
            check_storable(body)
            begun = self._call("POST", "/reported-runs", body)
        run_id = begun["run_id"]

        def post(path: str, body: Json) -> Any:
            return self._call("POST", f"/runs/{run_id}/{path}", body)

        return Reporter(run_id, begun["attempt"], post, after=after or None)

    def deliver(self, file: str | Path) -> None:
        """Send what a report could not send before its trainer ended, from the file that its warning named; twice does no harm."""
        for run_id, path, body in kept.read(Path(file)):
            self._call("POST", f"/runs/{run_id}/{path}", body)

    def analyse(self, run_id: str, kind: str, **parameters: Any) -> "answers.RunDetail":
        """Queue an analysis of the run's checkpoints, such as "scale_final"; it is a run of its own, to follow like any other."""
        config = {"kind": kind, "run_id": run_id, "parameters": parameters}
        return self._post(_answers().RunDetail, "/analyses", {"config": config})

    def analyses(self, run_ids: Sequence[str]) -> "answers.AnalysisList":
        """Analyses of the runs, the latest first."""
        return self._get(_answers().AnalysisList, "/analyses", runs=",".join(run_ids))

    def analysis(self, analysis_id: str) -> "answers.AnalysisDetail":
        """One analysis with its variants and their scores."""
        return self._get(_answers().AnalysisDetail, f"/analyses/{_segment(analysis_id)}")

    def command(self, run_id: str, command: str, **arguments: Any) -> "answers.CommandOut":
        """Ask the run's trainer for something between two steps; arguments: extrapolate's factor and override, veto's step."""
        body = {"command": command, **arguments}
        return self._post(_answers().CommandOut, f"/runs/{_segment(run_id)}/commands", body)

    def decisions(self, run_id: str) -> "answers.DecisionList":
        """What the run's strategy tried, accepted and refused."""
        return self._get(_answers().DecisionList, f"/runs/{_segment(run_id)}/decisions")

    def history(self, run_id: str) -> "answers.RunHistory":
        """States, attempts and commands of the run."""
        return self._get(_answers().RunHistory, f"/runs/{_segment(run_id)}/history")

    def series(
        self, run_id: str, keys: Sequence[str] = (), *, max_points: int = 2000, first: int = 0, last: int | None = None
    ) -> "answers.SeriesOut":
        """Scalars from a step to another, thinned beyond max_points per key; all of the run's without keys.

        `opdboard.api.arrays.decode` makes NumPy arrays of them.
        """
        asked = {"keys": ",".join(keys), "max_points": max_points, "first": first, "last": last}
        return self._get(_answers().SeriesOut, f"/runs/{_segment(run_id)}/series", **asked)

    def modules(self, run_id: str) -> "answers.ModuleList":
        """The run's attention and MLP matrices, in the order of its statistics."""
        return self._get(_answers().ModuleList, f"/runs/{_segment(run_id)}/modules")

    def statistic(
        self, run_id: str, statistic: str, *, first: int = 0, last: int | None = None
    ) -> "answers.StatisticOut":
        """One statistic of all modules, from a step to another."""
        path = f"/runs/{_segment(run_id)}/statistics/{_segment(statistic)}"
        return self._get(_answers().StatisticOut, path, first=first, last=last)

    def samples(self, run_id: str, step: int | None = None) -> "answers.SampleList":
        """Stored responses of a step, the latest when none is given, and the steps that have any."""
        return self._get(_answers().SampleList, f"/runs/{_segment(run_id)}/samples", step=step)

    def checkpoints(self, run_id: str) -> "answers.CheckpointList":
        """All checkpoints ever written."""
        return self._get(_answers().CheckpointList, f"/runs/{_segment(run_id)}/checkpoints")

    def alerts(self, run_id: str) -> "answers.AlertList":
        """What has been raised about the run."""
        return self._get(_answers().AlertList, "/alerts", run=run_id, limit=500)

    def hub(self, kind: str, search: str = "", *, limit: int = 20) -> "answers.HubRepositories":
        """`models` or `datasets` of the Hugging Face hub whose name contains a text, the most downloaded first."""
        return self._get(_answers().HubRepositories, f"/hub/{_segment(kind)}", search=search, limit=limit)

    def hub_access(self) -> "answers.HubAccess":
        """Whether the server has a token of the hub, which it tells nobody, and asks the hub at all."""
        return self._get(_answers().HubAccess, "/hub/token")

    def store_hub_token(self, token: str) -> "answers.HubAccess":
        """Have the server keep this one for searches, downloads and pushes; an empty one keeps none."""
        body = {"json": {"token": token}} if token else {}
        return self._typed(_answers().HubAccess, self._answered("PUT" if token else "DELETE", "/hub/token", **body))

    def panels(self) -> "list[answers.PanelOut]":
        """Every picture with its parameters."""
        return self._get(list[_answers().PanelOut], "/panels")

    def panel(
        self, name: str, run_ids: Sequence[str], parameters: Mapping[str, str] | None = None
    ) -> "answers.PanelFigure":
        """A picture; `plotly.graph_objects.Figure(answer.figure.model_dump())` draws it in a notebook."""
        asked = {"runs": ",".join(run_ids), **(parameters or {})}
        return self._get(_answers().PanelFigure, f"/panels/{_segment(name)}", **asked)

    def panel_table(
        self, name: str, run_ids: Sequence[str], parameters: Mapping[str, str] | None = None
    ) -> "answers.PanelTable":
        """The picture's numbers; beyond the first 20,000 rows, panel_csv has all of them."""
        asked = {"runs": ",".join(run_ids), **(parameters or {})}
        return self._get(_answers().PanelTable, f"/panels/{_segment(name)}/table", **asked)

    def panel_csv(self, name: str, run_ids: Sequence[str], parameters: Mapping[str, str] | None = None) -> str:
        """All of the picture's numbers as CSV."""
        asked = {"runs": ",".join(run_ids), **(parameters or {})}
        response = self._answered("GET", f"/panels/{_segment(name)}/table.csv", params=asked)
        if not response.headers.get("content-type", "").startswith("text/csv"):
            raise self._no_opdboard(response)
        return response.text

    def differences(self, run_ids: Sequence[str]) -> "answers.ConfigDifference":
        """Configuration keys that differ and that agree."""
        return self._get(_answers().ConfigDifference, "/compare/config", runs=",".join(run_ids))

    def workers(self) -> "answers.WorkerList":
        """Worker processes and their load."""
        return self._get(_answers().WorkerList, "/workers")

    def speedup(
        self, run_ids: Sequence[str], reference: str, *, metric: str = "eval/reverse_kl", share: float = 1.0
    ) -> "answers.SpeedupOut":
        """Steps, tokens and seconds to a share of the reference's final score, search included."""
        asked = {"runs": ",".join(run_ids), "reference": reference, "metric": metric, "share": share}
        return self._get(_answers().SpeedupOut, "/compare/speedup", **asked)

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

    def follow(self, run_ids: Sequence[str]) -> "Iterator[answers.RunSummary]":
        """Each change of these runs as it happens, until all of them have ended.

        A lost connection is opened again; ServerNotReached when nobody answers any more.
        """
        pending = dict.fromkeys(run_ids)
        seen: dict[str, int] = {}

        def changed(summaries: "Iterable[answers.RunSummary]") -> "Iterator[answers.RunSummary]":
            for summary in summaries:
                if summary.id in pending and summary.seq > seen.get(summary.id, -1):
                    seen[summary.id] = summary.seq
                    if summary.state.ended:
                        del pending[summary.id]
                    yield summary

        while pending:
            try:
                for _, event, data in self.live():
                    # A ping is also the moment to ask anew: a run that ended before the stream began sends nothing.
                    yield from changed(
                        map(_answers().RunSummary.model_validate, data["runs"])
                        if event == "runs"
                        else map(self.run, list(pending))
                    )
                    if not pending:
                        return
            except httpx.TransportError:
                yield from changed(map(self.run, list(pending)))

    def _get(self, answer: type[T], path: str, **params: Any) -> T:
        given = {name: value for name, value in params.items() if value is not None}
        return self._typed(answer, self._answered("GET", path, params=given))

    def _post(self, answer: type[T], path: str, body: Json) -> T:
        return self._typed(answer, self._answered("POST", path, json=body))

    def _typed(self, answer: type[T], response: httpx.Response) -> T:
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(answer).validate_json(response.content)
        except ValidationError as error:  # a page of something between here and there, or another version
            raise self._no_opdboard(response) from error

    def _call(self, method: str, path: str, body: Json | None = None) -> Any:
        """The answer as plain JSON, for reports: a trainer should not import what it does not need."""
        response = self._answered(method, path, json=body)
        try:
            return response.json() if response.content else None
        except ValueError as error:
            raise self._no_opdboard(response) from error

    def _no_opdboard(self, response: httpx.Response) -> ServerNotReached:
        return ServerNotReached(
            f"what answers at {self.url} is no opdboard, or one of another version: HTTP {response.status_code}"
        )

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
        if not response.is_success:
            raise self._no_opdboard(response)
        return response

    def _sent(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **arguments)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            # A kept connection that the server was just giving up. What only reads may be asked again.
            if method != "GET":
                raise
            return self._http.request(method, path, **arguments)


def _answers():
    from opdboard import answers

    return answers


def _segment(text: str) -> str:
    return quote(text, safe="")


def _body(response: httpx.Response) -> Json:
    try:
        body = response.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"detail": f"HTTP {response.status_code}: {response.text[:200]}"}
