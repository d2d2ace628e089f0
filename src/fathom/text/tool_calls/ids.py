"""Ids of tool calls for templates that take only a certain form: Mistral's want nine letters and digits.

Ids belong to the client, which may have them from this server or from another. In such a template's prompt an id that
does not fit is replaced by a hash of it, so that a call and its result keep one id in every request.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Iterable, Iterator
from dataclasses import replace

from fathom.types import Message

_ALPHABET = string.ascii_letters + string.digits


def fit_call_ids(messages: Iterable[Message], length: int) -> Iterator[Message]:
    """The messages with every id of a tool call as ``length`` letters and digits."""
    for message in messages:
        calls = tuple(replace(call, id=_fit(call.id, length)) for call in message.tool_calls)
        result = message.tool_call_id
        if message.role == "tool" and result is None:  # such a template wants an id, and no call can be known
            result = ""
        yield replace(message, tool_calls=calls, tool_call_id=None if result is None else _fit(result, length))


def _fit(call_id: str, length: int) -> str:
    if len(call_id) == length and all(character in _ALPHABET for character in call_id):
        return call_id
    number = int.from_bytes(hashlib.sha256(call_id.encode("utf-8", "replace")).digest())
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(digits)
