"""The speedrun's recipes hold together: small enough, wide enough, and every stage begins where another ends."""

import pytest

from fathom.model.counts import count
from fathom.recipes import speedrun
from fathom.recipes.countdown.vocabulary import SIZE
from fathom.train.run.recipe import find, recipe


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("zero", "zero"),
        ("continued_pretraining", "continued"),
        ("continued", "continued"),  # the name of earlier versions
        ("rejection", "rejection"),
        ("rejection_round", "iterated"),
        ("iterated", "iterated"),
        ("measure", "measure"),
    ],
)
def test_every_stage_is_a_valid_run(function, name):
    config = recipe(f"speedrun:{function}")
    assert type(config).model_validate_json(config.model_dump_json()) == config
    assert config.name == f"speedrun-{name}"


def test_the_model_is_v3_with_about_a_million_active_parameters():
    config = speedrun.model()
    assert config.family == "deepseek_v3"
    assert config.moe is not None
    assert config.num_mtp_layers == 1
    assert config.vocab_size == SIZE
    assert 0.8e6 < count(config).active_parameters < 1.2e6
    sizes = [
        config.hidden_size,
        config.intermediate_size,
        config.moe.intermediate_size,
        *vars(config.attention).values(),
    ]
    assert all(size % 32 == 0 for size in sizes if isinstance(size, int) and size > 8)


def test_what_the_recipes_name_as_data_is_there():
    samples = list(find("speedrun:corpus")(documents=3))
    assert len(samples) == 3
    assert callable(find(recipe("speedrun:rejection").data.function))


def test_the_controls_have_what_reinforcement_learning_has():
    assert speedrun.rejection().data.options["max_tokens"] == speedrun.TRAIN_MAX_TOKENS
    assert speedrun.zero().sampling.max_tokens == speedrun.TRAIN_MAX_TOKENS
    assert speedrun.rejection().data.options["task"] == speedrun.zero().task.name
    assert speedrun.measure().max_tokens == speedrun.EVAL_MAX_TOKENS < speedrun.model().max_position
