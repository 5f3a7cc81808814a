"""What a step's groups make to store."""

from opdboard_worker.measuring.meter import vectors


def test_a_model_without_attention_and_mlp_matrices_has_nothing_to_store():
    assert vectors(1, []) == []
