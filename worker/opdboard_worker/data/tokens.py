"""Text as the token ids of one tokenizer, and back."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from opdboard_worker.data.unreadable import Unreadable

_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"


class Tokens:
    """What a tokenizer does to texts without a thought for what stands in them; `bos` is the id it puts in front, if any."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, whose: str) -> None:
        """whose: 'the student's', for sentences."""
        self.tokenizer = tokenizer
        self.whose = whose
        # What a fast tokenizer comes down to, which takes a fraction of the time on short texts.
        self._backend = tokenizer.backend_tokenizer if isinstance(tokenizer, PreTrainedTokenizerFast) else None
        if self._backend:
            self._backend.no_truncation()
            self._backend.no_padding()
        self.bos = _bos_in_front(tokenizer)

    def ids(self, text: str) -> list[int]:
        """Without special tokens but those that the text spells out. Raises Unreadable."""
        try:
            if self._backend:
                return self._backend.encode(text, add_special_tokens=False).ids
            return self.tokenizer(text, add_special_tokens=False)["input_ids"]
        except Exception as error:  # raised as such by tokenizers without an unknown token, like the demo's
            raise Unreadable(
                f"{self.whose} tokenizer cannot encode {text[:80]!r} ({error}); choose data it has the characters for",
                "data",
            ) from error

    def text(self, ids: Sequence[int]) -> str:
        """Exactly what the ids say, special tokens included."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def texts(self, responses: Sequence[Sequence[int]]) -> list[str]:
        """Responses as text, without special tokens."""
        if self._backend and not self.tokenizer.clean_up_tokenization_spaces:
            return self._backend.decode_batch(responses, skip_special_tokens=True)
        return self.tokenizer.batch_decode([list(ids) for ids in responses], skip_special_tokens=True)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """One piece of text per token, special tokens included; together they are the decoded sequence.

        A character that several tokens make up stands at the last of them, the others are empty.
        """
        coming = Pieces(self)
        pieces = [coming.add(token) for token in ids]
        if pieces:
            pieces[-1] += coming.rest()
        return pieces


class Pieces:
    """The same for tokens that come one by one."""

    def __init__(self, tokens: Tokens) -> None:
        """tokens: whose they are."""
        self._text = tokens.text
        self._ids: list[int] = []
        # Each token is decoded behind the last completed one, since a token's text may depend on what is before it (a leading
        # space): that one is the first of _ids, and _fresh of them are out already.
        self._fresh = 0

    def add(self, token: int) -> str:
        """What is complete by now; empty where a character is not."""
        self._ids.append(token)
        text = self._text(self._ids)
        if text.endswith(_INCOMPLETE):
            return ""
        before = self._text(self._ids[: self._fresh])
        self._ids = self._ids[self._fresh :]
        self._fresh = len(self._ids)
        return text[len(before) :]

    def rest(self) -> str:
        """What stands of a character that no token has completed."""
        before, text = self._text(self._ids[: self._fresh]), self._text(self._ids)
        return text[len(before) :]


def _bos_in_front(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The id of the begin-of-sequence token if this tokenizer puts one before a text, else None.

    Asked of the tokenizer itself, because many that define one do not use it; what it would put at the end is left out.
    """
    bos = tokenizer.bos_token_id
    return bos if isinstance(bos, int) and tokenizer("")["input_ids"][:1] == [bos] else None
