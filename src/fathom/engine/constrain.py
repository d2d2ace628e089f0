"""Text that must follow a grammar: JSON, a JSON schema, a Lark grammar, a regular expression.

llguidance parses the text byte by byte and says before each token which ones may follow; the sampler sets all others
to minus infinity. The rules hold whatever the model would rather say, so a completion that ends by itself is valid.
Whitespace inside JSON is bounded, because a small model that may write blanks for ever will.

With ``after`` the rules wait until that text has been generated; end tokens are barred until then, so that a model
that thinks first cannot leave without the answer that was asked for.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from functools import cached_property

import numpy as np
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
from numpy.typing import NDArray

from fathom.base.errors import GenerationError, RequestError, TokenizerError
from fathom.engine.request import GrammarSpec
from fathom.engine.vocabulary import Vocabulary

_WHITESPACE = r"[\x20\x0A\x0D\x09]{1,32}"


class SpelledVocabulary:
    """A vocabulary in the shape that llguidance asks for: the bytes of every token, none for an id without one."""

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


class Constraint:
    """Where one completion stands in its grammar. ``complete``: nothing but an end token can follow."""

    def __init__(self, matcher: LLMatcher, vocabulary: SpelledVocabulary, after: str | None, barred: list[int]) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._after = (after or "").encode()
        self._barred = barred
        self._seen = b""  # what may be the beginning of `after`
        self._active = not self._after

    @property
    def complete(self) -> bool:
        return self._active and self._matcher.is_stopped()

    def accept(self, token: int) -> None:
        """Advance by a sampled token. Raises GenerationError where the parser gives up on its own limits."""
        if self._active:
            self._consume([token])
            return
        data = self._seen + self._vocabulary.tokens[token]
        place = data.find(self._after)
        if place < 0:
            self._seen = data[-len(self._after) :]
            return
        self._active = True
        rest = data[place + len(self._after) :].lstrip()  # what the same token carried past the marker
        if rest:
            self._consume(self._vocabulary.parser.tokenize_bytes(rest))

    def allowed_tokens(self) -> NDArray[np.bool_]:
        """(V) which tokens may come next."""
        size = len(self._vocabulary.tokens)
        if not self._active:
            free = np.ones(size, dtype=np.bool_)
            free[self._barred] = False
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


class Grammars:
    """Compiles grammars for one vocabulary and keeps the latest. May be called from any thread.

    ``ends`` are the end tokens, where they are not the vocabulary's own.
    """

    def __init__(self, vocabulary: Vocabulary, ends: frozenset[int] | None = None, *, keep: int = 64) -> None:
        self._source = vocabulary
        self._ends = vocabulary.eos_ids if ends is None else ends
        self._spelled: SpelledVocabulary | None = None
        self._keep = keep
        self._lock = threading.Lock()
        self._matchers: OrderedDict[tuple[str, str], LLMatcher] = OrderedDict()

    def compile(self, spec: GrammarSpec, stops: frozenset[int] = frozenset()) -> Constraint:
        """A constraint at its beginning; ``stops`` are tokens that end the completion beside the end tokens.

        Raises RequestError, with the parser's own words, where the grammar is invalid.
        """
        source = _source(spec)
        key = (spec.kind, source)
        with self._lock:
            vocabulary = self._spelled = self._spelled or SpelledVocabulary(self._source, self._ends)
            parser = vocabulary.parser
            matcher = self._matchers.pop(key, None)
        if matcher is None:
            matcher = LLMatcher(parser, source, log_level=0)  # outside the lock: it can take a while
            if matcher.is_error():
                raise RequestError(f"invalid {spec.kind} grammar: {matcher.get_error()}", "correct the grammar")
        with self._lock:
            self._matchers[key] = matcher
            while len(self._matchers) > self._keep:
                self._matchers.popitem(last=False)
        barred = [token for token in {*vocabulary.ends, *stops} if token < len(vocabulary.tokens)]
        return Constraint(matcher.deep_copy(), vocabulary, spec.after, barred)


def _source(spec: GrammarSpec) -> str:
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
