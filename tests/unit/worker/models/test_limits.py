"""A model is given no token without an embedding and no place that it does not know."""

import pytest
from transformers import BloomConfig, Gemma3Config, GPT2Config, LlamaConfig, MambaConfig

from opdboard.domain.errors import ModelProblem
from opdboard_worker.models.demo import build_tokenizer
from opdboard_worker.models.limits import check_embeddings, check_length, positions_of
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.models.loading import complete_tokens
from opdboard_worker.models.pair import eos_token_ids

YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 100, "rope_theta": 1e4}


@pytest.mark.parametrize(
    ("config", "positions"),
    [
        (LlamaConfig(max_position_embeddings=100), 100),
        (LlamaConfig(max_position_embeddings=100, rope_parameters=YARN), 400),
        (LlamaConfig(max_position_embeddings=400, rope_parameters=YARN), 400),
        (
            LlamaConfig(
                max_position_embeddings=100, rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}
            ),
            200,
        ),
        (GPT2Config(n_positions=64), 64),
        (Gemma3Config(text_config={"max_position_embeddings": 77}), 77),
        (MambaConfig(), None),
        (BloomConfig(), None),
    ],
)
def test_positions(config, positions):
    assert positions_of(config) == positions


def test_a_prompt_and_response_beyond_the_positions_are_refused_with_what_fits(tiny):
    loaded = LoadedModel(tiny(max_position_embeddings=20), build_tokenizer(), "short")
    check_length(loaded, 12, 8, "student")
    with pytest.raises(ModelProblem, match=r"20 positions .* 12 tokens and responses may have 9; .* to 8 or less"):
        check_length(loaded, 12, 9, "student")
    with pytest.raises(ModelProblem, match="to 20 together"):
        check_length(loaded, 20, 1, "teacher")


def test_a_token_without_an_embedding_is_refused_but_for_padding(tiny):
    tokenizer = build_tokenizer()
    check_embeddings(LoadedModel(tiny(), tokenizer, "small"), "student")
    with pytest.raises(ModelProblem, match="id 14, but the model has only 14 embeddings"):
        check_embeddings(LoadedModel(tiny(vocab_size=14, eos_token_id=13), tokenizer, "small"), "student")


def test_an_end_token_of_the_generation_config_alone_becomes_the_tokenizers(tiny):
    tokenizer = build_tokenizer()
    tokenizer.eos_token = tokenizer.pad_token = None
    model = tiny(eos_token_id=None)
    model.generation_config.eos_token_id = [14]
    complete_tokens(model, tokenizer)
    assert (tokenizer.eos_token_id, tokenizer.pad_token_id) == (14, 14)
    assert eos_token_ids(LoadedModel(model, tokenizer, "small")) == [14]


def test_padding_beyond_the_embeddings_is_replaced(tiny):
    tokenizer = build_tokenizer()
    tokenizer.add_special_tokens({"pad_token": "<padding>"})
    assert tokenizer.pad_token_id == 15
    complete_tokens(tiny(), tokenizer)
    assert tokenizer.pad_token_id == 14
