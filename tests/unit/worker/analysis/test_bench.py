"""What a set of weights scores where nobody knows an answer, or few do."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from opdboard.domain.interventions import Evaluation
from opdboard_worker.analysis.bench import Bench
from opdboard_worker.analysis.evaluation import scored_steps
from opdboard_worker.analysis.variants import BASE, FINAL, Variant
from opdboard_worker.models.demo import load_demo


def bench(judged: list[list[bool]], distances: list[list[float]]) -> Bench:
    """One whose student answers as given, a list per sample; distances: nats per token of each prompt."""
    told = [
        SimpleNamespace(judged=right, reverse_kl_by_example=lambda kl=kl: torch.tensor(kl))
        for right, kl in zip(judged, distances, strict=True)
    ]
    scorer: Any = SimpleNamespace(
        student=SimpleNamespace(model=load_demo("base").model),
        measures_reverse_kl=True,
        answer=lambda _examples, _key, sample: told[sample],
    )
    return Bench(scorer, [], Evaluation(samples=len(judged)))


@pytest.mark.parametrize(("judged", "accuracy"), [([[], []], None), ([[True], [False]], [0.5])])
def test_accuracy_is_of_the_prompts_with_an_answer_and_absent_without_one(judged, accuracy):
    made = bench(judged, [[0.1, 0.3], [0.3, 0.5]])
    scored = made.score({})
    assert scored.per_prompt["reverse_kl"].tolist() == pytest.approx([0.2, 0.4])
    assert accuracy == (scored.per_prompt["accuracy"].tolist() if "accuracy" in scored.per_prompt else None)
    variants = [Variant(BASE, None, "base", dict), Variant(FINAL, None, "trained", dict)]
    records = [batch.variants[0] for batch in scored_steps(variants, made, [])(-1)]
    measures = ["reverse_kl"] if accuracy is None else ["accuracy", "reverse_kl"]
    assert [[one.measure for one in record.scores] for record in records] == [measures] * 2
