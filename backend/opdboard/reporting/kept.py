"""Requests that did not reach the server before a trainer ended, as a file of JSON lines that can be sent later."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from opdboard.domain.errors import BadInput

Json = dict[str, Any]


def write(run_id: str, attempt: int, requests: Sequence[tuple[str, Json]]) -> Path:
    """Write (path below the run, body) of each request; the file lies in the working folder, or else where temporary files do."""
    name = f"opdboard-{run_id}-{attempt}.jsonl"
    lines = [json.dumps({"run": run_id, "path": path, "body": body}) + "\n" for path, body in requests]
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        try:
            (folder / name).write_text("".join(lines), encoding="utf-8")
            return folder / name
        except OSError as error:
            problem = error
    raise problem


def read(file: Path) -> Iterator[tuple[str, str, Json]]:
    """(run, path below it, body) of each request; BadInput for a file that is none of ours."""
    try:
        for line in file.read_text(encoding="utf-8").splitlines():
            request = json.loads(line)
            yield request["run"], request["path"], request["body"]
    except OSError as error:
        raise BadInput(f"cannot read {file}: {error.strerror}", where=str(file)) from error
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(f"{file} is no file of points that a report has kept", where=str(file)) from error
