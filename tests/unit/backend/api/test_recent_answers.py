"""Kept extensions: right only while no run is known to have moved, and made once for all who ask together."""

import asyncio

import pytest

from opdboard.api.panels.recent import MOST, Answer, RecentAnswers


class Maker:
    """Counts how often it was asked; each answer says so."""

    def __init__(self, **seqs: int) -> None:
        self.seqs = seqs
        self.made = 0

    async def __call__(self) -> Answer:
        self.made += 1
        number = self.made
        await asyncio.sleep(0)
        return Answer(b"%d" % number, dict(self.seqs))


def test_an_answer_holds_until_one_of_its_runs_is_known_to_have_moved():
    async def ask() -> None:
        kept, make, known = RecentAnswers(), Maker(a=3, b=7), {"a": 3, "b": 6}
        for _ in range(2):
            assert await kept.get_or_make("question", known.get, make) == b"1"
        assert await kept.get_or_make("another", known.get, make) == b"2"
        known["b"] = 8
        assert await kept.get_or_make("question", known.get, make) == b"3"

    asyncio.run(ask())


def test_nothing_holds_when_nobody_has_looked_lately():
    async def ask() -> None:
        kept, make = RecentAnswers(), Maker(a=3)
        assert [await kept.get_or_make("question", lambda _: None, make) for _ in range(2)] == [b"1", b"2"]

    asyncio.run(ask())


def test_those_who_ask_together_share_an_answer_even_when_the_first_hangs_up():
    async def ask() -> None:
        kept, make = RecentAnswers(), Maker(a=3)
        first, *others = [asyncio.create_task(kept.get_or_make("question", lambda _: None, make)) for _ in range(5)]
        await asyncio.sleep(0)
        first.cancel()
        assert await asyncio.gather(*others) == [b"1"] * 4

    asyncio.run(ask())


def test_a_failure_is_told_and_not_kept():
    async def fail() -> Answer:
        raise ValueError("no")

    async def ask() -> None:
        kept = RecentAnswers()
        with pytest.raises(ValueError, match="no"):
            await kept.get_or_make("question", lambda _: 3, fail)
        assert await kept.get_or_make("question", lambda _: 3, Maker(a=3)) == b"1"

    asyncio.run(ask())


def test_the_oldest_answers_go():
    async def ask() -> None:
        kept, make = RecentAnswers(), Maker()
        for number in range(MOST + 1):
            await kept.get_or_make(number, lambda _: 0, make)
        await kept.get_or_make(MOST, lambda _: 0, make)
        assert make.made == MOST + 1
        await kept.get_or_make(0, lambda _: 0, make)
        assert make.made == MOST + 2

    asyncio.run(ask())
