"""What each side of a pair is and reads, without a forward pass."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain

from pydantic import JsonValue

from opdboard.domain.check import PromptRead, Read, Side, Token
from opdboard.domain.data import RowData
from opdboard.domain.run_config import RunConfig
from opdboard_worker.data.examples import Example
from opdboard_worker.data.prompts import PromptBuilder
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.models.pair import eos_token_ids, output_size
from opdboard_worker.training.policy import Policy
from opdboard_worker.training.teacher import Teacher

SHOWN = (600, 200)
"""Tokens shown from the beginning and from the end of a long prompt."""
_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
_STUDENT, _TEACHER = "student", "teacher"


def sides_of(
    config: RunConfig, student: Policy, teacher: Teacher | None, prompts: PromptBuilder, examples: Sequence[Example]
) -> list[Side]:
    """The student, then every teacher of these examples; examples: all."""
    sides = [_side(config, _STUDENT, student, prompts, examples[0])]
    if teacher is None:
        return sides
    for name, policy in teacher.models.items():
        its_own = next((one for one in examples if teacher.policy_of(one) is policy), examples[0])
        sides.append(_side(config, name, policy, prompts, its_own))
    if teacher.models:
        return sides
    far = _side(config, _TEACHER, None, prompts, examples[0])
    # A server does not tell its end tokens; those that are named are of the student's tokenizer, like all it is asked.
    own, named = LoadedModel(student.model, student.tokenizer, student.label), config.reading.teacher.end_tokens
    ends = eos_token_ids(own, named, "teacher") if named else []
    return [*sides, far.model_copy(update={"end_tokens": [Token(id=one, text=_text(prompts, one)) for one in ends]})]


def _side(config: RunConfig, who: str, policy: Policy | None, prompts: PromptBuilder, example: Example) -> Side:
    """policy: None where the model is somewhere else."""
    of_student = who == _STUDENT
    ids = prompts.student_ids(example) if of_student else prompts.teacher_ids(example)
    reading = config.reading.student if of_student else config.reading.teacher
    known = None if policy is None else LoadedModel(policy.model, policy.tokenizer, policy.label)
    return Side(
        who=who,
        label=config.teacher.label if policy is None else policy.label,
        template=_template(config, of_student=of_student),
        template_arguments=reading.template_arguments,
        begins_with=_begin(ids, prompts),
        end_tokens=[] if policy is None else [Token(id=one, text=_text(prompts, one)) for one in policy.ends],
        tokens=None if policy is None else policy.vocabulary.size,
        rows=None if known is None else output_size(known),
        temperature=config.budget.temperature,
        generation={} if known is None else _generation(known),
    )


def _template(config: RunConfig, *, of_student: bool) -> str:
    if not isinstance(config.data, RowData):
        return "the text as it is"
    names = {"own": "its own chat template", "teacher": "the teacher's chat template", "plain": "the text as it is"}
    if of_student:
        return names[config.reading.student.template]
    if config.teacher.reads is not None:
        return f"{names[config.reading.student.template]}, with the worked answer in the prompt"
    return (names | {"student": "what the student reads"})[config.reading.teacher.template]


def _generation(known: LoadedModel) -> dict[str, JsonValue]:
    """What generation_config.json says of sampling; defaults are not said."""
    declared = known.model.generation_config
    told = {} if declared is None else declared.to_diff_dict()
    return {name: told[name] for name in _SAMPLING if isinstance(told.get(name), int | float)}


def _begin(ids: Sequence[int], prompts: PromptBuilder) -> Token | None:
    special = set(prompts.tokenizer.all_special_ids)
    return Token(id=ids[0], text=_text(prompts, ids[0])) if ids and ids[0] in special else None


def _text(prompts: PromptBuilder, token: int) -> str:
    return prompts.text([token])


def what_happens(config: RunConfig, sides: Sequence[Side]) -> str:
    """At the end of a response, in a sentence."""
    student, *teachers = sides
    ends = " or ".join(token.text for token in student.end_tokens)
    others = sorted(
        {token.text for side in teachers for token in side.end_tokens} - {token.text for token in student.end_tokens}
    )
    told = f"A response ends at {ends}, or is cut at {config.budget.max_response_tokens} tokens."
    if not others:
        return told
    named = " and ".join(others)
    if config.reading.ends == "map":
        return (
            f"{told} The teacher's {named} counts as the same event: probabilities are summed before they are compared."
        )
    return f"{told} The teacher would end it with {named}, which is compared as a token like any other."


def prompt_read(example: Example, prompts: PromptBuilder, *, scored: bool) -> PromptRead:
    """One prompt, token by token. scored: whether there is a teacher."""
    ours = prompts.student_ids(example)
    if not scored:
        return PromptRead(
            student=_read(ours, [False] * len(ours), prompts), teacher=None, tokens=(len(ours), 0), differing=0
        )
    theirs = prompts.teacher_ids(example)
    apart = ([True] * len(ours), [True] * len(theirs))
    for block in (
        SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks() if ours != theirs else _whole(ours)
    ):
        for place in range(block[2]):
            apart[0][block[0] + place] = apart[1][block[1] + place] = False
    return PromptRead(
        student=_read(ours, apart[0], prompts),
        teacher=_read(theirs, apart[1], prompts),
        tokens=(len(ours), len(theirs)),
        differing=sum(chain(*apart)),
    )


def _whole(ids: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    yield 0, 0, len(ids)


def _read(ids: Sequence[int], apart: Sequence[bool], prompts: PromptBuilder) -> Read:
    texts = prompts.decode_tokens(ids)
    places = range(len(ids))
    shown = places if len(ids) <= sum(SHOWN) else [*places[: SHOWN[0]], *places[-SHOWN[1] :]]
    return Read(
        ids=[ids[place] for place in shown],
        texts=[texts[place] for place in shown],
        apart=[apart[place] for place in shown],
    )
