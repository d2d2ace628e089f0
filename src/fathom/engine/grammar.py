"""Constrained decoding: JSON, a JSON schema, a Lark grammar, a regular expression.

llguidance parses the text byte by byte and computes before each token which ones may follow; the sampler sets the
logits of all others to minus infinity. A completion that ends by itself is therefore valid. Whitespace inside JSON is
bounded, because small models may repeat blanks without end.

With ``after`` the grammar applies once that text has been generated; end tokens are masked until then, so that a model
that thinks first cannot end without an answer.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
from numpy.typing import NDArray

from fathom.base.errors import GenerationError, RequestError, TokenizerError
from fathom.engine.request import GrammarSpec
from fathom.engine.vocabulary import Vocabulary

_WHITESPACE = r"[\x20\x0A\x0D\x09]{1,32}"


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
        """Advance by a sampled token. Raises GenerationError where the parser exceeds its own limits."""
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
            raise GenerationError(f"the grammar failed: {self._matcher.get_error()}", "simplify the grammar")


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

    ``ends`` are the end tokens, where they are not the vocabulary's own.
    """

    def __init__(self, vocabulary: Vocabulary, ends: frozenset[int] | None = None, *, cache_size: int = 64) -> None:
        self._tokenizer = vocabulary
        self._ends = vocabulary.eos_ids if ends is None else ends
        self._vocabulary: GrammarVocabulary | None = None
        self._cache_size = cache_size
        self._lock = threading.Lock()
        self._matchers: OrderedDict[tuple[str, str], LLMatcher] = OrderedDict()

    def compile(self, spec: GrammarSpec) -> CompiledGrammar:
        """Raises RequestError, with the parser's own message, where the grammar is invalid."""
        text = _grammar_text(spec)
        key = (spec.kind, text)
        with self._lock:
            vocabulary = self._vocabulary = self._vocabulary or GrammarVocabulary(self._tokenizer, self._ends)
            parser = vocabulary.parser
            matcher = self._matchers.pop(key, None)
        if matcher is None:
            matcher = LLMatcher(parser, text, log_level=0)  # outside the lock: it can take a while
            if matcher.is_error():
                raise RequestError(f"invalid {spec.kind} grammar: {matcher.get_error()}", "correct the grammar")
        with self._lock:
            self._matchers[key] = matcher
            while len(self._matchers) > self._cache_size:
                self._matchers.popitem(last=False)
        return CompiledGrammar(matcher, vocabulary, spec.after)


def _grammar_text(spec: GrammarSpec) -> str:
    if spec.kind in ("json_object", "json_schema"):
        schema = {"type": "object"} if spec.kind == "json_object" else spec.value
        if not isinstance(schema, dict):
            raise RequestError(f"a JSON schema is an object, not {type(schema).__name__}", "pass a dictionary")
        try:
            text = json.dumps(schema)
        except (TypeError, ValueError, RecursionError) as error:
            raise RequestError(f"the JSON schema is not JSON: {error}", "use plain JSON values") from error
        return LLMatcher.grammar_from_json_schema(text, overrides={"whitespace_pattern": _WHITESPACE})
    if not isinstance(spec.value, str):
        raise RequestError(f"a {spec.kind} grammar is text, not {type(spec.value).__name__}", "pass a string")
    if spec.kind == "lark":
        return LLMatcher.grammar_from_lark(spec.value)
    return LLMatcher.grammar_from_regex(spec.value)
