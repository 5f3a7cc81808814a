"""The command `opdboard`: starts the stack, runs the demo, and talks to a server over its REST API."""

import getpass
import json
import os
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console

from opdboard import check_command, config_file, evaluate_command, terminal
from opdboard.client import Client, RequestRefused
from opdboard.domain.commands import Command
from opdboard.domain.errors import OpdboardError
from opdboard.domain.model_sources import RunModel
from opdboard.domain.run_state import RunState
from opdboard.domain.teachers import ModelTeacher
from opdboard.embedded.signals import signals_end_the_command
from opdboard.export import commands as export_commands
from opdboard.reproduction import command as reproduction_command
from opdboard.settings import Settings

if TYPE_CHECKING:
    from opdboard.answers import RunDetail, RunSummary

app = typer.Typer(
    help="Launch, watch, steer and compare on-policy distillation runs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
database = typer.Typer(help="The database's schema.", no_args_is_help=True)
app.add_typer(database, name="db")

out = Console(highlight=False, markup=False)
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

STOPPING = "stopping; a run in progress writes a checkpoint first and goes on at the next start (Ctrl-C again: at once)"

RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, as `opdboard ls` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the server's JSON.")]
Host = Annotated[str | None, typer.Option(help="Address to bind to; beyond 127.0.0.1 only with OPDBOARD_TOKEN.")]
Port = Annotated[int | None, typer.Option(help="Port; 0 takes any free one.", min=0, max=65535)]


@app.command()
def up(host: Host = None, port: Port = None) -> None:
    """Start the web server and one worker on this machine; Ctrl-C ends both."""
    from opdboard.embedded.stack import Stack  # imports the web side, which the client commands do not need

    with signals_end_the_command(), Stack(_settings(host=host, port=port), _note) as stack:
        with suppress(SystemExit):
            _note(f"opdboard is at {stack.url}; Ctrl-C stops it")
            stack.wait()
        _note(STOPPING)


@app.command()
def demo(
    port: Port = None,
    headless: Annotated[bool, typer.Option(help="No browser; end when the runs have ended.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the outcome as one JSON object on the last line.")
    ] = False,
) -> None:
    """Run plain OPD, EffOPD, plain OPD at a larger rate and a line search on the built-in models, side by side."""
    from opdboard.embedded.demo import Demo, all_finished, sentence
    from opdboard.embedded.stack import Stack

    with ExitStack() as stack_of_contexts:
        stack_of_contexts.enter_context(signals_end_the_command())
        overrides: dict[str, Any] = {"port": port}
        if headless:
            overrides["port"] = port or 0
            if "OPDBOARD_DATA_DIR" not in os.environ:
                folder = tempfile.TemporaryDirectory(prefix="opdboard-demo-", ignore_cleanup_errors=True)
                overrides["data_dir"] = Path(stack_of_contexts.enter_context(folder))
        settings = _settings(**overrides)
        stack = stack_of_contexts.enter_context(Stack(settings, _note, any_port=port is None))
        client = stack_of_contexts.enter_context(Client(stack.url, settings.token))
        runs = Demo(client)
        _note(f"side by side: {stack.url}{runs.compare_path}")
        for run_id in runs.ids:
            _note(f"live:         {stack.url}/runs/{run_id}")
        if not headless:
            webbrowser.open(f"{stack.url}{runs.compare_path}")
        runs.follow(terminal.Progress(_note))
        outcome = runs.outcome()
        _note(sentence(outcome))
        if not headless:
            with suppress(SystemExit):
                _note(f"opdboard stays at {stack.url}; Ctrl-C stops it")
                stack.wait()
            _note(STOPPING)
    if as_json:
        print(json.dumps(outcome), flush=True)
    if not all_finished(outcome):
        raise typer.Exit(1)


@app.command()
def run(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A run configuration as YAML or JSON.")],
    follow: Annotated[bool, typer.Option(help="Print progress until the run has ended.")] = False,
    name: Annotated[str | None, typer.Option(help="Instead of the configuration's name.")] = None,
    group: Annotated[str, typer.Option(help="Group the runs belong to.")] = "",
    seeds: Annotated[str, typer.Option(help="A run for each of these seeds: 0-4 or 0,3,7.", metavar="SEEDS")] = "",
    grid: Annotated[
        list[str] | None, typer.Option(help="A run for each of these values; may be repeated.", metavar="PATH=V,V,...")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Queue a run, or with --seeds and --grid one for every combination; with --follow the exit code says whether all finished."""
    content = config_file.read_config(config)
    if name is not None:
        content["name"] = name
    with Client() as client:
        created: list[RunSummary] = []
        if seeds or grid:
            sweep = {"seeds": config_file.seeds(seeds) if seeds else [], "grid": config_file.grid(grid or [])}
            created += client.sweep(content, sweep, group=group).runs
        else:
            made = client.create(content, group=group)
            teacher = made.config and made.config.teacher
            if (content.get("teacher") or {}).get("kind") == "trained" and isinstance(teacher, ModelTeacher):
                assert isinstance(teacher.source, RunModel), "a trained teacher is another run"
                created.append(client.run(teacher.source.run_id))
            created.append(made)
        latest = _followed(client, created, follow)
    if as_json:
        print(
            json.dumps([found.model_dump(mode="json") for found in latest])
            if seeds or grid
            else latest[-1].model_dump_json()
        )
    else:
        print("\n".join(found.id for found in latest))
    if follow and any(found.state != RunState.FINISHED for found in latest):
        raise typer.Exit(1)


@app.command()
def analyze(
    base: Annotated[str, typer.Argument(help="Weights that training began from: a folder, a hub model, or RUN@STEP.")],
    checkpoints: Annotated[
        list[str],
        typer.Argument(
            metavar="CKPT...", help="Checkpoint folders, output folders that hold several, or runs (RUN or RUN@STEP)."
        ),
    ],
    name: Annotated[str, typer.Option(help="Name of the run that shows them.")] = "",
    k: Annotated[int, typer.Option(help="Leading singular directions kept per module.", min=1, max=32)] = 20,
    exact: Annotated[bool, typer.Option(help="All singular values in float64, instead of within 0.1%.")] = False,
    follow: Annotated[bool, typer.Option(help="Print progress until all are measured.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a series of checkpoints against their base, as if its trainer had been watched; folders are the worker's."""
    places = [_place(text) for text in (base, *checkpoints)]
    config = {"base": places[0], "checkpoints": places[1:], "name": name, "k": k, "exact": exact}
    with Client() as client:
        (latest,) = _followed(client, [client.analyze(config)], follow)
    print(latest.model_dump_json() if as_json else latest.id)
    if follow and latest.state != RunState.FINISHED:
        raise typer.Exit(1)


@app.command("ls")
def list_runs(
    query: Annotated[
        str, typer.Argument(help="Only runs that match, for example: 'state = running and accuracy > 0.5'.")
    ] = "",
    sort: Annotated[str, typer.Option(help="A field to sort by, '-' before it for descending: -accuracy.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    with Client() as client:
        found = client.runs(query, sort=sort, limit=limit)
    if as_json:
        print(found.model_dump_json())
    elif not found.runs:
        _note("no runs; queue one with: opdboard run CONFIG")
    else:
        out.print(terminal.runs_table(found.runs))
        if found.total > len(found.runs):
            _note(f"showing {len(found.runs)} of {found.total}; --limit shows more")


@app.command()
def show(run_id: RunId, as_json: AsJson = False) -> None:
    """Show one run: state, progress, latest measures, versions, extrapolation decisions."""
    with Client() as client:
        found = client.run(run_id)
        decisions = [] if as_json else client.decisions(run_id).decisions
        made_with = [] if as_json else client.history(run_id).provenance
    if as_json:
        print(found.model_dump_json())
    else:
        out.print(terminal.run_details(found, decisions, made_with))


@app.command()
def hub(
    kind: Annotated[Literal["models", "datasets"], typer.Argument(help="What to look for.")],
    search: Annotated[str, typer.Argument(help="A part of the name, or owner/part.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Search the Hugging Face hub, by the server and with its token; the most downloaded first."""
    with Client() as client:
        found = client.hub(kind, search, limit=limit)
    if as_json:
        print(found.model_dump_json())
    else:
        out.print(terminal.repositories_table(found.found))


@app.command("hub-token")
def hub_token(
    forget: Annotated[bool, typer.Option("--forget", help="Keep none.")] = False,
    show: Annotated[bool, typer.Option("--source", help="Only say where the token comes from.")] = False,
) -> None:
    """Give the server a token of the Hugging Face hub, which it tells nobody; asked for here, or read from standard input."""
    with Client() as client:
        if show:
            access = client.hub_access()
        elif forget:
            access = client.store_hub_token("")
        else:
            asked = typer.prompt("Token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
            access = client.store_hub_token(asked.strip() or " ")  # which the server refuses in a sentence
    out.print(terminal.HUB_TOKENS[access.token])


@app.command()
def stop(run_id: RunId) -> None:
    """Stop a run after its present step; its checkpoint stays and it can be resumed."""
    _steer(run_id, Command.STOP)


@app.command()
def pause(run_id: RunId) -> None:
    """Pause a run after its present step."""
    _steer(run_id, Command.PAUSE)


@app.command()
def resume(run_id: RunId) -> None:
    """Go on with a run that is paused, stopped or failed."""
    _steer(run_id, Command.RESUME)


@app.command()
def extrapolate(
    run_id: RunId,
    factor: Annotated[
        float | None,
        typer.Option(
            help="Try W_t + factor D alone, below 0 a part of the way back; without it a search is made as at a trigger."
        ),
    ] = None,
    override: Annotated[bool, typer.Option(help="Take the factor even if validation refuses it.")] = False,
) -> None:
    """Try an extrapolation after the present step instead of waiting for the next trigger."""
    arguments: dict[str, Any] = {} if factor is None else {"factor": factor}
    _steer(run_id, Command.EXTRAPOLATE, **arguments, **({"override": True} if override else {}))


@app.command()
def veto(run_id: RunId) -> None:
    """Take the run's last jump back, keeping what was trained since."""
    _steer(run_id, Command.VETO)


app.command()(export_commands.figure)
app.command()(export_commands.export)
app.command("report")(export_commands.write_report)
app.command()(check_command.check)
app.command()(evaluate_command.evaluate)
app.command()(reproduction_command.reproduce)


@database.command()
def upgrade() -> None:
    """Bring the database's schema to the newest revision; creates an empty database's tables."""
    from opdboard.db.database import Database

    settings = Settings.read()
    opened = Database(settings.sql_url)
    opened.upgrade()
    opened.close()
    _note("the database's schema is up to date")


def main() -> NoReturn:
    """Run the command line; an error that opdboard raises on purpose is printed as a sentence, with exit code 1."""
    try:
        app()
    except OpdboardError as error:
        err.print(terminal.plain(f"error: {error.detail}"), style="red")
        for field in error.fields if isinstance(error, RequestRefused) else ():
            err.print(terminal.plain(f"  {field['path']}: {field['message']}"))
        sys.exit(1)
    sys.exit(0)


def _followed(client: Client, created: "Sequence[RunSummary]", follow: bool) -> "list[RunDetail]":
    """Say where each of the queued runs is, wait for their end where that is wanted; the runs as they are then."""
    for run in created:
        _note(f"queued {run.id} ({run.name}): {client.url}/runs/{run.id}")
    ids = [run.id for run in created]
    if follow:
        progress = terminal.Progress(_note)
        for change in client.follow(ids):
            progress(change)
    return [client.run(run_id) for run_id in ids]


def _place(text: str) -> str:
    """A folder that is here by its whole path, for the worker has another working folder; other places as they are."""
    folder = Path(text).expanduser()
    return str(folder.absolute()) if folder.is_dir() else text


def _steer(run_id: str, command: Command, **arguments: Any) -> None:
    with Client(kind="cli", user=_user()) as client:
        answer = client.command(run_id, command.value, **arguments)
    _note(answer.result or f"asked run {run_id} to {command.value}; its trainer obeys between two steps")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have a number and no name
        return str(os.getuid())


def _settings(**overrides: Any) -> Settings:
    return Settings.read(**{name: value for name, value in overrides.items() if value is not None})


def _note(sentence: str) -> None:
    err.print(terminal.plain(sentence))


def _print_version(asked: bool) -> None:
    if asked:
        print(version("opdboard"))
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the whole command line."""


if __name__ == "__main__":
    main()
