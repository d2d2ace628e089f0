"""Constrained decoding: JSON, a JSON schema, a Lark grammar, a regular expression.

llguidance parses the text byte by byte and computes before each token which ones may follow; the sampler sets the
logits of all others to minus infinity. A completion that ends by itself is therefore valid. Whitespace inside JSON is
bounded, because small models may repeat blanks without end.

With ``after`` the grammar applies once that text has been generated; end tokens are masked until then, so that a model
that thinks first cannot end without an answer.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
from numpy.typing import NDArray

from fathom.base.errors import GrammarError, TokenizerError
from fathom.engine.deep_stack import call_with_deep_stack
from fathom.engine.grammar_source import LIMITS, grammar_error, grammar_text, problem_of
from fathom.engine.request import GrammarSpec
from fathom.engine.vocabulary import Vocabulary

BYTES_PER_CHARACTER = 400
"""Memory of a compiled grammar for each character of its text: of a constant of 200 KB, measured; others take less."""

_log = logging.getLogger(__name__)


class GrammarVocabulary:
    """A vocabulary as llguidance reads it: the bytes of every token, none for an id without a token."""

    bos_token_id = None

    def __init__(self, vocabulary: Vocabulary, ends: frozenset[int]) -> None:
        self._encode = vocabulary.encode
        self.tokens = [_bytes_of(vocabulary, token) for token in range(vocabulary.vocab_size)]
        self.ends = sorted(ends)
        if not self.ends:  # a grammar must be able to end: give it a token that no model can choose
            self.ends = [len(self.tokens)]
            self.tokens.append(b"<end>")
        self.eos_token_id = self.ends[0]
        self.special_token_ids = sorted({*self.ends, *vocabulary.special_ids})

    def __call__(self, text: str) -> list[int]:
        if not isinstance(text, str):
            raise TypeError("text expected")  # tells llguidance to pass text rather than bytes
        return self._encode(text)

    @cached_property
    def parser(self) -> LLTokenizer:
        """llguidance's own index of the tokens; it takes a moment to build."""
        return LLTokenizer(TokenizerWrapper(self), eos_token=self.ends)


def _bytes_of(vocabulary: Vocabulary, token: int) -> bytes:
    try:
        return vocabulary.token_bytes(token)
    except TokenizerError:
        return b""


class GrammarMatcher:
    """The state of a grammar in one completion. ``masked``: tokens that may not come before ``after`` has."""

    def __init__(self, matcher: LLMatcher, vocabulary: GrammarVocabulary, after: str | None, masked: list[int]) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._after = (after or "").encode()
        self._masked = masked
        self._tail = b""  # the last bytes, which may be the beginning of `after`
        self._active = not self._after

    @property
    def is_complete(self) -> bool:
        """Whether only an end token can follow."""
        return self._active and self._matcher.is_stopped()

    def accept(self, token: int) -> None:
        """Advance by a sampled token. Raises GrammarError where the parser exceeds its own limits."""
        if self._active:
            self._consume([token])
            return
        data = self._tail + self._vocabulary.tokens[token]
        start = data.find(self._after)
        if start < 0:
            self._tail = data[-len(self._after) :]
            return
        self._active = True
        rest = data[start + len(self._after) :].lstrip()  # of the same token, after the marker
        if rest:
            self._consume(self._vocabulary.parser.tokenize_bytes(rest))

    def allowed_tokens(self) -> NDArray[np.bool_]:
        """(V) bool: which tokens may come next."""
        size = len(self._vocabulary.tokens)
        if not self._active:
            free = np.ones(size, dtype=np.bool_)
            free[self._masked] = False
            return free
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        self._check()
        return np.unpackbits(bits, count=size, bitorder="little").view(np.bool_)

    def _consume(self, tokens: list[int]) -> None:
        self._matcher.consume_tokens(tokens)
        self._check()

    def _check(self) -> None:
        if self._matcher.is_error():
            _log.warning("a grammar failed: %s", self._matcher.get_error())
            raise GrammarError("the grammar allows too many ways to go on from here", "simplify the schema or grammar")


@dataclass(frozen=True, slots=True)
class CompiledGrammar:
    """A grammar that is ready to start completions; ``after`` is that of its GrammarSpec."""

    matcher: LLMatcher
    vocabulary: GrammarVocabulary
    after: str | None

    def start(self, stops: frozenset[int] = frozenset()) -> GrammarMatcher:
        """The state of a new completion. ``stops`` are tokens that end it beside the end tokens."""
        masked = [token for token in {*self.vocabulary.ends, *stops} if token < len(self.vocabulary.tokens)]
        return GrammarMatcher(self.matcher.deep_copy(), self.vocabulary, self.after, masked)


class GrammarCompiler:
    """Compiles grammars for one vocabulary and caches the most recent ones. May be called from any thread.

    ``ends`` are the end tokens, where they are not the vocabulary's own. ``cache_bytes`` bounds the memory of cached
    grammars, as estimated from their texts.
    """

    def __init__(
        self, vocabulary: Vocabulary, ends: frozenset[int] | None = None, *, cache_bytes: int = 64 << 20
    ) -> None:
        self._tokenizer = vocabulary
        self._ends = vocabulary.eos_ids if ends is None else ends
        self._vocabulary: GrammarVocabulary | None = None
        self._cache = _GrammarCache(cache_bytes // BYTES_PER_CHARACTER)
        self._lock = threading.Lock()

    def compile(self, spec: GrammarSpec) -> CompiledGrammar:
        """Raises RequestError where the grammar is invalid, with the parser's own message if a program wrote it in Lark
        or as a regular expression; SchemaError for a JSON schema, in our words and with the place at fault.
        """
        text = grammar_text(spec)
        with self._lock:
            vocabulary = self._vocabulary = self._vocabulary or GrammarVocabulary(self._tokenizer, self._ends)
            parser = vocabulary.parser
            matcher = self._cache.take(text)
        if matcher is None:
            matcher = call_with_deep_stack(partial(_build, spec, text, parser))  # outside the lock: it can take a while
        with self._lock:
            self._cache.put(text, matcher)
        return CompiledGrammar(matcher, vocabulary, spec.after)


def _build(spec: GrammarSpec, text: str, parser: LLTokenizer) -> LLMatcher:
    matcher = LLMatcher(parser, text, log_level=0, limits=LIMITS)
    if problem := problem_of(matcher):
        raise grammar_error(spec, problem, parser)
    return matcher


class _GrammarCache:
    """The matchers used last, whose texts together have at most ``capacity`` characters."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._matchers: OrderedDict[str, LLMatcher] = OrderedDict()

    def take(self, text: str) -> LLMatcher | None:
        """Take a matcher out."""
        matcher = self._matchers.pop(text, None)
        self._size -= len(text) if matcher is not None else 0
        return matcher

    def put(self, text: str, matcher: LLMatcher) -> None:
        self.take(text)
        self._matchers[text] = matcher
        self._size += len(text)
        while self._size > self._capacity:
            dropped, _ = self._matchers.popitem(last=False)
            self._size -= len(dropped)
