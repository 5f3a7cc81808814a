"""The few curves that say how a run goes: how near to its teacher, how good, how hard it learns, how far it moved."""

from collections.abc import Iterable

from opdboard.domain.measures import cards, scalar
from opdboard.domain.scalar_measures import WHOLE_MODEL

MOST = 4
_WANTED = (
    ("eval/reverse_kl", "eval/reverse_kl_k3", "reverse_kl", "reverse_kl_k3"),
    ("eval/accuracy", "reward_mean", "accuracy"),
    ("loss", "train/loss"),
)
_OF_THE_MACHINE = ("cost", "analysis")


def key_curves(keys: Iterable[str], *, watched: bool) -> dict[str, list[str]]:
    """Title of a picture -> the scalars that it draws, at most MOST of them: of each question the first measure that there is.

    keys: the run's scalars. watched: whether its weights are, so that the norm of the update is known. A run that lacks some of
    these shows what else it recorded of its training, in the order of its page.
    """
    stored = set(keys)
    pictures = {
        title: drawn
        for group, of_group in cards(stored).items()
        if group not in _OF_THE_MACHINE
        for title, drawn in of_group.items()
    }
    first = [next((key for key in wanted if key in stored), None) for wanted in _WANTED]
    norm = {measure.title: [key] for key, measure in WHOLE_MODEL.items()} if watched else {}
    chosen = {_card(key): pictures[_card(key)] for key in first if key is not None}
    for title, drawn in pictures.items():
        if len(chosen) + len(norm) < MOST:
            chosen.setdefault(title, drawn)
    return chosen | norm


def _card(key: str) -> str:
    measure = scalar(key)
    return measure.card or measure.title
