"""What is wrong with a prompt for one side, before it is known which row it comes from."""


class Unreadable(Exception):
    """A conversation that cannot be written as tokens; `where` is the field to change."""

    def __init__(self, detail: str, where: str) -> None:
        super().__init__(detail)
        self.where = where
