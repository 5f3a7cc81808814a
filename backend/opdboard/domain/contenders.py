"""What the speed-up meter sets side by side, and what of it is unlike."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from opdboard.domain.reaching import Curve


@dataclass(frozen=True)
class Contender:
    """A run, or the members of a group with their seeds; learning_rates: those of its members.

    batch_sizes, held_out_sizes, temperatures: those that its members tell; going: some have not ended; failed: some have.
    answers: how many the metric is a share of, the fewest of any member; None for another metric, and where a member does not tell.
    last_step: of the member that came farthest.
    """

    key: str
    curves: Sequence[Curve]
    seeds: Sequence[int | None] = (None,)
    name: str = ""
    method: str = ""
    learning_rates: Sequence[float] = ()
    batch_sizes: Collection[int] = ()
    held_out_sizes: Collection[int] = ()
    temperatures: Collection[float] = ()
    going: bool = False
    failed: bool = False
    answers: int | None = None
    last_step: int = 0

    @property
    def evaluated(self) -> int:
        """Members with as many evaluations as a comparison takes."""
        return sum(one.tells for one in self.curves)

    @property
    def spacing(self) -> float:
        """Steps between evaluations, of the member evaluated most rarely."""
        return max((one.spacing for one in self.curves), default=0.0)


def differences(reference: Contender, contender: Contender) -> list[str]:
    """What is known to be unlike; of settings, cadence and end nothing where there is nothing to compare."""
    if not contender.evaluated:
        return ["not_evaluated" if contender.going else "never_evaluated"]
    found = {"going": contender.going, "failed": contender.failed}
    if _compared(reference, contender):
        unlike = {name: same(*sides) is False for name, sides in _settings(reference, contender).items()}
        found = {"cadence": contender.spacing != reference.spacing} | unlike | found
    return [name for name, does in found.items() if does]


def untold(reference: Contender, contender: Contender) -> list[str]:
    """Of batch, held_out and temperature those that a side does not tell, where there is anything to compare."""
    if not _compared(reference, contender):
        return []
    return [name for name, sides in _settings(reference, contender).items() if same(*sides) is None]


def _compared(reference: Contender, contender: Contender) -> bool:
    return reference.key != contender.key and bool(reference.evaluated and contender.evaluated)


def _settings(reference: Contender, contender: Contender) -> dict[str, tuple[Collection, Collection]]:
    """Setting -> its values on either side."""
    return {
        "batch": (contender.batch_sizes, reference.batch_sizes),
        "held_out": (contender.held_out_sizes, reference.held_out_sizes),
        "temperature": (contender.temperatures, reference.temperatures),
    }


def same(one: Collection, other: Collection) -> bool | None:
    """Whether the values are the same; None where a side does not tell its own."""
    return set(one) == set(other) if one and other else None
