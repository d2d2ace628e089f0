from __future__ import annotations

import pytest

from fathom.recipes.countdown import vocabulary
from fathom.train.run.aliases import FUNCTIONS, TASKS, TOKENIZERS
from fathom.train.run.config import override
from fathom.train.run.recipe import find, recipe
from fathom.train.run.task import TaskConfig, load_task
from fathom.train.run.trainee import load_tokenizer


@pytest.mark.parametrize("name", ["speedrun", "curriculum", "speedrun-gpu"])
def test_a_configuration_with_the_old_name_is_that_with_the_new_one(name: str) -> None:
    assert override(recipe(name), ["tokenizer=zero"]) == recipe(name)


def test_the_old_name_opens_the_same_tokenizer() -> None:
    tokenizer, template = load_tokenizer(TOKENIZERS["zero"])
    assert tokenizer.fingerprint == vocabulary.tokenizer().fingerprint
    assert template is not None


@pytest.mark.parametrize("name", FUNCTIONS)
def test_old_names_of_functions_are_found(name: str) -> None:
    assert find(name) is find(FUNCTIONS[name])


def test_a_task_with_its_old_name_is_the_same_task() -> None:
    for old, new in TASKS.items():
        assert TaskConfig(name=old) == TaskConfig(name=new)
    assert load_task(TaskConfig(name="zero-countdown-3")).name == "zero-countdown-3"


def test_the_configurations_of_stored_runs_are_those_of_the_present_recipes() -> None:
    assert override(recipe("speedrun:zero"), ["task.name=zero-countdown-3"]) == recipe("speedrun:zero")
    old = ["data.function=speedrun:kept", "data.options.task=zero-countdown-3"]
    assert override(recipe("speedrun:rejection"), old) == recipe("speedrun:rejection")
    assert override(recipe("curriculum"), ["data.function=curriculum:lessons"]) == recipe("curriculum")
    assert override(recipe("curriculum:zero"), ["task.name=curriculum:world"]) == recipe("curriculum:zero")


def test_a_renamed_key_is_read_and_merged_with_the_new_one() -> None:
    config = recipe("tiny-distill")
    changed = override(config, ["data.sieve.per_problem=3", "data.filter.min_tokens=2"])
    assert changed == override(config, ["data.filter.per_problem=3", "data.filter.min_tokens=2"])
    values = config.model_dump(mode="json")
    values["data"]["sieve"] = values["data"].pop("filter")
    assert type(config).model_validate(values) == config
