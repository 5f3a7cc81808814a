"""The helper process of `verifiers.py`: reads [response, answer] a line, writes READY and then true or false a line.

Run as `python -m opdboard_worker.data.judge`. Each question gets a few seconds of CPU time, after which the kernel ends the
process: SIGPROF's default action also stops C code, and CPU time makes a verdict independent of the machine's load.
"""

import json
import logging
import resource
import signal
import sys

from math_verify import parse, verify

from opdboard_worker.data.verifiers import READY

CPU_SECONDS = 3.0
MEMORY_BYTES = 4 << 30


def equal(response: str, answer: str) -> bool:
    """Whether the response's final expression equals the answer; what cannot be parsed is not equal."""
    # In a box the whole answer is one formula: a bare '(3, \\frac{\\pi}{2})' would be searched for its first number.
    expected = parse(f"\\boxed{{{_bare(answer)}}}", parsing_timeout=None)  # pyright: ignore[reportArgumentType]
    found = parse(response, parsing_timeout=None)  # pyright: ignore[reportArgumentType]
    return bool(expected and found and verify(expected, found, timeout_seconds=None))


def _bare(answer: str) -> str:
    """The answer without the dollar signs around or before it."""
    return answer.strip().strip("$").strip()


def main() -> None:
    """Answer questions until the input closes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    logging.disable(logging.CRITICAL)  # math-verify warns of the missing timeouts, which are here
    equal("\\boxed{1}", "\\frac{2}{2}")  # sympy loads much of itself at the first use
    print(READY, end="", flush=True)
    for line in sys.stdin:
        response, answer = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        try:
            verdict = equal(response, answer)
        except Exception:  # whatever sympy makes of it, it is not an equal answer
            verdict = False
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(verdict), flush=True)


if __name__ == "__main__":
    main()
