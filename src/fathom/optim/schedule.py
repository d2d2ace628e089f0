"""Schedules of learning rates and other quantities over a run: pure functions from progress to a factor, without state.

*Step* counts updates from 0; *progress* is step / total, in [0, 1). Warm-up ends at exactly 1 and its first update is
not wasted at 0, so update ``step`` has factor (step + 1) / warmup.

DeepSeek-V3 (section 4.2) states its schedules in tokens of 14.8 T. Here they are fractions of the run, so that one
recipe fits any length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

V3_TOKENS = 14.8e12
V3_HOLD_END = 10e12 / V3_TOKENS
"""Where V3's learning rate begins to fall and its MTP weight drops."""
V3_COSINE_END = 14.3e12 / V3_TOKENS
"""Where V3's learning rate reaches a tenth and the balancing bias is frozen."""
V3_TENTH_END = (14.3e12 + 333e9) / V3_TOKENS
V3_RAMP_END = 469e9 / V3_TOKENS
"""Where V3's batch reaches its full size."""
V3_TENTH = 2.2e-5 / 2.2e-4
V3_LAST = 7.3e-6 / 2.2e-4


def warmup(step: int, steps: int) -> float:
    """From 1/steps to 1 over the first ``steps`` updates; 1 from then on."""
    return min(1.0, (step + 1) / steps) if steps > 0 else 1.0


def constant(progress: float) -> float:  # noqa: ARG001 - one signature for all shapes
    return 1.0


def linear(progress: float, floor: float = 0.0) -> float:
    """A straight line from 1 to ``floor``."""
    return 1.0 - (1.0 - floor) * _unit(progress)


def cosine(progress: float, floor: float = 0.0) -> float:
    """Half a cosine from 1 to ``floor``."""
    return floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * _unit(progress)))


def stable_decay(progress: float, decay: float, floor: float = 0.0) -> float:
    """1, then a straight line to ``floor`` over the last fraction ``decay`` of the run (WSD, arXiv 2404.06395)."""
    if decay <= 0 or progress <= 1.0 - decay:
        return 1.0
    return linear((progress - (1.0 - decay)) / decay, floor)


def deepseek_v3(progress: float) -> float:
    """V3, section 4.2: constant, a cosine to a tenth, a tenth, and a last stretch at 7.3e-6 / 2.2e-4."""
    if progress < V3_HOLD_END:
        return 1.0
    if progress < V3_COSINE_END:
        return cosine((progress - V3_HOLD_END) / (V3_COSINE_END - V3_HOLD_END), V3_TENTH)
    return V3_TENTH if progress < V3_TENTH_END else V3_LAST


def piecewise(progress: float, points: Sequence[tuple[float, float]]) -> float:
    """The value of the last point (start, value) whose start is reached; points lie in order and the first is 0.

    V3's MTP weight is ((0, 0.3), (V3_HOLD_END, 0.1)), the speed of its balancing bias ((0, 0.001), (V3_COSINE_END, 0)).
    """
    value = points[0][1]
    for start, later in points:
        if progress >= start:
            value = later
    return value


def ramp(progress: float, start: int, end: int, until: float) -> int:
    """A whole number that grows from ``start`` to ``end`` in a straight line over the first fraction ``until``.

    V3 grows its batch from 3072 to 15360 sequences until V3_RAMP_END.
    """
    if until <= 0 or progress >= until:
        return end
    return start + math.floor((end - start) * progress / until)


def _unit(progress: float) -> float:
    return min(max(progress, 0.0), 1.0)
