"""When a playground is let go of, by a clock that the test sets."""

from opdboard_worker.playground.attention import GONE_SECONDS, LEFT_SECONDS, Attention


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_it_is_over_when_nothing_is_asked_for_the_time_that_is_set() -> None:
    clock = Clock()
    attention = Attention(600.0, clock)
    for beats in range(1, 40):
        clock.at = 15.0 * beats
        attention.seen(beats, left=False)
        assert attention.over() is None
    clock.at = 600.0
    assert attention.over() == "nothing was asked for 10 minutes"
    attention.answered()
    assert attention.over() is None


def test_it_is_over_without_a_sign_of_life() -> None:
    clock = Clock()
    attention = Attention(600.0, clock)
    attention.seen(1, left=False)
    clock.at = GONE_SECONDS - 1
    attention.seen(1, left=False)
    assert attention.over() is None and not attention.closed()
    clock.at = GONE_SECONDS
    assert attention.over() == "its page was closed" and attention.closed()


def test_a_page_that_closed_may_come_back_for_a_while() -> None:
    clock = Clock()
    attention = Attention(600.0, clock)
    attention.seen(3, left=True)
    clock.at = LEFT_SECONDS - 1
    attention.seen(4, left=False)
    clock.at = LEFT_SECONDS + 1
    assert attention.over() is None
    attention.seen(5, left=True)
    clock.at += LEFT_SECONDS
    assert attention.over() == "its page was closed"
