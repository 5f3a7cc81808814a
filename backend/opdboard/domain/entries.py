"""What can be compared: a run by its id, or all runs of a group as 'group:NAME'."""

from urllib.parse import unquote

GROUP_PREFIX = "group:"


def group_named(entry: str) -> str | None:
    """The group's name when the entry is a group; a comma in a name travels as %2C, a percent sign as %25."""
    return unquote(entry.removeprefix(GROUP_PREFIX)) if entry.startswith(GROUP_PREFIX) else None


def entry_of_group(name: str) -> str:
    """The entry that stands for a group."""
    return GROUP_PREFIX + name.replace("%", "%25").replace(",", "%2C")
