"""Length rewards: functions of a completion's token count, added to a verifier's reward."""

from __future__ import annotations

import math

from fathom.base.errors import ConfigError


def soft_overlong(length: int, *, maximum: int, cache: int) -> float:
    """DAPO's soft overlong punishment (arXiv 2503.14476, equation 13): 0, then linear to -1 over the last ``cache``
    tokens before ``maximum``, where completions are truncated.
    """
    if not 0 < cache <= maximum:
        raise ConfigError(f"a cache of {cache} tokens does not fit {maximum}", "choose 0 < cache <= maximum")
    if length <= maximum - cache:
        return 0.0
    return max(-1.0, ((maximum - cache) - length) / cache)


def cosine_reward(
    length: int,
    correct: bool,
    *,
    maximum: int,
    right: tuple[float, float] = (1.0, 0.5),
    wrong: tuple[float, float] = (-0.5, 0.0),
    exceeded: float = -0.5,
) -> float:
    """The cosine reward of Yeo et al. (arXiv 2502.03373, section 4.2): along half a cosine from length 0 to
    ``maximum``.

    ``right`` and ``wrong`` are the rewards at both ends: a right answer earns more if it is short, a wrong one costs
    less if it is long. A completion that reaches ``maximum`` gets ``exceeded``.
    """
    if maximum <= 0:
        raise ConfigError(f"a maximum of {maximum} tokens leaves no room", "choose a positive maximum")
    if length >= maximum:
        return exceeded
    first, last = right if correct else wrong
    return last + (first - last) * (1 + math.cos(math.pi * length / maximum)) / 2
