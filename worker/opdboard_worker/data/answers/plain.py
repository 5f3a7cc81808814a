r"""One way to write what LaTeX and Unicode write in many: 'x² ≤ ½' and 'x^{2}\leq\dfrac12' become the same text.

In the plain text words stand in double quotes (\text{...}), relations, set signs, the degree and plus-minus are single
characters, the rest is LaTeX without what only changes its look.
"""

import re
import unicodedata

LATEX_OF = {
    "≤": "\\leq ",
    "≥": "\\geq ",
    "≠": "\\neq ",
    "∈": "\\in ",
    "∪": "\\cup ",
    "∩": "\\cap ",
    "∅": "\\emptyset ",
    "±": "\\pm ",
    "∓": "\\mp ",
    "°": "^{\\circ}",
    "⟨": "\\langle ",
    "⟩": "\\rangle ",
}
"""The single characters that plain() uses, as LaTeX."""

_COMMANDS = {
    "≤": ("leq", "le", "leqslant"),
    "≥": ("geq", "ge", "geqslant"),
    "<": ("lt",),
    ">": ("gt",),
    "≠": ("neq", "ne"),
    "∈": ("in",),
    "∪": ("cup",),
    "∩": ("cap",),
    "∅": ("emptyset", "varnothing"),
    "±": ("pm",),
    "∓": ("mp",),
    "°": ("degree", "textdegree"),
    "⟨": ("langle",),
    "⟩": ("rangle",),
    ":": ("colon",),
    "/": ("slash",),
    "\\frac": ("dfrac", "tfrac", "cfrac"),
    "\\binom": ("dbinom", "tbinom"),
    "\\{": ("lbrace",),
    "\\}": ("rbrace",),
    " ": ("quad", "qquad", "displaystyle", "textstyle", "limits"),
    "": ("left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr"),
}
_COMMAND_OF = {name: sign for sign, names in _COMMANDS.items() for name in names}
_SIGNS = {
    "−": "-",
    "–": "-",
    "﹣": "-",
    "‐": "-",
    "‑": "-",
    "×": "\\times ",
    "⋅": "\\cdot ",
    "·": "\\cdot ",
    "∙": "\\cdot ",
    "∗": "*",
    "÷": "\\div ",
    "∕": "/",
    "⁄": "/",
    "∶": ":",
    "∞": "\\infty ",
    "º": "°",
    "˚": "°",
    "⩽": "≤",
    "⩾": "≥",
    "≦": "≤",
    "≧": "≥",
    "⋃": "∪",
    "ℝ": "\\mathbb{R}",
    "ℤ": "\\mathbb{Z}",
    "“": '"',
    "”": '"',
    "’": "'",
    "‘": "'",
}
_SCRIPTS = {
    "^": ("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ", "0123456789+-=()n"),
    "_": ("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙ", "0123456789+-=()n"),
}
_WORDS = re.compile(
    r"\\(?:text|textbf|textit|textrm|mbox|hbox|mathrm|mathbf|mathit|mathsf|operatorname)\s*\{([^{}]*)\}"
)
_ROOT = re.compile(r"([√∛])\s*(?:\(([^()]*)\)|\{([^{}]*)\}|(\d+(?:\.\d+)?|\\[a-zA-Z]+|[a-zA-Z]))")


def plain(text: str) -> str:
    """The text in the one way to write it; takes time in proportion to its length."""
    text = _without_unicode(text)
    text = _WORDS.sub(_word, text)
    text = re.sub(r'"([^"a-zA-Z]*)"', r"\1", text)  # a number or a sign of money in a font of its own
    text = re.sub(r",\s*\\!\s*", ",", text).replace("\\!", "").replace("{,}", ",").replace("{:}", ":")
    text = re.sub(r"\\\\", "\ue000", text)  # a row of a matrix ends; no space command begins here
    text = re.sub(r"\\[,;: ]|~", " ", text)
    text = re.sub(r"\\([a-zA-Z]+)", lambda command: _COMMAND_OF.get(command[1], command[0]), text)
    text = re.sub(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z])|\{\s*°\s*\}|°)", "°", text)
    text = text.replace("\\%", "%").replace("\\$", "$").replace("\\#", "#").replace("\\&", "\ue001")
    text = text.replace("<=", "≤").replace(">=", "≥").replace("!=", "≠")
    text = re.sub(r"\b(?:inf|infinity|oo)\b", r"\\infty", text)
    text = re.sub(r"\+\s*(\\infty)", r"\1", text)
    text = re.sub(r"([\^_])\{(\w)\}", r"\1\2", text)
    return re.sub(r"\s+", " ", text.replace("\ue000", "\\\\").replace("\ue001", "\\&")).strip()


def bare(text: str) -> str:
    """Plain text without the spaces that mean nothing: those beside a digit on both sides stay."""
    return re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", text)


def as_latex(plain_text: str) -> str:
    """Plain text as LaTeX."""
    text = re.sub(r'"([^"]*)"', r"\\text{\1}", plain_text)
    return "".join(LATEX_OF.get(sign, sign) for sign in text).replace("%", "\\%")


def _word(found: re.Match[str]) -> str:
    inside = found[1]
    # Words that name one thing stay outside the quotes: an upright e or d is the number or the variable.
    return inside if re.fullmatch(r"[a-zA-Z]|[-+]?[\d.,]+", inside) and "text" not in found[0] else f'"{inside}"'


def _without_unicode(text: str) -> str:
    if text.isascii():
        return text
    made: list[str] = []
    for sign in text:
        if sign in _SIGNS:
            made.append(_SIGNS[sign])
        elif (script := next((one for one in _SCRIPTS if sign in _SCRIPTS[one][0]), None)) is not None:
            made.append(f"{script}{{{_SCRIPTS[script][1][_SCRIPTS[script][0].index(sign)]}}}")
        elif unicodedata.decomposition(sign).startswith("<fraction>"):
            above, _, below = unicodedata.normalize("NFKC", sign).partition("⁄")
            made.append(f"\\frac{{{above}}}{{{below or 1}}}")
        elif sign in LATEX_OF or sign in "√∛":
            made.append(sign)
        elif unicodedata.category(sign) != "Cf":  # marks of direction, joiners, zero-width spaces
            made.append(_letter(sign))
    text = re.sub(r"\}([\^_])\{", _joined_scripts, "".join(made))
    return _ROOT.sub(_root, text)


def _root(found: re.Match[str]) -> str:
    return f"\\sqrt{'[3]' if found[1] == '∛' else ''}{{{found[2] or found[3] or found[4]}}}"


def _joined_scripts(between: re.Match[str]) -> str:
    """x¹² is one exponent."""
    before = between.string[: between.start()]
    return "" if re.search(rf"\{between[1]}\{{[^{{}}]*$", before[-40:]) else between[0]


def _letter(sign: str) -> str:
    name = unicodedata.name(sign, "")
    if name.startswith("GREEK ") and " LETTER " in name:
        greek = name.rsplit(" ", 1)[1].lower()
        return f"\\{greek.capitalize() if 'CAPITAL' in name else greek} "
    return unicodedata.normalize("NFKC", sign)
