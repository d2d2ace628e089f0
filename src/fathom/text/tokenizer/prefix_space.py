"""The space that a SentencePiece encoder puts before a text, so that its first word has the token of a word inside a
sentence. A text that continues another one must be encoded without it.

It is a Prepend normalizer, or a Metaspace pre-tokenizer with a prepend scheme; either may be within a sequence.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from tokenizers import Tokenizer as Backend


def without_prefix_space(backend: Backend) -> Backend:
    """The same model without added tokens and without that space. It shares the vocabulary, so it takes no memory."""
    bare = Backend(backend.model)
    if (normalizer := _without_prefix(backend.normalizer)) is not None:
        bare.normalizer = normalizer
    if (pre_tokenizer := _without_prefix(backend.pre_tokenizer)) is not None:
        bare.pre_tokenizer = pre_tokenizer
    return bare


def _without_prefix(component: Any) -> Any:
    """A copy of a normalizer or pre-tokenizer; None where nothing is left of it."""
    state = _prune(json.loads(component.__getstate__())) if component is not None else None
    if state is None:
        return None
    bare = copy.deepcopy(component)
    bare.__setstate__(json.dumps(state).encode())
    return bare


def _prune(state: dict[str, Any]) -> dict[str, Any] | None:
    """The serialized component without its parts that put a space before a text."""
    if state["type"] == "Prepend":
        return None
    if state["type"] == "Metaspace":
        return {**state, "prepend_scheme": "never"}
    for key in ("normalizers", "pretokenizers"):
        if key in state:
            return {**state, key: [kept for step in state[key] if (kept := _prune(step)) is not None]}
    return state
