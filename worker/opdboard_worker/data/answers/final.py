r"""Where in a text the final answer stands: the last box, behind '####' or 'the answer is', else its last quantity or formula."""

import re

from opdboard.data_files.boxes import last_boxed

_QUANTITY = re.compile(
    r"(?<![\w.])[-−+]?\s?(?:\\?[$€£¥₹]\s?)?[-−]?"
    r"(?:\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\b\.?)?|\d+(?::\d+)+"
    r"|(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?(?:\s\d+/\d+|\s?/\s?\d+)?[½⅓⅔¼¾⅛]?|\.\d+|[½⅓⅔¼¾⅛])"
    r"(?:\s?\\?%|\s?°|\s?\^\{?\\circ\}?|\s(?:percent|degrees?|dollars?|cents?|cm|mm|km|m|kg|g|mg|ml|hours?|minutes?|seconds?"
    r"|inches|feet|meters|miles|liters)\b)?"
)
_MATH = re.compile(
    r"\$\$(.{1,1000}?)\$\$|\\\[(.{1,1000}?)\\\]|\\\((.{1,1000}?)\\\)|(?<![\\$])\$([^$\n]{1,1000}?)(?<!\\)\$", re.DOTALL
)
_PHRASE = re.compile(
    r"(?:final\s+answer|answer|correct\s+(?:option|choice)|result|solution)\b[\s*_]*(?:is\b|are\b|was\b|=|:)[\s*_:]*(?:that\s+)?",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"(?:\b(?:is|are|was|be|equals|on|at)\b|=|:|\*\*)\s*(?:(?:the|a|an|equal to|exactly|option|choice)\s+)*",
    re.IGNORECASE,
)
_LONGEST_SENTENCE = 1000
_MOST_ENDS = 8
_SENTENCE_END = re.compile(r"[.!?](?=\s+[A-Z\\*]|\s*$)(?<![ap]\.m\.)|\n")


def stated(text: str) -> str | None:
    """The answer that a text marks as such, or None: boxed, behind the last '####', or behind 'the answer is'."""
    boxed = last_boxed(text)
    if boxed is None and (tagged := re.findall(r"<answer>([^<]*)</answer>", text)):
        return tagged[-1].strip()
    if boxed is not None:
        return boxed if "boxed" not in boxed else stated(boxed)
    if (found := re.findall(r"\\boxed\s+(\S+)", text)) or (found := re.findall(r"####\s*([^\n]+)", text)):
        return found[-1].strip().rstrip("$.")
    phrases = list(_PHRASE.finditer(text))
    if not phrases:
        return None
    behind = text[phrases[-1].end() :].strip()
    return _sentence(behind).strip("*_` ") or None


def of_data(answer: str) -> str:
    """The answer in a data set's field, which may be a whole worked solution."""
    return stated(answer) or answer


def said(response: str) -> list[str]:
    """Candidates for the answer of a text that marks none, the likeliest first: what the last sentence says behind a verb."""
    sentences = [part for part in _SENTENCE_END.split(response) if part and part.strip(" *_`")]
    if not sentences:
        return []
    last = sentences[-1].strip()[-_LONGEST_SENTENCE:]
    ends = [last[found.end() :].strip("*_` ") for found in _SAID.finditer(last)]
    return [*[end for end in ends if end][-_MOST_ENDS:], last.strip("*_` ")]


def last_formula(text: str) -> str | None:
    """What stands between the last math delimiters."""
    formula = _last_formula(text)
    return None if formula is None else next(part for part in formula.groups() if part)


def _last_formula(text: str) -> re.Match[str] | None:
    return next(iter(reversed(list(_MATH.finditer(text)))), None)


def last_quantity(text: str) -> str | None:
    """The last number of a text with what belongs to it, or the last formula between math delimiters if that is later."""
    formula = _last_formula(text)
    number = next(iter(reversed(list(_QUANTITY.finditer(text)))), None)
    if formula is not None and (number is None or number.start() < formula.end()):
        return next(part for part in formula.groups() if part)
    return None if number is None else number[0].strip()


def leading_quantity(text: str) -> str | None:
    """The number that a text begins with: '18, because 9 + 9 is no 20'."""
    found = _QUANTITY.match(text)
    return None if found is None else found[0].strip()


def _sentence(text: str) -> str:
    end = _SENTENCE_END.search(text)
    return text if end is None else text[: end.start()]
