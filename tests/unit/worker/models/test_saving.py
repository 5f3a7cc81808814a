"""A model without the rows that are no tokens: what a sampling engine gets."""

import pytest
import torch
from support.pairs import padded
from transformers import AutoModelForCausalLM

from opdboard_worker.models.demo import build_tokenizer
from opdboard_worker.models.saving import of_tokens_alone, save_tokens_alone


@pytest.mark.parametrize("tie", [False, True])
@pytest.mark.parametrize("rows", [0, 1, 5])
def test_a_model_saved_without_padding_gives_the_logits_of_tokens(tiny, tmp_path, tie, rows):
    model = padded(tiny(tie_word_embeddings=tie), rows)
    save_tokens_alone(model, build_tokenizer(), tmp_path, model.state_dict(), 15)
    read = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert read.config.vocab_size == 15 and (read.lm_head.weight is read.model.embed_tokens.weight) == tie
    ids = torch.arange(15)[None]
    with torch.no_grad():
        assert torch.equal(read(ids).logits, model(ids).logits[..., :15])


@pytest.mark.parametrize("tie", [False, True])
def test_weights_sent_later_have_the_shapes_of_the_saved_ones(tiny, tmp_path, tie):
    model = padded(tiny(tie_word_embeddings=tie), 5)
    save_tokens_alone(model, build_tokenizer(), tmp_path, model.state_dict(), 15)
    own = dict(AutoModelForCausalLM.from_pretrained(tmp_path).named_parameters())
    sent = of_tokens_alone(model, dict(model.named_parameters()), 15)
    assert {name: one.shape for name, one in sent.items()} == {name: one.shape for name, one in own.items()}
    assert all(torch.equal(sent[name], own[name]) for name in own)
