"""The token of the Hugging Face hub: a file of the data folder that its owner alone may read, or else the environment's.

It is written by the web server and read by it and by workers that have the data folder. Nothing tells it again.
"""

import os
import secrets
from pathlib import Path
from typing import Literal

from opdboard.domain.errors import BadInput
from opdboard.settings import Settings

NAME = "hub_token"
VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
HIDDEN = "[hub token]"
_LONGEST = 500
_SHORTEST_SECRET = 8
"""What is shorter is no token of the hub, and hiding it would hide words."""

_replaced: dict[str, str | None] = {}
"""What the environment had in the place of the stored one."""

Source = Literal["stored", "environment", "none"]


def store(settings: Settings, token: str) -> None:
    """Keep this one, in place of the one before. BadInput unless it is one line of ASCII characters without blanks."""
    token = token.strip()
    usable = token.isascii() and token.isprintable() and " " not in token
    if not usable or not _SHORTEST_SECRET <= len(token) <= _LONGEST:
        raise BadInput("this is no token of the hub, which begins with hf_ and holds no blanks", where="token")
    aside = settings.make_root() / f".{NAME}.{secrets.token_hex(4)}"
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token)
    aside.replace(_place(settings))
    use(settings)


def forget(settings: Settings) -> None:
    """Keep none."""
    _place(settings).unlink(missing_ok=True)
    use(settings)


def use(settings: Settings) -> None:
    """Have every client of the hub in this process send the stored one; what the environment had, once there is none."""
    token = token_of(settings)
    if token is not None:
        _replaced.setdefault(VARIABLES[0], os.environ.get(VARIABLES[0]))
        os.environ[VARIABLES[0]] = token
    elif VARIABLES[0] in _replaced:
        before = _replaced.pop(VARIABLES[0])
        if before is None:
            del os.environ[VARIABLES[0]]
        else:
            os.environ[VARIABLES[0]] = before


def token_of(settings: Settings) -> str | None:
    """The stored one, if there is."""
    try:
        return _place(settings).read_text().strip() or None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(
            f"the hub's token in {_place(settings)} cannot be read ({error.strerror}); it belongs to the user who runs the "
            "web server",
            where="token",
        ) from error


def source(settings: Settings) -> Source:
    """Which one is used."""
    if token_of(settings):
        return "stored"
    from huggingface_hub import get_token  # which most requests do without

    return "environment" if get_token() else "none"


def masked(text: str, settings: Settings) -> str:
    """The text without any token, for whatever leaves the process."""
    try:
        known = [token_of(settings), *map(os.environ.get, VARIABLES)]
    except BadInput:
        known = [*map(os.environ.get, VARIABLES)]
    for token in known:
        if token and len(token) >= _SHORTEST_SECRET:
            text = text.replace(token, HIDDEN)
    return text


def _place(settings: Settings) -> Path:
    return settings.root / NAME
