"""The helper process of `verifiers.py`: reads [response, answer] a line, writes READY and then true or false a line.

Of [response, null] it writes the text that the response answers, "" where none can be read. Run as `python -m opdboard_worker.data.judge`. Each question gets a few seconds of CPU time, after which the kernel ends the
process: SIGPROF's default action also stops C code, and CPU time makes a verdict independent of the machine's load.
"""

import json
import logging
import resource
import signal
import sys

from opdboard_worker.data.answers.verdict import answers_equal, final_answer
from opdboard_worker.data.verifiers import READY

CPU_SECONDS = 3.0
MEMORY_BYTES = 4 << 30


def main() -> None:
    """Answer questions until the input closes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    logging.disable(logging.CRITICAL)  # math-verify warns of the missing timeouts, which are here
    answers_equal("\\boxed{\\sqrt{2}}", "\\frac{2}{\\sqrt{2}}")  # sympy loads much of itself at the first use
    print(READY, end="", flush=True)
    for line in sys.stdin:
        response, answer = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        try:
            told = (final_answer(response) or "") if answer is None else answers_equal(response, answer)
        except Exception:  # whatever sympy makes of it, it is not an equal answer
            told = "" if answer is None else False
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
