r"""The last \boxed{} of a text, in which worked answers of mathematics end."""

import re


def last_boxed(text: str) -> str | None:
    r"""Content of the last complete \boxed{...} or \fbox{...}, braces balanced; None without one. In linear time."""
    begins = {found.end(): found.start() for found in re.finditer(r"\\f?box(?:ed)?\s*\{", text)}
    open_at: list[int] = []
    complete: tuple[int, str] | None = None
    for brace in re.finditer(r"[{}]", text):
        if brace[0] == "{":
            open_at.append(brace.end())
        elif open_at:
            start = open_at.pop()
            if start in begins and (complete is None or begins[start] > complete[0]):
                complete = begins[start], text[start : brace.start()]
    return None if complete is None else complete[1]
