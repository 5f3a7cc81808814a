"""What has been uploaded, who needs it, and taking it away."""

import json
import re
from pathlib import Path

from opdboard.api.context import Context
from opdboard.api.uploads.schemas import KeptFile
from opdboard.data_files.uploads import FOLDER, PREFIX
from opdboard.db import lineage
from opdboard.domain.errors import Conflict, NotFound
from opdboard.domain.patterns import UPLOADED
from opdboard.settings import Settings


def listed(context: Context) -> list[KeptFile]:
    """Newest first."""
    needed = _needed(context)
    files = context.files(lambda: [(one, one.stat()) for one in _files(context.settings)])
    kept = [
        KeptFile(
            file=one.name,
            name=one.name[PREFIX + 1 :],
            bytes=found.st_size,
            at=found.st_mtime,
            needed_by=[run for run, config in needed if one.name in config],
        )
        for one, found in files
    ]
    return sorted(kept, key=lambda one: -one.at)


def delete(context: Context, file: str) -> None:
    """Remove it; NotFound where it is not there, Conflict names the runs that have yet to read it."""
    found = next((one for one in _files(context.settings) if one.name == file), None)
    if found is None:
        raise NotFound(f"there is no uploaded file {file}", where=file)
    needing = [run for run, config in _needed(context) if file in config]
    if needing:
        raise Conflict(f"runs that have not ended read it: {', '.join(needing)}", where=file)
    found.unlink(missing_ok=True)


def _files(settings: Settings) -> list[Path]:
    folder = settings.root / FOLDER
    named = folder.iterdir() if folder.is_dir() else ()
    return [one for one in named if re.fullmatch(UPLOADED, one.name) and one.is_file()]


def _needed(context: Context) -> list[tuple[str, str]]:
    """Name and configuration, as text, of every run that has not ended."""
    with context.database.read() as session:
        return [(run.name, json.dumps(run.config)) for run in lineage.unfinished(session)]
