"""The engine without threads: add, cancel, step. Deterministic given its inputs, so that tests can single-step it.

A step is schedule → run → postprocess, and yields for each sequence a list of tokens: none while its prompt is
unfinished, one after an ordinary step, several after multi-step decoding (`fathom.engine.multi_step`). A request may
have several completions: the first computes the prompt; then the others are queued and match the prompt's pages in the
prefix cache.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from fathom.base.errors import (
    ConfigError,
    ContextLengthError,
    FathomError,
    GenerationError,
    OverloadedError,
    RequestError,
)
from fathom.engine.cache import PagedCache
from fathom.engine.config import EngineConfig
from fathom.engine.grammar import GrammarCompiler
from fathom.engine.multi_step import can_multi_step
from fathom.engine.pages import PagePool
from fathom.engine.request import Chunk, EngineStats, Request, SamplingParams, TokenLogprob, ValidatedRequest
from fathom.engine.routing_trace import RoutingTrace
from fathom.engine.runner import LanguageModel, Runner, StepOutput
from fathom.engine.sampler import SampledTokens
from fathom.engine.scheduler import ScheduledTokens, Scheduler
from fathom.engine.sequence import Sequence, SequenceStatus
from fathom.engine.transcript import Transcript
from fathom.engine.vocabulary import Vocabulary
from fathom.types import FinishReason

_STEPS_WHILE_WAITING = 8
"""Steps at once while sequences wait: one that ends within them leaves its row idle for half of them on average."""

_log = logging.getLogger(__name__)


class Output(NamedTuple):
    """The output of a step for one request: a chunk of a completion, or the error that ended the request."""

    request_id: str
    value: Chunk | FathomError


@dataclass(slots=True)
class _Job:
    """A request in flight. ``held`` are completions that wait for the first one to compute the prompt."""

    request: Request
    lead: Sequence
    held: list[Sequence]
    open: list[Sequence]
    scores: list[TokenLogprob | None] = field(default_factory=list)


class EngineCore:
    """Runs requests on a model. Not thread-safe, but for `validate`."""

    def __init__(
        self, model: LanguageModel, vocabulary: Vocabulary | None = None, config: EngineConfig | None = None
    ) -> None:
        self.config = config = config or EngineConfig()
        self.vocabulary = vocabulary
        own = vocabulary.eos_ids if vocabulary else frozenset()
        self._ends = own if config.eos_ids is None else config.eos_ids
        self._grammars = GrammarCompiler(vocabulary, self._ends) if vocabulary else None
        self._cache, self.max_context = _build_cache(model, config)
        self._vocab_size = model.config.vocab_size
        self._vocab_limit = min(self._vocab_size, vocabulary.vocab_size) if vocabulary else self._vocab_size
        self._pool = PagePool(self._cache.num_pages)
        self._trace = RoutingTrace(model, self._cache) if config.record_experts else None
        self._runner = Runner(model, self._cache, self._trace)
        self._scheduler = Scheduler(
            self._pool,
            page_size=config.page_size,
            max_batch_tokens=config.max_batch_tokens,
            max_sequences=config.max_sequences,
            prefix_cache=config.prefix_cache,
            short_length=model.config.short_length,
        )
        self._random = random.Random(config.seed)
        self._jobs: dict[str, _Job] = {}
        self._resumed: list[Output] = []  # first chunks of completions that are resumed, for the next step to return
        self._arrivals = self._prompt_tokens = self._cached_tokens = self._generated_tokens = self._finished = 0

    @property
    def capacity(self) -> int:
        """The most sequences that may be in the engine, running and waiting."""
        return self.config.max_sequences + self.config.max_queue

    @property
    def has_work(self) -> bool:
        return bool(self._jobs or self._resumed)

    @property
    def preemptions(self) -> int:
        """How often a sequence was preempted."""
        return self._scheduler.preemptions

    def validate(self, request: Request) -> ValidatedRequest:
        """Raise RequestError where the request can never be served; compiles its grammar. For any thread."""
        prompt, sampling = request.prompt, request.sampling
        tokens = prompt + request.completion
        if not prompt:
            raise RequestError("the prompt is empty", "send at least one token", "prompt")
        if len(tokens) + (sampling.max_tokens != 0 and not request.completion) > self.max_context:
            raise ContextLengthError(
                f"the prompt has {len(tokens)} tokens, the context holds {self.max_context} with the answer",
                "shorten the prompt",
                "prompt",
            )
        if min(tokens) < 0 or max(tokens) >= self._vocab_size:
            message = f"the prompt holds a token id outside 0 … {self._vocab_size - 1}"
            raise RequestError(message, "check the tokenizer", "prompt")
        if request.completion and (sampling.n > 1 or request.prompt_logprobs):
            raise RequestError("a resumed request has one completion and no prompt_logprobs", "send one for each")
        if max(request.completion, default=0) >= self._vocab_limit:
            raise RequestError("the completion holds a token id without a token", "resume it on the same model")
        if sampling.n > self.capacity:
            raise RequestError(f"n is {sampling.n}, the engine holds {self.capacity} completions", "ask for fewer")
        if sampling.logprobs is not None and not 0 <= sampling.logprobs <= self._vocab_size:
            raise RequestError(f"logprobs is {sampling.logprobs}", f"choose a number from 0 to {self._vocab_size}")
        _check_bias(sampling, self._vocab_limit)
        if (sampling.stop or request.answer_stop or request.grammar) and self.vocabulary is None:
            raise RequestError("stop strings and grammars need a tokenizer", "give the engine one")
        if request.grammar is None or self._grammars is None:
            return ValidatedRequest(request)
        return ValidatedRequest(request, self._grammars.compile(request.grammar))

    def add(self, request: Request) -> None:
        """Validate and enqueue a request."""
        self.enqueue(self.validate(request))

    def enqueue(self, validated: ValidatedRequest) -> None:
        """Queue a request. Raises RequestError for an id in flight, OverloadedError where the queue is full."""
        request = validated.request
        if request.id in self._jobs:
            raise RequestError(f"request {request.id} is already running", "choose another id")
        if sum(len(job.open) for job in self._jobs.values()) + request.sampling.n > self.capacity:
            raise OverloadedError("the queue is full", "try again later")
        sequences = self._sequences(validated)
        self._jobs[request.id] = job = _Job(request, sequences[0], sequences[1:], sequences)
        if request.prompt_logprobs:
            job.scores = [None] * (len(request.prompt) - 1)
        self._prompt_tokens += len(request.prompt)
        self._scheduler.add(job.lead)
        if request.completion:
            first = self._resume(job)
            self._resumed.append(first)

    def cancel(self, request_id: str) -> None:
        """Drop a request and free its pages, without further output. An id that is not in flight is ignored."""
        self._resumed = [output for output in self._resumed if output.request_id != request_id]
        job = self._jobs.pop(request_id, None)
        if job is not None:
            for sequence in job.open:
                if sequence not in job.held:
                    self._scheduler.finish(sequence)

    def step(self) -> list[Output]:
        """Compute one batch; its output, in order."""
        outputs = self._compute()
        resumed, self._resumed = self._resumed, []
        return resumed + outputs

    def _compute(self) -> list[Output]:
        work = self._scheduler.schedule()
        if not work:
            return []
        steps = self._steps_at_once(work)
        try:
            output = self._runner.step(work, steps, self._vocab_limit)
        except Exception as error:  # whatever a device may raise; it is logged, and ends the requests of this step
            _log.exception("a step failed")
            return self._fail(work, error)
        return self._postprocess(work, output)

    def fail_all(self, error: FathomError) -> list[Output]:
        """End every request with ``error``."""
        ids = dict.fromkeys((*self._jobs, *(output.request_id for output in self._resumed)))
        self.cancel_all()
        return [Output(request_id, error) for request_id in ids]

    def cancel_all(self) -> None:
        """Drop every request."""
        for request_id in list(self._jobs):
            self.cancel(request_id)
        self._resumed.clear()

    def forget_prefixes(self) -> None:
        """Empty the prefix cache, because the weights have changed. Raises GenerationError while requests are in
        flight: their keys and values are from the old weights, and would be mixed with new ones.
        """
        if self._jobs:
            raise GenerationError("the weights changed under requests in flight", "finish or cancel them first")
        self._pool.forget_unheld()

    def stats(self) -> EngineStats:
        """A snapshot of the counters; cheap, and safe to take from another thread."""
        running = len(self._scheduler.running)
        return EngineStats(
            waiting=sum(len(job.open) for job in list(self._jobs.values())) - running,
            running=running,
            pages_total=self._pool.num_pages,
            pages_free=self._pool.num_available,
            prompt_tokens=self._prompt_tokens,
            cached_tokens=self._cached_tokens,
            generated_tokens=self._generated_tokens,
            finished=self._finished,
        )

    def check_integrity(self) -> None:
        """Raise AssertionError where page pool, scheduler and sequences disagree; for tests, after every step."""
        waiting, running = self._scheduler.waiting, self._scheduler.running
        self._pool.check_integrity((s.pages, s.computed // self.config.page_size) for s in running)
        assert all(s.status is SequenceStatus.RUNNING and s.pages for s in running)
        assert all(s.status is SequenceStatus.WAITING and not s.pages and not s.computed for s in waiting)
        assert [s.order for s in waiting] == sorted(s.order for s in waiting), "the queue is out of order"
        assert len(running) <= self.config.max_sequences
        for sequence in running:
            assert sequence.computed < len(sequence.tokens) <= sequence.limit
            assert sequence.computed <= len(sequence.pages) * self.config.page_size
        known = {id(s) for job in self._jobs.values() for s in job.open if s not in job.held}
        assert known == {id(s) for s in (*waiting, *running)}, "a sequence is lost or unknown"

    def _sequences(self, validated: ValidatedRequest) -> list[Sequence]:
        """One for each completion of the request."""
        request, sampling = validated.request, validated.request.sampling
        seed = self._random.getrandbits(64) if sampling.seed is None else sampling.seed
        self._arrivals += 1
        most = self.max_context if sampling.max_tokens is None else sampling.max_tokens
        limit = min(self.max_context, len(request.prompt) + most)
        return [
            Sequence(
                request,
                index,
                arrival=self._arrivals,
                limit=limit,
                seed=seed,
                transcript=self._transcript(validated),
            )
            for index in range(sampling.n)
        ]

    def _transcript(self, validated: ValidatedRequest) -> Transcript:
        request, sampling = validated.request, validated.request.sampling
        stops = frozenset(sampling.stop_token_ids)
        ends = stops if sampling.ignore_eos else stops | self._ends
        stream = (
            self.vocabulary.detokenizer(continues=self._continues(request)) if self.vocabulary is not None else None
        )
        grammar = validated.grammar.start(stops) if validated.grammar is not None else None
        return Transcript(stream, stops=sampling.stop, answer_stop=request.answer_stop, ends=ends, grammar=grammar)

    def _continues(self, request: Request) -> bool:
        """Whether the completion continues the prompt's text; after nothing but special tokens it begins one."""
        special = self.vocabulary.special_ids if self.vocabulary is not None else frozenset()
        return not request.starts_text and not special.issuperset(request.prompt)

    def _steps_at_once(self, work: list[ScheduledTokens]) -> int:
        """How many steps ``work`` may take before it is scheduled again; few while others wait for room."""
        if self.config.num_scheduler_steps == 1 or not all(can_multi_step(sequence) for sequence, _ in work):
            return 1
        if len({sequence.transcript.ends for sequence, _ in work}) > 1:
            return 1
        most = max(sequence.limit - len(sequence.tokens) for sequence, _ in work)
        wanted = min(self.config.num_scheduler_steps, most, _STEPS_WHILE_WAITING if self._scheduler.waiting else most)
        return self._scheduler.reserve(work, wanted)

    def _experts(self, sequence: Sequence, reason: FinishReason | None) -> npt.NDArray[np.int16] | None:
        """The experts of a completion's tokens, with its last chunk."""
        return None if reason is None or self._trace is None else self._trace.read(sequence)

    def _close(self, job: _Job, sequence: Sequence) -> None:
        """Take a finished completion out."""
        self._scheduler.finish(sequence)
        job.open.remove(sequence)
        self._finished += 1
        if not job.open:
            del self._jobs[job.request.id]

    def _postprocess(self, work: list[ScheduledTokens], output: StepOutput) -> list[Output]:
        outputs: list[Output] = []
        for index, ((sequence, length), sampled) in enumerate(zip(work, output.sampled, strict=True)):
            job = self._jobs.get(sequence.request.id)
            if job is None:  # another completion of this request failed a moment ago
                continue
            if scores := output.prompt_logprobs.get(index):
                job.scores[sequence.computed : sequence.computed + len(scores)] = scores
            if sampled is not None:
                outputs.append(self._advance(job, sequence, sampled))
            else:
                sequence.computed += length
                self._scheduler.publish(sequence)
        return outputs

    def _advance(self, job: _Job, sequence: Sequence, sampled: SampledTokens) -> Output:
        """Append the sampled tokens: their chunk, or the error that ends the request."""
        first = sequence is job.lead and sequence.generated == len(job.request.completion)
        try:
            if sampled.error is not None:
                raise sampled.error
            tokens = sampled.token_ids[: sequence.limit - len(sequence.tokens)]
            text, count, ended, spans = sequence.transcript.extend(tokens)
        except FathomError as error:
            self._discard(job)
            return Output(job.request.id, error)
        sequence.extend(tokens[:count])
        self._scheduler.publish(sequence)
        self._generated_tokens += count
        if first:
            self._cached_tokens += sequence.cached_tokens or 0
        rest, reason = _finish(sequence, ended)
        chunk = Chunk(
            index=sequence.index,
            text=text + rest,
            token_ids=tuple(tokens[:count]),
            logprobs=tuple(sampled.logprobs[:count]),
            finish_reason=reason,
            cached_tokens=job.lead.cached_tokens or 0,
            prompt_logprobs=tuple(score for score in job.scores if score) if first else (),
            spans=spans,
            experts=self._experts(sequence, reason),
        )
        self._release_held(job)
        if reason is not None:
            self._close(job, sequence)
        return Output(job.request.id, chunk)

    def _resume(self, job: _Job) -> Output:
        """The tokens that a request resumes from, as the first chunk; they may be all of the completion."""
        sequence = job.lead
        tokens = job.request.completion
        try:
            text, count, ended, spans = sequence.transcript.extend(list(tokens))
        except FathomError as error:
            self._discard(job)
            return Output(job.request.id, error)
        rest, reason = _finish(sequence, ended)
        if reason is not None:
            self._close(job, sequence)
        return Output(job.request.id, Chunk(0, text + rest, tokens[:count], finish_reason=reason, spans=spans))

    def _release_held(self, job: _Job) -> None:
        """Queue the completions that waited for the first one to compute the prompt."""
        for sequence in job.held:
            self._scheduler.add(sequence)
        job.held = []

    def _fail(self, work: list[ScheduledTokens], error: Exception) -> list[Output]:
        """End the requests of a failed step; all others continue."""
        reason = error if isinstance(error, FathomError) else _step_error(error)
        ids = dict.fromkeys(item.sequence.request.id for item in work)
        for request_id in ids:
            self._discard(self._jobs[request_id])
        return [Output(request_id, reason) for request_id in ids]

    def _discard(self, job: _Job) -> None:
        """Drop a request: its pages may hold NaN, so they are unpublished and, where no one else holds them, zeroed."""
        pages = [page for sequence in job.open for page in sequence.pages]
        self._pool.forget(pages)
        self.cancel(job.request.id)
        self._cache.clear([page for page in pages if not self._pool.is_held(page)])


def _check_bias(sampling: SamplingParams, vocab_size: int) -> None:
    outside = [token for token, _ in sampling.logit_bias if not 0 <= token < vocab_size]
    if outside:
        remedy = f"name tokens from 0 to {vocab_size - 1}"
        raise RequestError(f"logit_bias holds the token {outside[0]}", remedy, "logit_bias")


def _step_error(error: Exception) -> GenerationError:
    """What a device said stays in the log, and in the cause for a caller in this process."""
    reason = GenerationError("a step of the model failed", "its log says why")
    reason.__cause__ = error
    return reason


def _finish(sequence: Sequence, ended: bool) -> tuple[str, FinishReason | None]:
    """The rest of the text where the sequence has reached its limit, and why it is finished; None where it is not."""
    if ended:
        return "", "stop"
    if len(sequence.tokens) < sequence.limit:
        return "", None
    rest, stopped = sequence.transcript.flush()
    return rest, "stop" if stopped else "length"


def _build_cache(model: LanguageModel, config: EngineConfig) -> tuple[PagedCache, int]:
    """The cache, and the longest context: the least of the model's, the configured one, and what the cache can hold."""
    weight = _weight(model)
    dtype = weight.dtype if config.cache_dtype == "auto" else getattr(torch, config.cache_dtype)
    specs = model.cache_specs(absorbed=True)
    page_bytes = config.page_size * dtype.itemsize * sum(spec.entries_per_token for spec in specs)
    context = min(config.max_context or model.config.max_position, model.config.max_position)
    useful = config.max_sequences * -(-context // config.page_size)
    num_pages = config.num_pages or min(useful, max(1, config.cache_bytes // page_bytes))
    context = min(context, num_pages * config.page_size)
    if context < 2:
        raise ConfigError(f"the context holds {context} token", "raise max_context, num_pages or page_size")
    cache = PagedCache(
        specs,
        num_pages=num_pages,
        page_size=config.page_size,
        dtype=dtype,
        device=weight.device,
        threads=config.attention_threads,
    )
    return cache, context


def _weight(model: LanguageModel) -> torch.Tensor:
    """A weight with the dtype and device that the model computes in: the embedding is first and is never quantized."""
    return next(parameter for parameter in model.parameters() if parameter.is_floating_point())
