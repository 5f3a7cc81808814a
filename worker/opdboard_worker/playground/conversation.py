"""From questions to what each voice reads: a talk is an example with earlier turns, so that it is read as the run reads its data."""

from collections.abc import Sequence
from dataclasses import replace

from opdboard.domain.errors import NotFound
from opdboard.domain.playground import Question
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import SeveralTeachers
from opdboard_worker.data.examples import Example, Turn
from opdboard_worker.data.prompts import PromptBuilder

_SYSTEM, _ASSISTANT = "system", "assistant"
_HERE = "the prompt"
"""What problems with a typed one are told of."""


def begun(question: Question, held_out: Sequence[Example], config: RunConfig) -> Example:
    """The example of a question that goes on from none; NotFound where there is no such held-out prompt.

    A typed prompt is scored by the first of several teachers that rows name.
    """
    if question.held_out is None:
        teacher = config.teacher
        route = teacher.teachers[0].name if isinstance(teacher, SeveralTeachers) and teacher.route_by else None
        example = Example(id=0, prompt=question.prompt, answer=None, solution=None, route=route, where=_HERE)
    else:
        found = next((one for one in held_out if one.id == question.held_out), None)
        if found is None:
            raise NotFound(f"the run holds out no prompt {question.held_out}", where="held_out")
        example = found
    if question.system_prompt is None:
        return example
    others = example.before[1:] if _has_system(example) else example.before
    return replace(example, before=(Turn(_SYSTEM, question.system_prompt), *others))


def going_on(prompts: PromptBuilder, before: Example, answer: str, question: Question) -> Example:
    """The example of a question that goes on from a voice's answer to the one before: what was read then, the answer, the prompt."""
    turns = list(prompts.turns(before))
    if turns[0].role == _SYSTEM:  # which is written anew, from the same parts
        turns.pop(0)
    if turns[-1].role == _ASSISTANT:
        turns[-1] = Turn(_ASSISTANT, turns[-1].content + answer)
    else:
        turns.append(Turn(_ASSISTANT, answer))
    system = before.before[:1] if _has_system(before) else ()
    return replace(
        before, prompt=question.prompt, answer=None, solution=None, before=(*system, *turns), prefix="", where=_HERE
    )


def _has_system(example: Example) -> bool:
    return bool(example.before) and example.before[0].role == _SYSTEM
