"""Continuous batching: the sequences of the next step, and how many tokens of each.

Orca (OSDI 2022) with chunked prefill (arXiv 2308.16369): every running sequence with one token to compute is scheduled
first; the rest of the budget goes to prompts, oldest first. Admission is first come, first served: the head of the
queue is admitted or all wait. Admission allocates pages for all known tokens of a sequence, so only growth can run out
of pages; then the youngest sequence is preempted: it releases its pages and is computed again later (recomputation, not
swapping: its published pages are usually still cached). The oldest always advances, so every sequence finishes.

A sequence that outgrows ``short_length`` (LongRoPE) is computed again in the same way, because its keys are rotated by
factors that serve shorter ones.
"""

from __future__ import annotations

from bisect import insort
from typing import NamedTuple

from fathom.engine.pages import PagePool
from fathom.engine.sequence import Sequence, SequenceStatus


class ScheduledTokens(NamedTuple):
    """The next ``length`` uncomputed tokens of a sequence."""

    sequence: Sequence
    length: int


def _order(sequence: Sequence) -> tuple[int, int]:
    return sequence.order


class Scheduler:
    """``waiting`` and ``running`` are both kept in order of arrival."""

    def __init__(
        self,
        pool: PagePool,
        *,
        page_size: int,
        max_batch_tokens: int,
        max_sequences: int,
        prefix_cache: bool = True,
        short_length: int | None = None,
    ) -> None:
        self.pool = pool
        self.waiting: list[Sequence] = []
        self.running: list[Sequence] = []
        self.preemptions = 0
        self._page_size = page_size
        self._max_batch_tokens = max_batch_tokens
        self._max_sequences = max_sequences
        self._prefix_cache = prefix_cache
        self._short_length = short_length

    def add(self, sequence: Sequence) -> None:
        insort(self.waiting, sequence, key=_order)

    def schedule(self) -> list[ScheduledTokens]:
        """What to compute next; at most ``max_batch_tokens`` tokens together."""
        for sequence in [one for one in self.running if one.outgrows(self._short_length)]:
            self._preempt(sequence)
        preemptions = self.preemptions
        work = [
            ScheduledTokens(sequence, 1)
            for sequence in list(self.running)
            if sequence.pending == 1 and self._grow(sequence)
        ]
        budget = self._max_batch_tokens - len(work)
        for sequence in self.running:
            if sequence.pending > 1 and budget > 0:
                work.append(ScheduledTokens(sequence, min(sequence.pending, budget)))
                budget -= work[-1].length
        while self.waiting and budget > 0 and len(self.running) < self._max_sequences:
            if self.preemptions > preemptions or not self._admit(self.waiting[0]):
                break
            sequence = self.waiting.pop(0)
            insort(self.running, sequence, key=_order)
            work.append(ScheduledTokens(sequence, min(sequence.pending, budget)))
            budget -= work[-1].length
        return work

    def reserve(self, work: list[ScheduledTokens], steps: int) -> int:
        """Allocate pages for further steps of one token each, without preemption: the number of steps that fit, from 1
        to ``steps``.
        """
        if self._short_length is not None:  # up to which step rotations are those of now
            short = [self._short_length - len(one.tokens) + 1 for one, _ in work if not one.is_long]
            steps = min(steps, *short) if short else steps
        while steps > 1:
            missing = [self._pages_for(min(len(one.tokens) + steps - 1, one.limit)) - len(one.pages) for one, _ in work]
            fresh = self.pool.allocate(sum(count for count in missing if count > 0))
            if fresh is not None:
                for (sequence, _), count in zip(work, missing, strict=True):
                    if count > 0:
                        sequence.pages += fresh[:count]
                        del fresh[:count]
                break
            steps //= 2
        return max(steps, 1)

    def publish(self, sequence: Sequence) -> None:
        """Publish the pages that the last step filled."""
        full = sequence.computed // self._page_size
        if full > sequence.published:
            if self._prefix_cache:
                keys = sequence.keys(full, self._page_size)
                for page in range(sequence.published, full):
                    self.pool.publish(sequence.pages[page], keys[page])
            sequence.published = full

    def finish(self, sequence: Sequence) -> list[int]:
        """Remove a waiting or running sequence; the pages it held."""
        if sequence.status is SequenceStatus.FINISHED:
            return []
        (self.running if sequence.status is SequenceStatus.RUNNING else self.waiting).remove(sequence)
        pages = sequence.finish()
        self.pool.release(pages)
        return pages

    def _admit(self, sequence: Sequence) -> bool:
        """Allocate pages for all known tokens and the next one; False, without effect, where they are not available."""
        if sequence.outgrows(self._short_length):
            sequence.lengthen()
        cached: list[int] = []
        if self._prefix_cache and not sequence.request.prompt_logprobs:
            # at least the last token is computed again: its logits choose the next
            cached = self.pool.match(sequence.keys((len(sequence.tokens) - 1) // self._page_size, self._page_size))
        self.pool.hold(cached)
        fresh = self.pool.allocate(self._pages_for(len(sequence.tokens)) - len(cached))
        if fresh is None:
            self.pool.release(cached)
            return False
        sequence.admit(cached + fresh, len(cached) * self._page_size, self._page_size)
        return True

    def _grow(self, sequence: Sequence) -> bool:
        """Allocate a page for the next token of a running sequence; False where it was preempted itself."""
        while sequence.status is SequenceStatus.RUNNING and len(sequence.pages) < self._pages_for(len(sequence.tokens)):
            fresh = self.pool.allocate(1)
            if fresh is None:
                self._preempt(self.running[-1])
            else:
                sequence.pages.extend(fresh)
        return sequence.status is SequenceStatus.RUNNING

    def _preempt(self, sequence: Sequence) -> None:
        self.running.remove(sequence)
        self.pool.release(sequence.preempt())
        self.add(sequence)
        self.preemptions += 1

    def _pages_for(self, tokens: int) -> int:
        return -(-tokens // self._page_size)
