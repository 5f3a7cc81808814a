"""Bytes on their way to or from the hub, while a run waits for them."""

from typing import Literal

from pydantic import Field

from opdboard.domain.frozen import Frozen

_UNIT = 1024
_MINUTE, _HOUR = 60, 3600


class Transfer(Frozen):
    """A model that is being downloaded, or a folder that is being pushed. Sizes in bytes, speed in bytes per second."""

    doing: Literal["downloading", "pushing"]
    what: str = Field(description="The repository, with its revision where it is downloaded.")
    files: int = Field(description="That are not there yet.")
    total: int = Field(description="Of these files.")
    done: int | None = Field(description="Of these bytes; null where the hub's client does not tell.")
    speed: float | None = Field(default=None, description="Of the last seconds; null while it is not known.")

    @property
    def seconds_left(self) -> float | None:
        """At that speed."""
        return (self.total - self.done) / self.speed if self.done is not None and self.speed else None

    def told(self) -> str:
        """'downloading acme/tiny@main: 12.0 MiB of 1.5 GiB, 3.1 MiB/s, about 8 min left'."""
        size = bytes_told(self.total)
        far = f"{bytes_told(self.done)} of {size}" if self.done is not None else f"{self.files} files, {size}"
        pace = f", {bytes_told(self.speed)}/s" if self.speed else ""
        left = "" if self.seconds_left is None else f", about {_time(self.seconds_left)} left"
        return f"{self.doing} {self.what}: {far}{pace}{left}"


def bytes_told(size: float) -> str:
    """12.0 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _UNIT:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= _UNIT
    return f"{size:.1f} TiB"


def _time(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} h"
