"""Health answers."""

from pydantic import BaseModel


class Health(BaseModel):
    """The process answers."""

    status: str
