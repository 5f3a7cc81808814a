"""Sets of prompts with a name."""

import pytest
from pydantic import TypeAdapter, ValidationError

from opdboard.domain.evaluation import EvaluationSet, EvaluationSets

_SETS = TypeAdapter(EvaluationSets)


@pytest.mark.parametrize(
    ("samples", "ks"), [(1, (1,)), (2, (1, 2)), (3, (1, 2, 3)), (4, (1, 2, 4)), (6, (1, 2, 4, 6)), (8, (1, 2, 4, 8))]
)
def test_pass_at_k_is_told_for_powers_of_two_and_for_all_samples(samples: int, ks: tuple[int, ...]) -> None:
    assert EvaluationSet(name="sums", samples=samples).ks == ks


@pytest.mark.parametrize("name", ["", "Sums", "two words", "-a", "a/b", "a" * 41])
def test_a_name_can_stand_in_an_address_and_in_the_key_of_a_scalar(name: str) -> None:
    with pytest.raises(ValidationError):
        EvaluationSet(name=name)


def test_sets_have_names_of_their_own() -> None:
    assert (
        len(
            _SETS.validate_python(
                [{"name": "sums"}, {"name": "short-sums", "data": {"digits": 2, "kind": "arithmetic"}}]
            )
        )
        == 2
    )
    with pytest.raises(ValidationError, match="two sets are called 'sums'; give each a name of its own"):
        _SETS.validate_python([{"name": "sums"}, {"name": "sums", "samples": 1}])
