"""A pseudo-random permutation, computed rather than stored.

A training run must resume at its position: on another number of ranks, on another machine, after an upgrade. A stored
shuffle takes memory in proportion to the data; one from a library's random generator may change with the library
(NumPy's may, by NEP 19). So the order is computed: a Feistel network over the next power of four, iterated until the
result is inside the range (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). Any position of the order
is computed without those before it.
"""

from __future__ import annotations

_ROUNDS = 6
_MASK = (1 << 64) - 1


def mix(value: int) -> int:
    """The finalizer of SplitMix64: a bijection of 64-bit numbers with well-mixed output."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class Permutation:
    """The numbers 0 … ``size`` − 1 in an order determined by ``seed`` and ``epoch``. ``order[i]`` is O(1)."""

    def __init__(self, size: int, seed: int, epoch: int = 0) -> None:
        self._size = size
        self._half = max(1, ((max(size, 1) - 1).bit_length() + 1) // 2)
        start = mix(mix(seed & _MASK) ^ epoch)
        self._keys = [mix(start + number) for number in range(_ROUNDS)]

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> int:
        if not 0 <= index < self._size:
            raise IndexError(index)
        while True:  # fewer than four iterations on average: the domain is less than four times the range
            index = self._feistel(index)
            if index < self._size:
                return index

    def _feistel(self, value: int) -> int:
        half, ones = self._half, (1 << self._half) - 1
        left, right = value >> half, value & ones
        for key in self._keys:
            left, right = right, left ^ (mix(right ^ key) & ones)
        return left << half | right
