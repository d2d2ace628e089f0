"""Identifiers of stored rows: ULIDs (https://github.com/ulid/spec) in lower case.

26 characters of Crockford's base 32: 48 bits of milliseconds, then 80 random bits. They sort by creation as plain text,
are made by the server alone, and cannot be guessed. Within a process each is greater than the one before, also within a
millisecond and when the clock goes back; `IdSource.observe` keeps that across restarts.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 26
PATTERN = f"^[{ALPHABET}]{{{LENGTH}}}$"
"""A JSON schema pattern for an id."""

_RANDOM_BITS = 80
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def milliseconds() -> int:
    """The present time, in milliseconds since 1970 (UTC): the unit of every stored time."""
    return time.time_ns() // 1_000_000


class IdSource:
    """Makes increasing ids. ``clock`` returns milliseconds, ``random_bits`` that many random bits. Safe in threads."""

    def __init__(
        self, clock: Callable[[], int] = milliseconds, random_bits: Callable[[int], int] = secrets.randbits
    ) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._last = -1
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            moment = self._clock() << _RANDOM_BITS
            if moment >> _RANDOM_BITS > self._last >> _RANDOM_BITS:
                self._last = moment | self._random_bits(_RANDOM_BITS)
            else:  # the same millisecond, or the clock went back; a step below 2^64 leaves room for 65 536 more
                self._last += 1 + self._random_bits(64)
            return _encode(self._last)

    def observe(self, other: str) -> None:
        """Make every later id greater than ``other``: what a database already holds."""
        value = 0
        for character in other:
            value = value << 5 | _VALUES[character]
        with self._lock:
            self._last = max(self._last, value)


def _encode(value: int) -> str:
    return "".join(ALPHABET[value >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


new_id = IdSource()
"""The process's source of ids: ``new_id()``."""
