"""What a trainer logs, as the server takes it: numbers, steps and keys. Nothing here imports NumPy or torch."""

import hashlib
import operator
import re
from typing import Any

LARGEST_STEP = 2**31 - 1
LONGEST_KEY = 128
_NOT_IN_KEYS = re.compile("[,\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Unusable(ValueError):
    """Something that is no number, step or key; the message goes on after its name."""


def number(value: Any) -> float:
    """A float of anything that is one number: bool, int, Decimal, NumPy scalar, array or tensor of one element."""
    plain = _plain(value)
    if plain is None:
        raise Unusable("is None, which is no number")
    if isinstance(plain, str | bytes | bytearray):
        raise Unusable(f"is the text {shown(plain)}, not a number")
    if not hasattr(plain, "__float__") and not hasattr(plain, "__index__"):
        raise Unusable(f"is of type {type(plain).__name__}, which is no number")
    try:
        return float(plain)
    except Exception as error:
        raise Unusable(f"cannot be read as a number: {type(error).__name__}: {error}") from error


def step_number(value: Any) -> int:
    """A step of anything that is one whole number from 0 to LARGEST_STEP; 3.0 is 3."""
    plain = _plain(value)
    try:
        whole: int = operator.index(int(plain) if isinstance(plain, float) and plain.is_integer() else plain)  # pyright: ignore[reportArgumentType]
    except TypeError as error:
        raise Unusable(f"step {shown(plain)} is no whole number") from error
    if not 0 <= whole <= LARGEST_STEP:
        raise Unusable(f"step {shown(whole)} is not between 0 and {LARGEST_STEP}")
    return whole


def key_of(name: Any, *, taken: bool = False) -> str:
    """The key that a name is stored under: the name itself, unless it has signs that keys may not have or is too long.

    taken: another name has that key already; this one gets a mark of its own.
    """
    if not isinstance(name, str) or not name:
        raise Unusable("is no name: keys are texts with at least one character")
    key = _NOT_IN_KEYS.sub("_", name)
    if len(key) <= LONGEST_KEY and not taken:
        return key
    mark = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{key[: LONGEST_KEY - len(mark) - 1]}~{mark}"


def shown(value: Any, most: int = 60) -> str:
    """A short text of any value, for a message."""
    try:
        text = ascii(value)
    except Exception:
        text = type(value).__name__
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _plain(value: Any) -> Any:
    """What is inside an array, a tensor or a NumPy scalar of one element."""
    item = getattr(value, "item", None)
    if not callable(item):
        return value
    try:
        return item()
    except Exception as error:
        raise Unusable(
            f"is a {type(value).__name__} that is not one number ({type(error).__name__}: {error})"
        ) from error
