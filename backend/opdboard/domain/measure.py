"""What a measured quantity is called and between what it lies: one entry of the tables of measures."""

from dataclasses import dataclass, replace
from typing import Literal

Better = Literal["higher", "lower"] | None
Bounds = tuple[float | None, float | None]
ANY: Bounds = (None, None)


@dataclass(frozen=True)
class Measure:
    """A measured quantity; better is None where neither direction is good in itself.

    title: in full. short: what tables, legends and tiles call it, empty where the title is short. symbol: as formulas write it,
    for axes. within: the least and the largest value that it can have (None: no end), None where the unit tells: a share lies
    in 0..1, all else is not negative. group: of a scalar, a key of GROUPS. card: the title of the picture that draws it with
    all of its group whose card is the same (they have one unit); empty where it is drawn alone, under its own title.
    """

    name: str
    title: str
    unit: str = ""
    better: Better = None
    log: bool = False
    short: str = ""
    symbol: str = ""
    within: Bounds | None = None
    card: str = ""
    group: str = ""

    @property
    def brief(self) -> str:
        """The name where there is little room."""
        return self.short or self.title

    @property
    def full(self) -> str:
        """Title and symbol."""
        return f"{self.title}, {self.symbol}" if self.symbol else self.title

    @property
    def bounds(self) -> Bounds:
        """Between what it lies."""
        return self.within or ((0.0, 1.0) if self.unit == "share" else (0.0, None))


def table(*measures: Measure) -> dict[str, Measure]:
    """By their names."""
    return {measure.name: measure for measure in measures}


def card(title: str, *measures: Measure) -> list[Measure]:
    """Those that one picture draws, under that title."""
    return [replace(measure, card=title) for measure in measures]


def group(name: str, *parts: Measure | list[Measure]) -> dict[str, Measure]:
    """Measures and cards of one group, by their names."""
    flat = [one for part in parts for one in (part if isinstance(part, list) else [part])]
    return {measure.name: replace(measure, group=name) for measure in flat}
