"""The speedrun's recipes hold together: small enough, wide enough, and every stage begins where another ends."""

import pytest

from fathom.model.counts import count
from fathom.recipes.countdown.vocabulary import SIZE
from fathom.train.run.recipe import find, recipe


@pytest.mark.parametrize("stage", ["zero", "continued", "rejection", "iterated", "measure"])
def test_every_stage_is_a_valid_run(stage):
    config = recipe(f"speedrun:{stage}")
    assert type(config).model_validate_json(config.model_dump_json()) == config
    assert config.name == f"speedrun-{stage}"


def test_the_model_is_v3_with_about_a_million_active_parameters():
    config = recipe("speedrun").model
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
