"""A key-value cache for sampling that writes in place and lets go of rows that have ended.

transformers' own dynamic cache copies all it holds at every token, which on CPU costs about as much as reading the weights.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer
from typing_extensions import override


class RoomyLayer(DynamicLayer):
    """A full-attention layer of which `keys` and `values` are views of memory set aside for `room` further tokens."""

    def __init__(self, room: int) -> None:
        """room: tokens after the first ones that are cached, which are the prompts."""
        super().__init__()
        self._room = room
        self._memory: tuple[Tensor, Tensor] | None = None

    @override
    def update(self, key_states: Tensor, value_states: Tensor, *_args: Any, **_kwargs: Any) -> tuple[Tensor, Tensor]:
        """Add keys and values (B, heads, T, D); all of them so far, as views."""
        used = self.get_seq_length()
        if self._memory is None:
            self.lazy_initialization(key_states, value_states)
            self._memory = self._set_aside(key_states), self._set_aside(value_states)
        end = used + key_states.shape[-2]
        for memory, states in zip(self._memory, (key_states, value_states), strict=True):
            memory[..., used:end, :] = states
        return self._show(end)

    def keep(self, row_b: Tensor) -> None:
        """Forget all rows but these."""
        assert self._memory is not None, "rows end after their first token"
        used = self.get_seq_length()
        keys, values = (self._only(memory, row_b, used) for memory in self._memory)
        self._memory = keys, values
        self._show(used)

    def _show(self, end: int) -> tuple[Tensor, Tensor]:
        assert self._memory is not None
        keys, values = (memory[..., :end, :] for memory in self._memory)
        self.keys, self.values = keys, values
        return keys, values

    def _set_aside(self, states: Tensor) -> Tensor:
        rows, heads, tokens, size = states.shape
        return states.new_empty(rows, heads, tokens + self._room, size)

    @staticmethod
    def _only(memory: Tensor, row_b: Tensor, used: int) -> Tensor:
        fewer = memory.new_empty(len(row_b), *memory.shape[1:])
        fewer[..., :used, :] = memory[row_b, :, :used]
        return fewer


def sampling_cache(config: Any, room: int) -> tuple[DynamicCache, Callable[[Tensor], None] | None]:
    """A cache for responses of at most `room` tokens, and what keeps only some of its rows.

    The latter is None where the model has other than full-attention layers (sliding windows, states): those stay
    transformers' own.
    """
    cache = DynamicCache(config=config)
    if not cache.layers or any(type(layer) is not DynamicLayer for layer in cache.layers):
        return cache, None
    layers = [RoomyLayer(room) for _ in cache.layers]
    cache.layers[:] = layers

    def keep(row_b: Tensor) -> None:
        for layer in layers:
            layer.keep(row_b)

    return cache, keep
