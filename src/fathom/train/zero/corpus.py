"""Traces as training samples: the question behind the chat template, the solver's attempt, the end token.

Only the attempt is learned. The question's numbers are drawn evenly, so there is nothing to predict in them, and their
gradient would be noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from fathom.data.store import Sample
from fathom.text import r1
from fathom.train.zero.traces import Habits, question, traces
from fathom.train.zero.vocabulary import chat
from fathom.types import Conversation, Message


def corpus(documents: int, *, seed: int = 0, **habits: object) -> Iterator[Sample]:
    """So many traces; ``habits`` are fields of `Habits` that differ from its defaults."""
    core = chat()
    end = core.tokenizer.token_id(r1.EOS)
    assert end is not None
    for trace in islice(traces(Habits.model_validate(habits), seed=seed), documents):
        prompt = core.render(Conversation((Message("user", question(trace.item)),))).ids
        attempt = [*core.tokenizer.encode(trace.completion), end]
        yield Sample([*prompt, *attempt], [False] * len(prompt) + [True] * len(attempt))
