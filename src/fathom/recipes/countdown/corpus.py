"""The corpora of imperfect solutions that the base models of the Countdown recipes are pretrained on.

DeepSeek-V3-Base had read mathematics on the web: good solutions, wrong ones, guesses, people who gave up. Reinforcement
learning found the good habits in it and kept them. These corpora plant such a mixture in miniature, and nothing else.

A sample is a question in the chat template, a solver's attempt, and the end token. The attempt alone is learned: the
question's numbers are drawn evenly, so there is nothing to predict in them, and their gradient would be noise. Problems
come from the training splits, so no held-out set of numbers occurs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import islice

from fathom.base.errors import DataError
from fathom.data.samples.documents import tokenize_documents
from fathom.data.shards.store import Sample
from fathom.data.sources.open import open_source
from fathom.data.sources.source import Skips, documents
from fathom.recipes.countdown.errors import SPEEDRUN_RATES, ErrorRates
from fathom.recipes.countdown.levels import LEVELS, find_level
from fathom.recipes.countdown.problems import ShortCountdown
from fathom.recipes.countdown.search import search_expression
from fathom.recipes.countdown.vocabulary import chat
from fathom.tasks.task import Item, Task
from fathom.text import r1
from fathom.text.conversation import Chat
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.types import Conversation


def speedrun_problems() -> Task:
    """Three numbers to 12, targets to 60, without division: a model of a million parameters can learn them."""
    return ShortCountdown(3, 12, 60, written="expression")


def speedrun_corpus(
    documents: int, *, seed: int = 0, text: str | None = None, every: int = 20, **rates: object
) -> Iterator[Sample]:
    """So many attempts; ``rates`` are fields of `ErrorRates` that differ from the recipe's. ``text`` names a source of
    documents, as `fathom data prepare` takes it: one of them follows each ``every`` attempts, from the first again
    after the last. Raises DataError where it holds none.
    """
    core, rng = chat(), random.Random(f"traces/{seed}")
    errors = ErrorRates.model_validate(SPEEDRUN_RATES.model_dump() | rates)
    between = _texts(text, core.tokenizer) if text is not None else iter(())
    for number, item in enumerate(speedrun_problems().items("train", seed=seed, limit=documents), 1):
        yield sample(core, item, search_expression(item, errors, rng))
        if number % every == 0:
            yield from islice(between, 1)


def curriculum_corpus(documents: int, *, seed: int = 0, shares: Mapping[str, float] | None = None) -> Iterator[Sample]:
    """So many attempts at problems of all levels; ``shares`` replace those of `LEVELS`."""
    weights = {name: spec.share for name, spec in LEVELS.items()} if shares is None else dict(shares)
    weights = {name: weight for name, weight in weights.items() if weight > 0}
    problems = {name: find_level(name).task().items("train", seed=seed) for name in weights}
    core, rng = chat(), random.Random(f"lessons/{seed}")
    for name in rng.choices(list(weights), list(weights.values()), k=documents):
        spec, item = LEVELS[name], next(problems[name])
        yield sample(core, item, spec.solver(item, spec.rates, rng))


def sample(core: Chat, item: Item, completion: str) -> Sample:
    """A question in the chat template, an attempt, and the end token."""
    end = core.tokenizer.token_id(r1.EOS)
    assert end is not None
    assert not isinstance(item.prompt, str)
    prompt = core.render(Conversation(item.prompt)).ids
    attempt = [*core.tokenizer.encode(completion), end]
    return Sample([*prompt, *attempt], [False] * len(prompt) + [True] * len(attempt))


def _texts(word: str, tokenizer: Tokenizer) -> Iterator[Sample]:
    """Without end."""
    while True:
        empty = True
        for text in tokenize_documents(documents(open_source(word), Skips()), tokenizer):
            empty = False
            yield text
        if empty:
            raise DataError(f"{word} holds no text", "name a source with documents")
