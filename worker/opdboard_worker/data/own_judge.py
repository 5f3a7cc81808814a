"""The helper process of `own_verifier.py`: runs a user's verify(response, answer), which may fail, hang or print.

Run as `python -m opdboard_worker.data.own_judge FILE`. Writes one line of JSON once the file is imported, {} or {"refused": why},
then reads [response, answer] a line and writes {"right": bool} or {"failed": why}. What the file prints goes to standard error.
"""

import importlib.util
import inspect
import json
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

CPU_SECONDS = 3.0
IMPORT_CPU_SECONDS = 20.0
MEMORY_BYTES = 4 << 30


def main(file: str) -> None:
    """Answer questions until the input closes."""
    questions, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    def tell(**found: Any) -> None:
        print(json.dumps(found), file=answers, flush=True)

    signal.setitimer(signal.ITIMER_PROF, IMPORT_CPU_SECONDS)
    try:
        verify = _imported(Path(file))
    except BaseException as error:  # it may also end the process, and is not to
        tell(refused=_told(error, file))
        return
    signal.setitimer(signal.ITIMER_PROF, 0)
    tell()
    for line in questions:
        response, answer = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        try:
            right = verify(response, answer)
        except BaseException as error:
            found = {"failed": _told(error, file)}
        else:
            is_verdict = type(right).__name__ in ("bool", "bool_")  # numpy's, too
            wrong_type = {"failed": f"it returned {ascii(right)[:80]}, and only True or False is a verdict"}
            found = {"right": bool(right)} if is_verdict else wrong_type
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        tell(**found)


def _imported(file: Path) -> Any:
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location("verifier", file)
    if spec is None or spec.loader is None:
        raise TypeError("it is no Python file; name one that ends in .py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    verify = getattr(module, "verify", None)
    if not callable(verify):
        raise TypeError("it has no function verify(response, answer)")
    try:
        inspect.signature(verify).bind("", "")
    except TypeError as error:
        raise TypeError(f"verify does not take a response and an answer ({error})") from error
    return verify


def _told(error: BaseException, file: str) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    said = " ".join(str(error).split())[:200]
    if not lines and type(error) is TypeError:  # by the checks above
        return said
    place = f"line {lines[-1]}: " if lines else ""
    return f"{place}{type(error).__name__}{f': {said}' if said else ''}"


if __name__ == "__main__":
    main(sys.argv[1])
