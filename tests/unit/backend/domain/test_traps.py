"""Which traps a check warns of, and which it does not."""

from typing import Any

import pytest

from opdboard.domain.check import Apart, Check, Divergence, Expectation, PromptRead, Read, SetRead, Side, Token
from opdboard.domain.run_config import RunConfig
from opdboard.domain.traps import traps

END, TURN, BEGIN = (Token(id=number, text=text) for number, text in enumerate(("<|endoftext|>", "<|im_end|>", "<s>")))
SAME = Read(ids=[1], texts=["a"], apart=[False])


def side(who: str, **changes: Any) -> Side:
    about = {"who": who, "label": f"the {who}", "template": "", "temperature": 1.0, "end_tokens": [END], "tokens": 9}
    return Side.model_validate(about | changes)


def a_set(**changes: int) -> SetRead:
    about = {"prompts": 9, "judged": 9, "samples": 4, "temperature": 1.0, "max_response_tokens": 64}
    return SetRead.model_validate(
        about | {"name": "bench", "forgetting": False, "trained_on": 0, "too_long": 0} | changes
    )


def check(student: Side | None = None, teacher: Side | None = None, **changes: Any) -> Check:
    about = {
        "sides": [student or side("student"), teacher or side("teacher")],
        "ends": "",
        "prompts": [PromptRead(student=SAME, teacher=SAME, tokens=(1, 1), differing=0)],
        "left_out": 0,
        "all_prompts": 10,
        "responses": [],
        "sampled": 8,
        "ended": 8,
        "divergence": Divergence(mean=0.5, estimator="reverse_kl", tokens=40),
        "repeatability": Apart(mean=0.0, largest=0.0, tokens=40),
        "sampler": Apart(mean=0.0, largest=0.0, tokens=40),
        "sampling_temperature": 1.0,
        "expected": Expectation(seconds_per_step=1.0, seconds_from="", memory_bytes=1, memory_from=""),
    }
    return Check.model_validate(about | changes)


def warned(one: Check, **config: Any) -> dict[str, str]:
    return {trap.about: trap.message for trap in traps(one, RunConfig.model_validate(config))}


def test_a_pair_without_traps_is_warned_of_none() -> None:
    assert warned(check()) == {}


@pytest.mark.parametrize(
    ("about", "changes", "words"),
    [
        (
            "ends",
            {"teacher": side("teacher", end_tokens=[TURN])},
            "<|im_end|>: where nobody maps one onto the other, lengths",
        ),
        ("begins", {"student": side("student", begins_with=BEGIN)}, "reads <s> in front of a prompt"),
        (
            "templates",
            {"prompts": [PromptRead(student=SAME, teacher=SAME, tokens=(1, 2), differing=1)]},
            "read 1 of the first 1 prompts otherwise",
        ),
        ("left_out", {"left_out": 3}, "3 of 10 prompts are longer than budget.max_prompt_tokens (512)"),
        (
            "temperature",
            {"student": side("student", generation={"temperature": 0.6, "top_p": 0.95})},
            "temperature 0.6, top_p 0.95",
        ),
        ("sets", {"sets": [a_set(trained_on=3)]}, "evaluation set bench: 3 of its prompts are trained on and left out"),
        ("sets", {"sets": [a_set(too_long=2)]}, "2 of its prompts are longer than budget.max_prompt_tokens"),
        ("sets", {"sets": [a_set(judged=0)]}, "no row has an answer"),
        ("lengths", {"ended": 0}, "none of 8 responses"),
        ("clipped", {"clipped": 0.25}, "of 25.0% of the tokens"),
        ("mass", {"top_mass": 0.62}, "hold 62% of its probability"),
        ("noise", {"repeatability": Apart(mean=0.2, largest=1.0, tokens=40)}, "0.2 nats apart, of a distance of 0.5"),
        (
            "distance",
            {"divergence": Divergence(mean=2.5, estimator="reverse_kl", tokens=40)},
            "2.5 nats per token away",
        ),
    ],
)
def test_each_trap_is_named_by_itself(about: str, changes: dict[str, Any], words: str) -> None:
    found = warned(check(**changes))
    assert found.keys() == {about} and words in found[about]


def test_ends_that_are_mapped_are_no_trap() -> None:
    apart = check(teacher=side("teacher", end_tokens=[TURN]))
    assert warned(apart, reading={"ends": "map"}) == {}


def test_sampling_settings_that_are_used_are_no_trap() -> None:
    assert warned(check(student=side("student", generation={"temperature": 1.0}))) == {}


def test_a_teacher_that_is_meant_to_read_more_is_not_warned_of() -> None:
    apart = check(prompts=[PromptRead(student=SAME, teacher=SAME, tokens=(1, 2), differing=1)])
    student = {"kind": "folder", "path": "m"}
    config = {"student": student, "teacher": {"kind": "privileged"}, "data": {"kind": "file", "path": "x.jsonl"}}
    assert warned(apart, **config) == {}
