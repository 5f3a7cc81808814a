"""States, modules, measures, sources and errors."""

import itertools

import pytest

from opdboard.domain import errors
from opdboard.domain.measures import ALIGNMENTS, MODULE_STATISTICS, cards, scalar
from opdboard.domain.model_sources import HubModel, RunModel
from opdboard.domain.modules import KINDS, Module, depth_third, module_of
from opdboard.domain.presets import PRESETS
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import ACTIVE, ENDED, TRANSITIONS, RunState, check_transition
from opdboard.domain.scalar_measures import GROUPS, SCALARS, set_key
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.teachers import ModelTeacher, PrivilegedTeacher


def test_the_table_of_moves_is_the_only_way():
    assert TRANSITIONS.keys() == set(RunState)
    for current, target in itertools.product(RunState, RunState):
        if target in TRANSITIONS[current]:
            check_transition(current, target)
        else:
            with pytest.raises(errors.IllegalTransition, match=f"{current} cannot become {target}"):
                check_transition(current, target)


def test_states_are_waiting_active_or_ended():
    assert ACTIVE | ENDED | {RunState.QUEUED} == set(RunState)
    assert not ACTIVE & ENDED
    for state in ACTIVE:  # whatever a worker holds can be lost, stop, or fail
        assert {RunState.QUEUED, RunState.STOPPED, RunState.FAILED} <= TRANSITIONS[state]
    assert TRANSITIONS[RunState.FINISHED] == frozenset()


@pytest.mark.parametrize(
    ("name", "layer", "kind"),
    [
        ("model.layers.3.self_attn.q_proj.weight", 3, "q"),
        ("model.layers.12.mlp.down_proj.weight", 12, "down"),
        ("model.layers.0.mlp.gate_up_proj.weight", 0, "gate_up"),
        ("transformer.h.5.attn.c_attn.weight", 5, "qkv"),
        ("transformer.h.5.attn.c_proj.weight", 5, "o"),
        ("transformer.h.5.mlp.c_proj.weight", 5, "down"),
        ("gpt_neox.layers.2.attention.dense.weight", 2, "o"),
        ("gpt_neox.layers.2.mlp.dense_h_to_4h.weight", 2, "up"),
    ],
)
def test_matrices_of_layers_are_modules(name: str, layer: int, kind: str):
    module = module_of(name, (4, 8))
    assert module == Module(name, layer, kind, (4, 8))
    assert kind in KINDS
    assert module is not None
    assert module.label == f"L{layer} {kind}"


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("model.embed_tokens.weight", (10, 4)),
        ("lm_head.weight", (10, 4)),
        ("model.layers.3.input_layernorm.weight", (4,)),
        ("model.layers.3.self_attn.q_proj.bias", (4,)),
        ("model.layers.3.self_attn.q_norm.weight", (4,)),
        ("model.layers.3.self_attn.q_proj.weight", (4,)),
    ],
)
def test_nothing_else_is_a_module(name: str, shape: tuple[int, ...]):
    assert module_of(name, shape) is None


def test_depth_falls_into_thirds():
    assert [depth_third(layer, 6) for layer in range(6)] == ["early"] * 2 + ["middle"] * 2 + ["late"] * 2
    assert depth_third(0, 1) == "early"
    assert depth_third(0, 0) == "early"


def test_measures_are_filed_under_their_names():
    for table in (SCALARS, MODULE_STATISTICS, ALIGNMENTS):
        assert all(name == measure.name and measure.title for name, measure in table.items())


def test_no_two_scalars_have_one_name_and_columns_have_room_for_it():
    for names in ([one.title for one in SCALARS.values()], [one.brief for one in SCALARS.values()]):
        assert len(set(names)) == len(names)
    assert max(len(one.brief) for one in (SCALARS | MODULE_STATISTICS).values()) <= 32


def test_every_scalar_is_in_one_picture_with_those_of_its_unit():
    pictures = cards(SCALARS)
    assert list(pictures) == [group for group in GROUPS if group not in ("sets", "forgetting", "reported")]
    together = [keys for group in pictures.values() for keys in group.values()]
    assert sorted(key for keys in together for key in keys) == sorted(SCALARS)
    assert all(len({SCALARS[key].unit for key in keys}) == 1 for keys in together)


def test_a_scalar_that_another_trainer_names_is_filed_by_the_first_part_of_its_name():
    reported = ["train/z", "train/a", "rewards/format", "loss", "perplexity", "/odd", "eval/loss", "update_norm"]
    assert cards(reported) == {
        "evaluation": {"eval/loss": ["eval/loss"]},
        "training": {"Loss": ["loss"], "train/a": ["train/a"], "train/z": ["train/z"]},
        "analysis": {scalar("update_norm").title: ["update_norm"]},
        "reported": {"/odd": ["/odd"], "perplexity": ["perplexity"]},
        "rewards": {"rewards/format": ["rewards/format"]},
    }


def test_presets_are_valid_and_named_once():
    assert len({preset.name for preset in PRESETS}) == len(PRESETS)
    for preset in PRESETS:
        assert RunConfig.model_validate_json(preset.config.model_dump_json()) == preset.config


def test_sources_are_described_and_found():
    assert RunModel(run_id="abc", step=4).label == "run abc @ 4"
    assert RunModel(run_id="abc", step=4, factor=2.5).label == "run abc @ 4 × 2.5"
    assert HubModel(repo_id="org/model").label == "org/model"
    config = RunConfig(
        student=RunModel(run_id="a"), teacher=ModelTeacher(source=RunModel(run_id="b", step=1)), strategy=EffOPD()
    )
    assert {relation: source.run_id for relation, source in config.runs_loaded} == {
        "student": "a",
        "teacher": "b",
    }
    assert config.teacher.label == "run b @ 1"
    assert RunConfig().runs_loaded == []


def test_a_teacher_that_is_the_student_itself_is_no_other_run():
    config = RunConfig.model_construct(student=RunModel(run_id="a"), teacher=PrivilegedTeacher())
    assert [relation for relation, _ in config.runs_loaded] == ["student"]
    assert config.teacher.label == "itself, knowing the answer"


def test_every_error_says_what_and_where():
    def below(kind: type[errors.OpdboardError]) -> set[type[errors.OpdboardError]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    statuses = {errors.BadInput: 422, errors.NotFound: 404, errors.IllegalTransition: 409}
    for kind in below(errors.OpdboardError):
        if kind.__module__ != errors.__name__ or kind is errors.QueryProblem:  # it says where by characters
            continue
        error = kind("what", where="here")
        assert error.as_dict() == {"error": kind.__name__, "detail": "what", "where": "here"}
        assert error.status == statuses.get(kind, error.status)


def test_scalars_of_evaluation_sets_tell_their_set_and_stand_in_pictures_of_it():
    average = scalar(set_key("gsm8k", "avg@16", forgetting=False))
    assert (average.title, average.unit, average.better) == (
        "Share of right answers on gsm8k, avg@16",
        "share",
        "higher",
    )
    kept = set_key("trivia", "avg@1", forgetting=True)
    assert scalar(kept).group == "forgetting" and kept == "eval/forgetting/trivia/avg@1"
    keys = [f"eval/gsm8k/{one}" for one in ("pass@16", "pass@2", "avg@16", "maj@16", "truncated", "length")]
    assert cards([*keys, kept, "eval/accuracy"]) == {
        "evaluation": {"Accuracy, student and teacher": ["eval/accuracy"]},
        "sets": {
            "Right answers, gsm8k": ["eval/gsm8k/avg@16", "eval/gsm8k/maj@16", "eval/gsm8k/pass@2", "eval/gsm8k/pass@16"],
            "Length of an answer, mean, gsm8k": ["eval/gsm8k/length"],
            "Answers cut at the limit, gsm8k": ["eval/gsm8k/truncated"],
        },
        "forgetting": {"Right answers, trivia": [kept]},
    }  # fmt: skip
    assert scalar("eval/gsm8k/else").title == "eval/gsm8k/else"
