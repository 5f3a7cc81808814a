"""Which environment variables may be sent to which teachers: those that OPDBOARD_TEACHER_KEYS names, each with its address.

A configuration comes from whoever may launch a run, so it can only choose among these: no other variable of the worker is
ever read for it, and a key is sent nowhere but below the address it is for.
"""

import os
import re
from dataclasses import dataclass
from urllib.parse import unquote

import httpx

from opdboard.domain.errors import BadInput
from opdboard.domain.teachers import RemoteTeacher

LARGEST_PORT = 65535
_ENTRY = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(https?://[^\s,]+)")


@dataclass(frozen=True)
class AllowedKey:
    """A variable, and the address below which its value may be sent."""

    variable: str
    address: httpx.URL


def allowed_keys(given: str) -> list[AllowedKey]:
    """The entries of OPDBOARD_TEACHER_KEYS: VARIABLE=ADDRESS, separated by commas or spaces. BadInput names a wrong one."""
    entries = [entry for entry in re.split(r"[\s,]+", given) if entry]
    return [_allowed(entry) for entry in entries]


def _allowed(entry: str) -> AllowedKey:
    match = _ENTRY.fullmatch(entry)
    address = None if match is None else _parsed(match[2])
    if match is None or address is None or address.query or address.fragment or address.userinfo:
        raise BadInput(
            "OPDBOARD_TEACHER_KEYS holds an entry that is not VARIABLE=ADDRESS, such as VLLM_KEY=https://gpu1:8000/v1; "
            f"it begins with {entry[:12]!r}",
            where="OPDBOARD_TEACHER_KEYS",
        )
    return AllowedKey(match[1], address)


def check_key(teacher: RemoteTeacher, given: str) -> None:
    """BadInput unless the teacher has an address, and asks for no key or for one that the list has for that address.

    given: OPDBOARD_TEACHER_KEYS.
    """
    url = address_of(teacher)
    name = teacher.key_variable
    if not name:
        return
    addresses = [key.address for key in allowed_keys(given) if key.variable == name]
    if not addresses:
        raise BadInput(
            f"{name} is not among the keys that may be sent to a teacher: the owner of this installation allows one with "
            f"OPDBOARD_TEACHER_KEYS={name}=ADDRESS",
            where="teacher.key_variable",
        )
    if not any(_is_below(url, address) for address in addresses):
        raise BadInput(
            f"the key {name} may not be sent to {teacher.url}, only to {' and '.join(map(str, addresses))}; "
            "OPDBOARD_TEACHER_KEYS says so",
            where="teacher.url",
        )


def address_of(teacher: RemoteTeacher) -> httpx.URL:
    """Where the teacher is; BadInput when that is no address."""
    url = _parsed(teacher.url)
    if url is None:
        raise BadInput(f"{teacher.url!r} is no address; one is http://gpu1:8000/v1", where="teacher.url")
    return url


def key_of(teacher: RemoteTeacher, given: str) -> str | None:
    """The key to send, None for none; BadInput where it may not be sent, is not set, or is no header."""
    check_key(teacher, given)
    if not teacher.key_variable:
        return None
    key = os.environ.get(teacher.key_variable, "").strip()
    if not key:
        raise BadInput(
            f"the environment variable {teacher.key_variable} is not set on this worker; set it to the key of {teacher.url}",
            where="teacher.key_variable",
        )
    if not (key.isascii() and key.isprintable()):
        raise BadInput(
            f"the value of {teacher.key_variable} is not one line of ASCII characters, so it cannot be sent as a key",
            where="teacher.key_variable",
        )
    return key


def _parsed(text: str) -> httpx.URL | None:
    """As the client that sends will read it, so that both mean the same host."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return None
    known = url.scheme in ("http", "https") and url.host and (url.port or 1) <= LARGEST_PORT
    return url if known else None


def _is_below(url: httpx.URL, address: httpx.URL) -> bool:
    """Same scheme, host and port, and the address's path or one below it, by whole parts."""
    if (url.scheme, url.host, _port(url)) != (address.scheme, address.host, _port(address)) or url.userinfo:
        return False
    parts, wanted = _parts(url), _parts(address)
    wanders = any(part in (".", "..") or "/" in part or "\\" in part or "%" in part for part in parts)
    return not wanders and parts[: len(wanted)] == wanted


def _port(url: httpx.URL) -> int:
    return url.port or {"http": 80, "https": 443}[url.scheme]


def _parts(url: httpx.URL) -> list[str]:
    """What stands between the slashes of the path as sent, decoded each by itself."""
    path = url.raw_path.partition(b"?")[0].decode("ascii").strip("/")
    return [unquote(part) for part in path.split("/")] if path else []
