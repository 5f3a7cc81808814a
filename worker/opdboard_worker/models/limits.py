"""How many tokens a model can read, and whether its embeddings hold every token that it will be given."""

from typing import Any

from opdboard.domain.errors import ModelProblem
from opdboard_worker.models.loaded import LoadedModel

_STRETCHING = ("linear", "dynamic", "yarn", "longrope", "su")
"""Kinds of rope scaling that stretch the positions by a factor."""


def check_length(loaded: LoadedModel, longest_prompt: int, longest_response: int, who: str) -> None:
    """Raise ModelProblem unless the model has a position for every token of the longest prompt and response.

    Beyond them learned positions do not exist, and rotary ones were never trained: the numbers would be wrong without a word.
    who: 'student' or 'teacher'.
    """
    there_are = positions_of(loaded.model.config)
    if there_are is not None and longest_prompt + longest_response > there_are:
        raise ModelProblem(
            f"the {who} ({loaded.label}) has {there_are} positions (max_position_embeddings), but the longest prompt has "
            f"{longest_prompt} tokens and responses may have {longest_response}; lower budget.max_response_tokens"
            + (
                f" to {there_are - longest_prompt} or less"
                if longest_prompt < there_are
                else f" and budget.max_prompt_tokens, to {there_are} together"
            ),
            where="budget.max_response_tokens",
        )


def positions_of(config: Any) -> int | None:
    """Tokens that a model can tell the places of, rope scaling included; None where nothing limits them."""
    text = config.get_text_config()
    declared = getattr(text, "max_position_embeddings", None)
    if not isinstance(declared, int) or declared <= 0 or getattr(text, "alibi", False):
        return None
    scaling = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None)
    stretched = [declared]
    # Models with several kinds of layers have settings for each.
    for one in (scaling, *scaling.values()) if isinstance(scaling, dict) else ():
        if isinstance(one, dict) and (one.get("rope_type") or one.get("type")) in _STRETCHING:
            trained = one.get("original_max_position_embeddings") or declared
            stretched.append(int(trained * (one.get("factor") or 1)))
    return max(stretched)


def check_embeddings(loaded: LoadedModel, who: str) -> None:
    """Raise ModelProblem unless every token that a prompt can hold has a row in the embeddings. who: as in check_length."""
    embeddings = loaded.model.get_input_embeddings()
    rows = getattr(getattr(embeddings, "weight", None), "shape", [None])[0]
    tokenizer = loaded.tokenizer
    largest = max((number for text, number in tokenizer.get_vocab().items() if text != tokenizer.pad_token), default=-1)
    if rows is not None and largest >= rows:
        raise ModelProblem(
            f"the {who}'s tokenizer ({loaded.label}) has a token with the id {largest}, but the model has only {rows} "
            "embeddings; they do not belong together",
            where=who,
        )
