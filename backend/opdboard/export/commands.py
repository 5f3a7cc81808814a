"""The commands `opdboard figure`, `opdboard export` and `opdboard report`."""

from pathlib import Path
from typing import Annotated

import typer

from opdboard.client import Client
from opdboard.domain.errors import BadInput
from opdboard.export import files
from opdboard.export.tables import TABLES

Runs = Annotated[list[str], typer.Argument(metavar="RUN...", help="Ids of runs, as `opdboard ls` shows them.")]


def figure(
    panel: Annotated[str, typer.Argument(metavar="PANEL", help="Name of a panel: scalars, module_allocation, ...")],
    runs: Runs,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File; it ends with .svg, .pdf, .png, .html, .csv or .json.")
    ],
    parameter: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="A parameter of the panel: name=value; may be repeated.")
    ] = None,
    width: Annotated[int, typer.Option(min=100, max=10_000, help="Pixels; 96 to the inch.")] = 720,
    height: Annotated[int, typer.Option(min=100, max=10_000, help="Pixels.")] = 440,
    title: Annotated[
        str | None,
        typer.Option(help="Above the picture, with runs and step; what is drawn if not given, none when empty."),
    ] = None,
) -> None:
    """Draw a panel of some runs into a file, in a look for print."""
    from opdboard.export import figures  # imports plotly, which the other commands do not need

    kind = output.suffix.lower()
    if kind not in figures.FORMATS:
        raise BadInput(f"{output.name} must end with {', '.join(figures.FORMATS)}", where="output")
    params = _parameters(parameter or [])
    with Client() as client:
        if kind == ".csv":
            made = client.panel_csv(panel, runs, params).encode()
        else:
            drawn = figures.headed(client.panel(panel, runs, params), title)
            made = figures.content(drawn, kind, width=width, height=height)
    with files.writing(output):
        output.write_bytes(made)
    typer.echo(str(output))


def export(
    runs: Runs,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="A folder or .zip for everything; .csv, .jsonl or .parquet for a table."),
    ],
    table: Annotated[str, typer.Option(help=f"Which table goes into a single file: {', '.join(TABLES)}.")] = "scalars",
) -> None:
    """Write the stored numbers, decisions, samples and configurations of some runs into files."""
    if table not in TABLES:
        raise BadInput(f"there is no table {table!r}; tables are {', '.join(TABLES)}", where="table")
    with Client() as client:
        found = [client.run(run_id) for run_id in runs]
        if output.suffix.lower() in files.FORMATS:
            count = files.export_table(client, found, TABLES[table], output)
            typer.echo(f"{count} rows of {table}", err=True)
        elif output.suffix.lower() in ("", ".zip") or output.is_dir():
            files.export_all(client, found, output)
        else:
            raise BadInput(
                f"{output.name} must be a folder or end with .zip, {', '.join(files.FORMATS)}", where="output"
            )
    typer.echo(str(output))


def write_report(
    runs: Runs,
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file.")] = Path("report.html"),
) -> None:
    """Write one self-contained HTML page about some runs: pictures, decisions, configurations, samples."""
    from opdboard.export import report

    with Client() as client:
        page = report.page(client, runs)
        with files.writing(output), output.open("w", encoding="utf-8") as file:
            file.writelines(page)
    typer.echo(str(output))


def _parameters(given: list[str]) -> dict[str, str]:
    pairs = [part.partition("=") for part in given]
    wrong = [name for name, sign, _ in pairs if not sign or not name]
    if wrong:
        raise BadInput(f"{wrong[0]!r} is no parameter; write name=value", where="param")
    return {name: value for name, _, value in pairs}
