"""Several ranks make the run of one: the same weights, decisions and series, whatever the method and the division."""

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial

import pytest
import torch
from invariant.conftest import Scripted, decisions_of, equal, tiny_config
from support.thread_ranks import Meeting, ThreadRanks

from opdboard.domain.cadence import Cadence
from opdboard.domain.commands import Command, Extrapolate
from opdboard.domain.errors import TrainingProblem
from opdboard.domain.evaluation import EvaluationSet
from opdboard.domain.objectives import Dapo, FullVocabulary, Grpo, SampledToken, Sft
from opdboard.domain.optimizer import Lora
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.linesearch import LineSearch
from opdboard.domain.teachers import NoTeacher
from opdboard.settings import Settings
from opdboard_worker.data.examples import load_examples
from opdboard_worker.sinks import MemorySink, NoSink
from opdboard_worker.training.assembly import assemble
from opdboard_worker.training.control import Orders, SharedControl
from opdboard_worker.training.loop import Training
from opdboard_worker.training.ranks import Alone, require_same_weights, share, shared_out

TIMED = ("seconds", "_second", "memory_bytes")


@pytest.fixture
def train_shared(tmp_path, monkeypatch):
    """train_shared(config, size, *orders) -> the trainings of all ranks, and what the first one reported."""
    torch.set_num_threads(1)
    # Each rank reads the data; a hundred sums are read in no time.
    monkeypatch.setattr("opdboard_worker.training.assembly.load_examples", partial(load_examples, generate=100))

    def run(config, size, *orders):
        meeting = Meeting(size)
        trainings = []
        sink = MemorySink()
        for rank in range(size):
            folder = tmp_path / "shared"
            ranks = ThreadRanks(rank, meeting) if size > 1 else Alone()
            # A line to the user that only the first rank may use.
            control = SharedControl(Scripted(*orders) if rank == 0 else None, ranks)  # pyright: ignore[reportArgumentType]
            parts = assemble(config, Settings(data_dir=tmp_path), lambda _: tmp_path, folder / "snapshots", ranks)
            own = sink if rank == 0 else NoSink()
            trainings.append(Training(parts, own, control, folder / "checkpoints", tmp_path))

        def train(training):
            try:
                return training.run()
            except threading.BrokenBarrierError:
                return None  # another has failed, and says why
            except BaseException:
                meeting.barrier.abort()
                raise

        with ThreadPoolExecutor(size) as pool:
            ends = list(pool.map(train, trainings))
        assert len(set(ends)) == 1
        return trainings, sink

    return run


def assert_same_weights(trainings):
    first, *others = (training.parts.trained.parameters for training in trainings)
    assert all(equal(first, other) for other in others)


def scalars(sink):
    return {
        (batch.step, key): value
        for batch in sink.batches
        for key, value in batch.scalars.items()
        if not any(word in key for word in TIMED)
    }


def assert_same_run(ours, theirs):
    (trainings, sink), (expected_trainings, expected_sink) = ours, theirs
    got, expected = scalars(sink), scalars(expected_sink)
    assert got.keys() == expected.keys()
    for key, value in expected.items():
        assert got[key] == pytest.approx(value, rel=1e-3, abs=1e-5, nan_ok=True), key
    for batch, twin in zip(sink.batches, expected_sink.batches, strict=True):
        assert [(v.statistic, v.step, v.reference_step) for v in batch.vectors] == [
            (v.statistic, v.step, v.reference_step) for v in twin.vectors
        ]
        assert [(d.step, d.accepted_factor, len(d.candidates), d.tokens) for d in batch.decisions] == [
            (d.step, d.accepted_factor, len(d.candidates), d.tokens) for d in twin.decisions
        ]
        for one, other in zip(batch.decisions, twin.decisions, strict=True):
            for candidate, reference in zip(one.candidates, other.candidates, strict=True):
                assert candidate.score == pytest.approx(reference.score, rel=1e-4, nan_ok=True)
        assert [asdict(one)["details"] for one in batch.set_scores] == [
            asdict(one)["details"] for one in twin.set_scores
        ]
        for sample, reference in zip(batch.samples, twin.samples, strict=True):
            left, right = asdict(sample), asdict(reference)
            for key in ("token_kl", "token_advantage"):
                assert left.pop(key) == pytest.approx(right.pop(key), rel=1e-2, abs=1e-4, nan_ok=True)
            assert left == right
    assert_same_weights(trainings)
    apart, moved = 0.0, 0.0
    for name, matrix in expected_trainings[0].parts.trained.matrices.items():
        update = matrix.now() - matrix.origin
        apart += float((trainings[0].parts.trained.matrices[name].now() - matrix.now()).square().sum())
        moved += float(update.square().sum())
    assert math.sqrt(apart) < 0.01 * math.sqrt(moved)


EFFOPD = EffOPD(score="both", validation_size=7, candidates=2)
CASES = {
    "full vocabulary, EffOPD": {"objective": FullVocabulary(), "strategy": EFFOPD},
    "sampled token, line search": {"objective": SampledToken(), "strategy": LineSearch(validation_size=7)},
    "GRPO": {"objective": Grpo(group_size=2)},
    "DAPO": {
        "objective": Dapo(group_size=2, updates_per_batch=2, sampling_rounds=3),
        "teacher": NoTeacher(),
    },
    "SFT": {"objective": Sft(), "teacher": NoTeacher()},
    "LoRA, evaluation sets": {
        "adapter": Lora(rank=2),
        "evaluation": Cadence(sets=(EvaluationSet(name="sums", prompts=5, samples=2, max_response_tokens=6),)),
    },
}


@pytest.mark.parametrize("case", CASES)
def test_three_ranks_make_the_run_of_one(train_shared, case):
    """Eight places do not divide by three, nor do DAPO's groups stay where they would be balanced."""
    config = tiny_config(steps=2, **CASES[case])
    assert_same_run(train_shared(config, 3), train_shared(config, 1))


def test_a_rank_may_have_nothing_to_do(train_shared):
    """Groups of 8 leave two of four ranks without a prompt, a held-out set of 2 without an example."""
    monitoring = tiny_config().monitoring.model_copy(update={"held_out_size": 2})
    config = tiny_config(
        steps=2, objective=Dapo(group_size=4, updates_per_batch=2), teacher=NoTeacher(), monitoring=monitoring
    )
    assert_same_run(train_shared(config, 4), train_shared(config, 1))


def test_what_the_first_rank_hears_all_obey(train_shared):
    jump = Extrapolate(command=Command.EXTRAPOLATE, factor=1.0, override=True)
    orders = (Orders(pause=[1]), Orders(extrapolate=[(2, jump)]), Orders(stop=[3]))
    trainings, sink = train_shared(tiny_config(steps=9), 2, *orders)
    assert [training.progress.step for training in trainings] == [3, 3]
    assert [d.accepted_factor for d in decisions_of(sink)] == [1.0]
    assert [record.reason for batch in sink.batches for record in batch.checkpoints] == ["stop"]
    assert_same_weights(trainings)


def test_copies_that_drift_apart_are_noticed(train_shared, monkeypatch):
    """Here because one rank never hears of the other's gradients."""
    monkeypatch.setattr("opdboard_worker.training.loop.add_gradients", lambda *_: None)
    with pytest.raises(TrainingProblem, match="drifted apart by step 2"):
        train_shared(tiny_config(steps=2), 2)


def test_every_place_is_shared_out_once():
    for size in (1, 2, 5):
        everyone = [ThreadRanks(rank, Meeting(size)) for rank in range(size)]
        for count in (0, 1, 4, 11):
            places = [place for ranks in everyone for place in share(ranks, count)]
            assert sorted(places) == list(range(count))
            assert shared_out(everyone[-1], count) == places


def test_a_single_process_needs_no_agreement():
    require_same_weights(Alone(), [torch.nn.Parameter(torch.full((2,), math.nan))], 1)
