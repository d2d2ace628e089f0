"""Traces as training samples: the question behind the chat template, the solver's attempt, the end token.

Only the attempt is learned. The question's numbers are drawn evenly, so there is nothing to predict in them, and their
gradient would be noise. Plain text may stand between the traces; all of it is learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from fathom.base.errors import DataError
from fathom.data.samples.documents import tokenize_documents
from fathom.data.shards.store import Sample
from fathom.data.sources.open import open_source
from fathom.data.sources.source import Skips, documents
from fathom.recipes.countdown.traces import SolverErrors, question, traces
from fathom.recipes.countdown.vocabulary import chat
from fathom.text import r1
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.types import Conversation, Message


def corpus(
    documents: int, *, seed: int = 0, text: str | None = None, every: int = 20, **habits: object
) -> Iterator[Sample]:
    """So many traces; ``habits`` are fields of `SolverErrors` that differ from its defaults. ``text`` names a source as
    `fathom data prepare` takes it: behind each ``every`` traces stands one of its documents, from the first again
    behind the last. Raises DataError where it holds none.
    """
    core = chat()
    end = core.tokenizer.token_id(r1.EOS)
    assert end is not None
    between = _texts(text, core.tokenizer) if text is not None else iter(())
    for number, trace in enumerate(islice(traces(SolverErrors.model_validate(habits), seed=seed), documents), 1):
        prompt = core.render(Conversation((Message("user", question(trace.item)),))).ids
        attempt = [*core.tokenizer.encode(trace.completion), end]
        yield Sample([*prompt, *attempt], [False] * len(prompt) + [True] * len(attempt))
        if number % every == 0:
            yield from islice(between, 1)


def _texts(word: str, tokenizer: Tokenizer) -> Iterator[Sample]:
    """Without end."""
    while True:
        found = False
        for sample in tokenize_documents(documents(open_source(word), Skips()), tokenizer):
            found = True
            yield sample
        if not found:
            raise DataError(f"{word} holds no text", "name a source with documents")
