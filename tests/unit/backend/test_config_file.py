"""A configuration says each thing once."""

import pytest

from opdboard.config_file import read_config
from opdboard.domain.errors import BadInput


def _read(folder, text, name="run.yaml"):
    file = folder / name
    file.write_text(text)
    return read_config(file)


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ("seed: 1\nname: a\nseed: 2\n", "'seed' is given twice, in lines 1 and 3", 3),
        ("budget:\n  steps: 4\n  batch_size: 2\n  steps: 8\n", "'steps' is given twice, in lines 2 and 4", 4),
        ("teachers:\n- name: a\n  name: b\n", "'name' is given twice, in lines 2 and 3", 3),
        ('{"seed": 1,\n "seed": 2}', "'seed' is given twice, in lines 1 and 2", 2),
        ("optimizer: {learning_rate: 1e-5, learning_rate: 1e-4}", "'learning_rate' is given twice", 1),
        ('seed: 1\n"seed": 2\n', "'seed' is given twice", 2),
    ],
)
def test_a_key_that_is_given_twice_is_named_with_its_lines(tmp_path, text, says, line):
    with pytest.raises(BadInput) as caught:
        _read(tmp_path, text)
    assert says in caught.value.detail
    assert caught.value.where == f"{tmp_path / 'run.yaml'}:{line}"


def test_what_is_taken_over_may_be_given_anew(tmp_path):
    text = "a: &a {steps: 4, batch_size: 2}\nbudget:\n  <<: *a\n  steps: 8\nother: {steps: 1}\n"
    assert _read(tmp_path, text)["budget"] == {"steps": 8, "batch_size": 2}


def test_brackets_without_end_are_no_configuration(tmp_path):
    with pytest.raises(BadInput, match="neither YAML nor JSON"):
        _read(tmp_path, "[" * 20_000)
