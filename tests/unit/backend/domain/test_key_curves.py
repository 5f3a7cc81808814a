from opdboard.domain.key_curves import MOST, key_curves
from opdboard.domain.scalar_measures import SCALARS


def drawn(*keys: str, watched: bool = True) -> list[list[str]]:
    return list(key_curves(keys, watched=watched).values())


def test_a_run_of_ours_shows_nearness_score_loss_and_norm():
    assert list(key_curves(SCALARS, watched=True).values()) == [
        ["eval/reverse_kl"],
        ["eval/accuracy", "eval/teacher_accuracy"],
        ["loss"],
        ["update_norm"],
    ]


def test_each_question_takes_the_first_measure_that_there_is():
    assert drawn("reverse_kl_k3", "reverse_kl", "reward_mean", "accuracy", "train/loss") == [
        ["reverse_kl"],
        ["reward_mean"],
        ["train/loss"],
        ["update_norm"],
    ]


def test_other_measures_of_training_fill_what_is_lacking_and_those_of_the_machine_do_not():
    assert drawn("tokens", "share_done", "entropy_student", "perplexity", watched=False) == [
        ["entropy_student"],
        ["perplexity"],
    ]
    assert len(drawn("loss", *(f"mine/{n}" for n in range(9)))) == MOST


def test_a_run_that_has_nothing_shows_nothing():
    assert drawn(watched=False) == []
