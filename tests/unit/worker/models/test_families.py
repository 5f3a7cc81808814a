"""Every family of the installed transformers: scored, trained, saved, resumed and imported with equal matrices by name."""

import warnings

import pytest
import transformers
from support.families import FAMILIES, NOT_TINY, tiny_family
from support.whole_path import STAGES, stages

from opdboard.domain.errors import ModelProblem

REFUSED = {
    *("bert", "big_bird", "camembert", "data2vec-text", "electra", "ernie", "megatron-bert", "prophetnet", "rembert"),
    *("roberta", "roberta-prelayernorm", "roc_bert", "roformer", "xlm-roberta", "xlm-roberta-xl"),
    *("inkling_text", "modernbert-decoder"),
}
"""Families with more than an output layer between the last hidden states and the logits: refused before the first step."""


@pytest.mark.slow
@pytest.mark.parametrize("family", [family for family in FAMILIES if family not in REFUSED | NOT_TINY.keys()])
def test_live_matrices_are_those_of_an_import_and_a_resume(family, tmp_path):
    transformers.logging.disable_progress_bar()
    done = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for stage, _ in stages(tiny_family(family), tmp_path):
            done.append(stage)
    assert tuple(done) == STAGES


@pytest.mark.slow
@pytest.mark.parametrize("family", sorted(REFUSED))
def test_what_cannot_be_scored_in_parts_is_refused(family, tmp_path):
    with pytest.raises(ModelProblem, match="this architecture is not supported"):
        next(stages(tiny_family(family), tmp_path))
