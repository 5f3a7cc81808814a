"""Why a queued run has not started."""

import pytest

from opdboard.domain.waiting import Listener, Queued, WaitReason, in_order, ordinal, why_it_waits

CPU, CUDA = frozenset({"any", "cpu"}), frozenset({"any", "cuda"})


def run(name: str, queue: str = "any", sent_at: float | None = 1.0) -> Queued:
    return Queued(f"id-{name}", name, queue, sent_at)


def test_without_a_worker_nothing_starts():
    one = run("one")
    assert why_it_waits(one, [one], []).reason is WaitReason.NO_WORKER


def test_a_queue_that_nobody_listens_to_is_named_with_those_that_are():
    one = run("one", "cuda")
    wait = why_it_waits(one, [one], [Listener(CPU)])
    assert wait.reason is WaitReason.NO_LISTENER
    assert wait.detail == "No live worker takes runs for cuda: those alive listen to any, cpu."


def test_a_run_that_the_broker_was_not_told_of_says_so():
    one = run("one", sent_at=None)
    assert why_it_waits(one, [one], [Listener(CPU)]).reason is WaitReason.NOT_SENT


def test_a_free_worker_takes_the_first_in_line():
    line = [run("one"), run("two")]
    assert why_it_waits(line[0], line, [Listener(CPU)]).reason is WaitReason.TAKING
    second = why_it_waits(line[1], line, [Listener(CPU)])
    assert (second.reason, second.behind) == (WaitReason.IN_LINE, "id-one")
    assert why_it_waits(line[1], line, [Listener(CPU), Listener(CUDA)]).reason is WaitReason.TAKING


def test_busy_workers_make_a_line():
    line = [run("one"), run("two"), run("three", "cpu")]
    busy = [Listener(CPU, "now")]
    assert (
        why_it_waits(line[0], line, busy).detail == "Next in line. The only worker that can take it is busy with now."
    )
    third = why_it_waits(line[2], line, busy)
    assert (third.detail, third.behind) == ("3rd in line, behind two.", "id-two")
    both = [*busy, Listener(CUDA, "also")]
    assert why_it_waits(line[0], line, both).detail.endswith("All 2 workers that can take it are busy.")


def test_only_runs_for_the_same_workers_are_in_the_way():
    line = [run("for cuda", "cuda"), run("for cpu", "cpu")]
    wait = why_it_waits(line[1], line, [Listener(CPU, "now"), Listener(CUDA, "also")])
    assert (wait.reason, wait.behind) == (WaitReason.IN_LINE, None)


def test_the_line_is_the_order_of_sending():
    line = in_order([run("unsent", sent_at=None), run("late", sent_at=9.0), run("early", sent_at=2.0)])
    assert [place.name for place in line] == ["early", "late", "unsent"]


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_ordinals(number: int, text: str):
    assert ordinal(number) == text
