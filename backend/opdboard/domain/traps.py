"""Public traps of distillation that a check shows a run to be near; each warning names the one it is about."""

from collections.abc import Iterator

from opdboard.domain.check import Check, Side, Trap
from opdboard.domain.data import ArithmeticData
from opdboard.domain.run_config import RunConfig

FAR = 2.0
"""Nats per token: from farther teachers no benefit has been seen."""
NOISY = 0.1
"""Share of the distance that the teacher's own noise may make up."""
SERVED_ELSEWHERE = 0.02
"""Nats per token that a server may be from its own weights beyond its noise: more than half precision and other kernels make."""
_ENOUGH_MASS = 0.9
_SHOWN_ENDS = 3


def traps(check: Check, config: RunConfig) -> list[Trap]:
    """In the order in which they should be looked at."""
    student, *teachers = check.sides
    found = [
        *(trap for teacher in teachers for trap in _between(student, teacher, config)),
        *_reading(check, config),
        *_sets(check, config),
        *_sampling(check, student),
        *_teacher(check),
    ]
    return list(dict.fromkeys(found))


def _between(student: Side, teacher: Side, config: RunConfig) -> Iterator[Trap]:
    ends = [{token.id for token in side.end_tokens} for side in (student, teacher)]
    if ends[1] and ends[0] != ends[1] and config.reading.ends == "leave":
        yield Trap(
            about="ends",
            message=f"{student.label} ends a response with {_ends(student)}, {teacher.label} with {_ends(teacher)}: where nobody "
            "maps one onto the other, lengths explode. Set reading.ends to map",
        )
    if student.begins_with != teacher.begins_with and teacher.tokens is not None and config.teacher.reads is None:
        yield Trap(
            about="begins",
            message=f"{student.label} reads {_begin(student)} in front of a prompt, {teacher.label} {_begin(teacher)}: a missing or "
            "doubled begin token alone moves every probability",
        )


def _reading(check: Check, config: RunConfig) -> Iterator[Trap]:
    differing = sum(bool(prompt.differing) for prompt in check.prompts)
    if differing and config.teacher.reads is None:
        yield Trap(
            about="templates",
            message=f"the two sides read {differing} of the first {len(check.prompts)} prompts otherwise: with templates that are not "
            "the same a published result did not reproduce. Look whether that is meant",
        )
    if check.left_out:
        yield Trap(
            about="left_out",
            message=f"{check.left_out} of {check.all_prompts} prompts are longer than budget.max_prompt_tokens "
            f"({config.budget.max_prompt_tokens}) and left out: what is trained on is not the data set that is named",
        )


def _sets(check: Check, config: RunConfig) -> Iterator[Trap]:
    drawn = {one.name for one in config.evaluation.sets if isinstance(one.data, ArithmeticData)}
    for one in check.sets:
        named = f"evaluation set {one.name}: "
        if one.trained_on and one.name not in drawn:
            yield Trap(
                about="sets",
                message=f"{named}{one.trained_on} of its prompts are trained on and left out; what is like them may still be known by "
                "heart. Look where the two come from",
            )
        if one.too_long:
            yield Trap(
                about="sets",
                message=f"{named}{one.too_long} of its prompts are longer than budget.max_prompt_tokens and left out: its numbers are "
                "not those of the whole benchmark",
            )
        if not one.judged:
            yield Trap(
                about="sets", message=f"{named}no row has an answer, so that nothing but lengths can be told of it"
            )


def _sampling(check: Check, student: Side) -> Iterator[Trap]:
    unused = {
        name: value
        for name, value in student.generation.items()
        if name != "temperature" or value != check.sampling_temperature
    }
    if unused:
        told = ", ".join(f"{name} {value}" for name, value in unused.items())
        yield Trap(
            about="temperature",
            message=f"generation_config.json of {student.label} asks for {told}, which is not used: everything is at temperature "
            f"{check.sampling_temperature:g} here, and two that differ in silence cost up to a nat per token",
        )
    if not check.ended:
        yield Trap(
            about="lengths",
            message=f"none of {check.sampled} responses of the untrained student ended: it does not know the end token it is to "
            "write (a base model, or another template), or budget.max_response_tokens is too short",
        )
    if check.clipped:
        yield Trap(
            about="clipped",
            message=f"the importance weight of {check.clipped:.1%} of the tokens is capped before any step: sampler and trainer "
            "disagree, and a run that is clamped at most steps learns from what is left",
        )


def _teacher(check: Check) -> Iterator[Trap]:
    if check.top_mass is not None and check.top_mass < _ENOUGH_MASS:
        yield Trap(
            about="mass",
            message=f"the tokens that the teacher tells hold {check.top_mass:.0%} of its probability on average: what top-k misses is "
            "one bin, whose inside the student never learns. Ask for more of them",
        )
    divergence, noise, served = check.divergence, check.repeatability, check.served
    floor = (noise and noise.mean) or 0.0
    if served is not None and served.apart.mean is not None and served.apart.mean > floor + SERVED_ELSEWHERE:
        yield Trap(
            about="parity",
            message=f"the server scores the same tokens {served.apart.mean:.2g} nats from {served.weights}, and itself {floor:.2g}: "
            "served and local teacher that disagreed gave a loss of 0.239 against 0.032 (ms-swift#9671). Compare revision, "
            "precision, quantisation and padding of what is served",
        )
    if divergence is None or divergence.mean is None:
        return
    if noise is not None and noise.mean is not None and noise.mean > NOISY * abs(divergence.mean):
        yield Trap(
            about="noise",
            message=f"the teacher scores the same tokens {noise.mean:.2g} nats apart, of a distance of {divergence.mean:.2g}: replicas "
            "that disagree by more than the signal teach noise",
        )
    if divergence.mean > FAR:
        yield Trap(
            about="distance",
            message=f"the teacher is {divergence.mean:.2g} nats per token away: from one that is farther than {FAR:g} little is "
            "learned on the student's own samples. Begin with a student that was fine-tuned on its answers",
        )


def _ends(side: Side) -> str:
    return " or ".join(token.text for token in side.end_tokens[:_SHOWN_ENDS])


def _begin(side: Side) -> str:
    return side.begins_with.text if side.begins_with else "no token of its own"
