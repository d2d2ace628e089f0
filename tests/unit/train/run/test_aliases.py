from __future__ import annotations

import pytest

from fathom.recipes.countdown import vocabulary
from fathom.train.run.aliases import TOKENIZERS
from fathom.train.run.config import override
from fathom.train.run.recipe import recipe
from fathom.train.run.trainee import load_tokenizer


@pytest.mark.parametrize("name", ["speedrun", "curriculum", "speedrun-gpu"])
def test_a_configuration_with_the_old_name_is_that_with_the_new_one(name: str) -> None:
    assert override(recipe(name), ["tokenizer=zero"]) == recipe(name)


def test_the_old_name_opens_the_same_tokenizer() -> None:
    tokenizer, template = load_tokenizer(TOKENIZERS["zero"])
    assert tokenizer.fingerprint == vocabulary.tokenizer().fingerprint
    assert template is not None
