"""The sampling cache holds what transformers' own does."""

import torch
from transformers import LlamaConfig, MistralConfig
from transformers.cache_utils import DynamicLayer

from opdboard_worker.training.kv_cache import RoomyLayer, sampling_cache


def test_keys_and_values_are_those_of_the_dynamic_layer_also_after_rows_have_left():
    roomy, plain = RoomyLayer(room=3), DynamicLayer()
    staying = torch.tensor([0, 2])
    for tokens, rows in ((5, 3), (1, 3), (1, 2), (1, 2)):
        states = torch.randn(2, rows, 2, tokens, 4)
        if rows == 2 and roomy.keys is not None and roomy.keys.shape[0] == 3:
            assert plain.keys is not None and plain.values is not None
            roomy.keep(staying)
            plain.keys, plain.values = plain.keys[staying], plain.values[staying]
        for got, expected in zip(roomy.update(*states), plain.update(*states), strict=True):
            assert torch.equal(got, expected)
        assert roomy.get_seq_length() == plain.get_seq_length()
        assert roomy.get_mask_sizes(1) == plain.get_mask_sizes(1)


def test_layers_with_a_window_stay_as_they_are():
    assert sampling_cache(LlamaConfig(num_hidden_layers=2), 3)[1] is not None
    windowed, keep = sampling_cache(MistralConfig(num_hidden_layers=2, sliding_window=8), 3)
    assert keep is None
    assert not any(isinstance(layer, RoomyLayer) for layer in windowed.layers)
