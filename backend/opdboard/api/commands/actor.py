"""Who asks, as the audit trail names them; taken on trust."""

from typing import Annotated, Literal
from urllib.parse import unquote

from fastapi import Depends, Header

LONGEST_NAME = 50


def name_of(client: str, user: str) -> str:
    """'Ada (web)', or just 'web'; user is percent-encoded."""
    name = "".join(letter for letter in unquote(user) if letter.isprintable()).strip()[:LONGEST_NAME]
    return f"{name} ({client})" if name else client


def _actor(
    x_opdboard_client: Annotated[Literal["web", "cli", "api"], Header(description="What asks.")] = "api",
    x_opdboard_user: Annotated[
        str, Header(max_length=200, description="Who asks, percent-encoded; taken on trust, for the audit trail.")
    ] = "",
) -> str:
    return name_of(x_opdboard_client, x_opdboard_user)


Actor = Annotated[str, Depends(_actor)]
