"""The examples of a run: where they come from, which are held out, and in which order they are trained on.

Everything here is a pure function of the configuration, so a resumed run needs no more than its step to continue.
"""

import hashlib
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from opdboard.data_files.recognition import Recogniser, Row
from opdboard.data_files.rows import read_rows
from opdboard.data_files.turns import Turn
from opdboard.domain.data import ArithmeticData, Data, FileData, HubData, UploadData
from opdboard.domain.errors import DataProblem

log = logging.getLogger(__name__)

GENERATED_EXAMPLES = 16_384
"""Sums drawn for a run: more prompts than half of the demo's 128 steps of 256, quick to make and to tokenize."""


@dataclass(frozen=True)
class Example:
    """A prompt, with its answer and worked solution where they are known; `id` is stable between runs.

    `prompt` is the text of the last user turn, `before` holds the turns in front of it, and `prefix` is the start of the
    assistant's answer that is to be continued. `route` names the teacher that scores it, where rows do; `where` tells the
    file and the line or row.
    """

    id: int
    prompt: str
    answer: str | None
    solution: str | None
    route: str | None = None
    before: tuple[Turn, ...] = ()
    prefix: str = ""
    where: str = ""

    @property
    def worked(self) -> str:
        """The solution, or else the answer; only of data that were checked to have one (`answered.check_answers`)."""
        worked = self.solution or self.answer
        assert worked is not None, "rows without both are refused for what reads them"
        return worked

    @property
    def asked(self) -> tuple[tuple[Turn, ...], str, str]:
        """All that is read before the response: examples with the same are duplicates."""
        return self.before, self.prompt, self.prefix


def load_examples(
    data: Data, root: Path | None = None, *, route_by: str = "", generate: int = GENERATED_EXAMPLES, seed: int = 0
) -> list[Example]:
    """All examples of files or a data set of the hub in their order, or `generate` different sums (all there are, if fewer).

    root: the data folder, without which no uploaded file is found. The sums depend on `seed` only. Leave it at 0 to give every run of a comparison the same examples. Raises DataProblem
    with file and line.
    """
    if isinstance(data, ArithmeticData):
        space = 10 ** (2 * data.digits)
        drawn = random.Random(f"sums {data.digits} {seed}").sample(range(space), min(generate, space))
        return [arithmetic_example(number, data.digits) for number in drawn]
    return _examples_of(data, root, route_by)


def load_held_out(data: Data, root: Path | None = None, *, route_by: str = "") -> list[Example]:
    """All examples of the held-out file or split; none where the data has none."""
    if isinstance(data, ArithmeticData) or not data.held_out:
        return []
    return _examples_of(data, root, route_by, held_out=True)


def _examples_of(
    data: FileData | UploadData | HubData, root: Path | None, route_by: str, *, held_out: bool = False
) -> list[Example]:
    assert root is not None or not isinstance(data, UploadData), "uploaded files are in the data folder"
    recogniser = Recogniser(data.columns, route_by)
    examples = [
        example_of(index, row)
        for index, row in enumerate(read_rows(data, recogniser, root or Path(), held_out=held_out))
    ]
    for told in recogniser.told():
        log.info("%s: %s", data.held_out if held_out else data.label, told)
    return examples


def example_of(index: int, row: Row) -> Example:
    """The example that the row of this place, from 0, becomes."""
    return Example(index, row.prompt, row.answer, row.solution, row.route, row.before, row.prefix, row.where)


def arithmetic_example(number: int, digits: int) -> Example:
    """Sum number `number` of the 10^(2 digits): '007+123=' with answer '031', the digits of 130 from the last to the first."""
    first, second = divmod(number, 10**digits)
    return Example(number, f"{first:0{digits}d}+{second:0{digits}d}=", str(first + second)[::-1], None)


def split(
    examples: Sequence[Example], held_out_size: int, seed: int = 0, *, own: Sequence[Example] = ()
) -> tuple[list[Example], list[Example]]:
    """(training, held out): the `held_out_size` examples whose hashed ids come first are held out.

    Membership depends on ids and `seed`, not on the order of the rows. Pass one seed to all runs that are compared or
    forked from one another, else the one trains on what the other is judged by. Rows that repeat a held-out prompt are
    dropped from training. own: examples of a held-out file, of which `held_out_size` at most are held out, in place of some
    of the others. Raises DataProblem when nothing would be left to train on.
    """
    held_out = in_fixed_order(own or examples, seed)[:held_out_size]
    asked = {example.asked for example in held_out}
    training = [example for example in examples if example.asked not in asked]
    if not training and own:
        raise DataProblem(
            f"all {len(examples)} usable examples ask what the held-out file asks, so that none is left to train on; name "
            "another file there",
            where="data.held_out",
        )
    if not training:
        raise DataProblem(
            f"{len(examples)} usable examples are too few: {held_out_size} are held out and at least one more, with another "
            f"prompt, must be left to train on; provide {held_out_size + 1} or more, or lower monitoring.held_out_size or held_out_share",
            where="monitoring.held_out_size",
        )
    return training, held_out


def in_fixed_order(examples: Sequence[Example], seed: int = 0) -> list[Example]:
    """By their hashed ids: the first so many of them are held out, or asked of a set."""
    return sorted(examples, key=lambda example: _rank(example.id, seed))


def _rank(example_id: int, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed} {example_id}".encode(), digest_size=8).digest()


def batch_indices(step: int, batch_size: int, n: int, seed: int) -> list[int]:
    """Positions, within n training examples, of the batch of step `step`, steps counted from 1.

    The steps walk through one shuffle of the n examples after the other without gaps, so each example comes once per epoch,
    and a batch may lie across the border of two epochs.
    """
    return indices_from((step - 1) * batch_size, batch_size, n, seed)


def indices_from(start: int, count: int, n: int, seed: int) -> list[int]:
    """`count` positions within n training examples, from place `start` of the endless stream that `batch_indices` walks."""
    return [_shuffled(position // n, n, seed)[position % n] for position in range(start, start + count)]


@lru_cache(maxsize=4)
def _shuffled(epoch: int, n: int, seed: int) -> tuple[int, ...]:
    order = list(range(n))
    random.Random(f"epoch {epoch} {seed}").shuffle(order)
    return tuple(order)
