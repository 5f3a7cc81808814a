"""Stands where a run's program stands: `main` does what its command line says."""

import os
import sys
from pathlib import Path


def main() -> int:
    """The exit status."""
    match sys.argv[1:]:
        case ["tell", name]:
            print(f"{name}={os.environ.get(name)} group={os.getpgid(0) == os.getpid()} folder={Path.cwd()}")
            print("and this on the other stream", file=sys.stderr)
            return 3
        case ["wait"]:
            print("here")
            os.read(sys.stdin.fileno(), 1)  # whoever started it has let go
            return 7
        case ["fail"]:
            raise RuntimeError("as asked")
    return 0
