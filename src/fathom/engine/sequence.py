"""The state of one completion in the engine: tokens, pages, and how many tokens have been computed.

    waiting ──admit──▶ running ──finish──▶ finished
       ▲                  │
       └─────preempt──────┘        waiting ──finish──▶ finished (cancelled)

Preemption releases the pages and drops computed keys and values, never a token: sampled tokens stay, and text, grammar
and random numbers continue from their position.
"""

from __future__ import annotations

import enum
from collections import Counter

from fathom.engine.pages import page_key, root_key
from fathom.engine.request import Request
from fathom.engine.transcript import Transcript


class SequenceStatus(enum.Enum):
    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"


class Sequence:
    """Completion ``index`` of ``request``. ``order`` is its place in the queue: arrival, then index.

    ``computed`` tokens have their keys and values in ``pages``; the first ``published`` pages are full and never
    written again. ``limit`` is the most tokens, prompt included. ``is_long``: its keys are rotated by the long factors
    of LongRoPE, for it has more tokens than the short ones serve.
    """

    __slots__ = (
        "cached_tokens",
        "computed",
        "counts",
        "index",
        "is_long",
        "limit",
        "order",
        "page_keys",
        "pages",
        "prompt_length",
        "published",
        "request",
        "seed",
        "seen",
        "status",
        "tokens",
        "transcript",
    )

    def __init__(
        self, request: Request, index: int, *, arrival: int, limit: int, seed: int, transcript: Transcript
    ) -> None:
        self.request = request
        self.index = index
        self.order = (arrival, index)
        self.limit = limit
        self.seed = seed
        self.transcript = transcript
        self.tokens = [*request.prompt, *request.completion]
        self.prompt_length = len(request.prompt)
        sampling = request.sampling  # token counts are kept only where a penalty needs them
        penalized = sampling.presence_penalty or sampling.frequency_penalty
        self.counts: Counter[int] | None = Counter(request.completion) if penalized else None  # of generated tokens
        self.seen: set[int] | None = set(self.tokens) if sampling.repetition_penalty != 1 else None
        self.cached_tokens: int | None = None  # of the prompt, when it was first admitted
        self.status = SequenceStatus.WAITING
        self.computed = 0
        self.published = 0
        self.pages: list[int] = []
        self.page_keys: list[bytes] = []
        self.is_long = False

    @property
    def pending(self) -> int:
        """Tokens whose keys and values are still to be computed."""
        return len(self.tokens) - self.computed

    @property
    def generated(self) -> int:
        return len(self.tokens) - self.prompt_length

    def outgrows(self, short_length: int | None) -> bool:
        """Whether it has more tokens than ``short_length``, and its keys are those of a shorter sequence."""
        return short_length is not None and not self.is_long and len(self.tokens) > short_length

    def lengthen(self) -> None:
        """Be long from now on; nothing may be computed."""
        assert not self.computed
        self.is_long, self.page_keys = True, []

    def admit(self, pages: list[int], cached: int, page_size: int) -> None:
        """Start running with ``pages``, of whose slots the first ``cached`` are computed already."""
        assert self.status is SequenceStatus.WAITING
        self.status, self.pages, self.computed, self.published = (
            SequenceStatus.RUNNING,
            pages,
            cached,
            cached // page_size,
        )
        if self.cached_tokens is None:
            self.cached_tokens = cached

    def extend(self, tokens: list[int]) -> None:
        """Append sampled tokens. The keys and values of all but the last have been computed."""
        assert self.status is SequenceStatus.RUNNING
        self.tokens += tokens
        self.computed = len(self.tokens) - 1
        if self.counts is not None:
            self.counts.update(tokens)
        if self.seen is not None:
            self.seen.update(tokens)

    def preempt(self) -> list[int]:
        """Wait again with nothing computed; the pages to release."""
        assert self.status is SequenceStatus.RUNNING
        return self._release(SequenceStatus.WAITING)

    def finish(self) -> list[int]:
        """End; the pages to release."""
        assert self.status is not SequenceStatus.FINISHED
        return self._release(SequenceStatus.FINISHED)

    def _release(self, status: SequenceStatus) -> list[int]:
        pages, self.pages, self.computed, self.published, self.status = self.pages, [], 0, 0, status
        return pages

    def keys(self, count: int, page_size: int) -> list[bytes]:
        """Keys of the first ``count`` full pages; tokens only ever grow, so they are computed once."""
        for page in range(len(self.page_keys), count):
            parent = self.page_keys[-1] if self.page_keys else root_key(self.request.cache_salt, long=self.is_long)
            self.page_keys.append(page_key(parent, self.tokens[page * page_size : (page + 1) * page_size]))
        return self.page_keys[:count]
