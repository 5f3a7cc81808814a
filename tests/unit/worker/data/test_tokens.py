"""Text as tokens, and tokens back as pieces of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tokenizers import byte_tokenizer

from opdboard_worker.data.tokens import Tokens

TOKENS = Tokens(byte_tokenizer(), "the student's")


def _pieces(text):
    ids = TOKENS.ids(text)
    return TOKENS.pieces(ids), ids


def test_a_character_of_several_tokens_stands_at_its_last():
    assert _pieces("a½🙂</s>")[0] == ["a", "", "½", "", "", "", "🙂", "</s>"]


@given(st.text(max_size=30))
def test_pieces_make_up_the_text(text):
    pieces, ids = _pieces(text)
    assert len(pieces) == len(ids)
    assert "".join(pieces) == TOKENS.tokenizer.decode(ids)


@given(st.lists(st.integers(0, 257), max_size=30))
def test_pieces_of_arbitrary_tokens_make_up_what_they_decode_to(ids):
    pieces = TOKENS.pieces(ids)
    assert len(pieces) == len(ids)
    assert "".join(pieces) == TOKENS.tokenizer.decode(ids)


def test_long_responses_are_decoded_in_linear_time():
    ids = TOKENS.ids("½ of it is 7. " * 1200)
    assert "".join(TOKENS.pieces(ids)) == "½ of it is 7. " * 1200


@pytest.mark.parametrize("clean_up", [False, True])
@given(rows=st.lists(st.lists(st.integers(0, 257), max_size=8), max_size=4))
def test_responses_are_decoded_as_the_tokenizer_itself_does(clean_up, rows):
    tokenizer = byte_tokenizer()
    tokenizer.clean_up_tokenization_spaces = clean_up
    texts = Tokens(tokenizer, "the student's").texts(rows)
    assert texts == tokenizer.batch_decode(rows, skip_special_tokens=True)
