"""Axes: where a value stands between two ends, and which values are written beside the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Scale:
    """From ``low`` to ``high`` (in values) onto ``begin`` to ``end`` (in the drawing)."""

    low: float
    high: float
    begin: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high = (log10(self.low), log10(self.high)) if self.log else (self.low, self.high)
        place = log10(max(value, self.low)) if self.log else value
        share = (place - low) / (high - low) if high > low else 0.5
        return self.begin + min(1.0, max(0.0, share)) * (self.end - self.begin)


def linear_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values within [low, high], at most ``most``."""
    if not high > low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** floor(log10(raw))
    step = next(base * power for base in STEPS if base * power >= raw * (1 - 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """1, 2 and 5 of every power of ten, or fewer."""
    powers = range(floor(log10(low)) - 1, ceil(log10(high)) + 2)
    for bases in ((1, 2, 5), (1, 3), (1,)):
        ticks = [tick for power in powers for base in bases if low <= (tick := base * 10.0**power) * (1 + 1e-9)]
        ticks = [tick for tick in ticks if tick <= high * (1 + 1e-9)]
        if len(ticks) <= most:
            return ticks or [low, high]
    return ticks[:: ceil(len(ticks) / most)]


def extent(values: Sequence[float], *, log: bool = False, zero: bool = False) -> tuple[float, float]:
    """The ends of an axis that holds ``values``, with a little room; (0, 1) for none."""
    if not values:
        return (0.1, 1.0) if log else (0.0, 1.0)
    low, high = min(values), max(values)
    if log:
        room = (high / low) ** 0.06 if high > low else 2.0
        return low / room, high * room
    if zero:
        low = min(0.0, low)
    if low == high:
        room = abs(low) / 10 or 1.0
        return (low if zero and low == 0 else low - room), high + room
    room = (high - low) * 0.06
    return (low if zero and low == 0 else low - room), high + room


def tick_label(value: float, ticks: Sequence[float], *, share: bool = False) -> str:
    """A tick as short as its neighbours allow; ``share`` writes percent."""
    if share:
        value, ticks = value * 100, [tick * 100 for tick in ticks]
    magnitude = max((abs(tick) for tick in ticks), default=abs(value))
    if magnitude >= 10_000:
        for bound, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
            if magnitude >= bound:
                return f"{_short(value / bound)}{unit if value else ''}"
    if 0 < abs(value) < 0.001:
        exponent = floor(log10(abs(value)) + 1e-9)
        return f"{_short(value / 10.0**exponent)}e{exponent}".replace("-", "\u2212")
    return _short(value) + ("%" if share else "")


def _short(value: float) -> str:
    return f"{value:.4g}".replace("-", "\u2212") if value else "0"
