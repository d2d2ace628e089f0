"""Rotary position embedding (Su et al., arXiv 2104.09864): plain, linear, YaRN as DeepSeek scales it, Llama 3.1's, and
LongRoPE.

The frequencies are a function of the configuration, not state: they are no buffer, so that building on the meta
device, loading a checkpoint or casting the model to bfloat16 cannot disturb them. Angles are computed once per forward
from the positions at hand and shared by every layer. A table over all positions was refused: at 163 840 positions it
holds 80 MB to save three small operations.

Everything up to the rotation is float32, in the very order of operations that the published models were trained with:
at position 100 000 one unit in the last place of a frequency already turns a channel by 0.01.

    B batch · T tokens · H heads · R rotary channels
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from fathom.kernels import rope as operations
from fathom.model.config import LinearScaling, Llama3Scaling, LongRopeScaling, RopeConfig, YarnScaling


@dataclass(frozen=True, slots=True)
class Rotation:
    """The angles of the tokens at hand, shared by all layers.

    ``sin`` carries the sign of the partner channel, so that a rotation is x·cos + partner(x)·sin.
    """

    cos: Tensor  # (B, T, 1, R) float32
    sin: Tensor  # (B, T, 1, R) float32
    interleaved: bool

    def identity(self) -> Rotation:
        """The rotation that changes nothing, of the same tokens: for layers without positions (NoPE)."""
        return Rotation(torch.ones_like(self.cos), torch.zeros_like(self.sin), self.interleaved)

    def apply(self, x: Tensor) -> Tensor:
        """Rotate the last R channels of x (B, T, H, N + R); the result has x's dtype."""
        return operations.rotate(x, self.cos, self.sin, self.interleaved)

    def apply_first(self, x: Tensor) -> Tensor:
        """Rotate the first R channels of x (B, T, H, R + N); the others pass."""
        rotary = self.cos.shape[-1]
        if rotary == x.shape[-1]:
            return self.apply(x)
        return torch.cat((self.apply(x[..., :rotary]), x[..., rotary:]), -1)

    def keys(self, expanded: Tensor, rope: Tensor, value_dim: int) -> tuple[Tensor, Tensor]:
        """What MLA's heads attend over: expanded (B, T, H, N + V), rope (B, T, R), which all heads share → keys
        (B, T, H, N + R) and values (B, T, H, V).
        """
        return operations.mla_keys(expanded, rope, self.cos, self.sin, self.interleaved, value_dim)


class Rope:
    """Positions to angles."""

    def __init__(self, config: RopeConfig, dim: int) -> None:
        self.interleaved = config.interleaved
        self.magnitude = magnitude(config)
        self.short_length = (
            config.scaling.original_max_position if isinstance(config.scaling, LongRopeScaling) else None
        )
        cpu = torch.device("cpu")
        self._frequencies = {cpu: inverse_frequencies(config, dim)}
        self._long = {cpu: inverse_frequencies(config, dim, long=True)} if self.short_length else {}

    def rotation(self, positions: Tensor, lengths: Tensor | None = None) -> Rotation:
        """The rotation of positions (B, T), any integer dtype, on their device.

        ``lengths`` are those of the tokens' sequences, broadcastable to (B, T): LongRoPE rotates a sequence of more
        than ``short_length`` tokens by other frequencies.
        """
        frequencies = self._on(positions.device, self._frequencies)  # (R/2)
        if self.short_length is not None:
            assert lengths is not None, "longrope depends on the sequence's length"
            is_long = (lengths > self.short_length)[..., None, None]  # (B, T, 1, 1)
            frequencies = torch.where(is_long, self._on(positions.device, self._long), frequencies)
        angles = positions.float()[..., None, None] * frequencies  # (B, T, 1, R/2)
        cos, sin = angles.cos(), angles.sin()
        if self.magnitude != 1.0:
            cos, sin = cos * self.magnitude, sin * self.magnitude
        if self.interleaved:
            cos, sin = cos.repeat_interleave(2, -1), torch.stack((-sin, sin), -1).flatten(-2)
        else:
            cos, sin = torch.cat((cos, cos), -1), torch.cat((-sin, sin), -1)
        return Rotation(cos, sin, self.interleaved)

    @staticmethod
    def _on(device: torch.device, copies: dict[torch.device, Tensor]) -> Tensor:
        if device not in copies:
            copies[device] = copies[torch.device("cpu")].to(device)
        return copies[device]


def inverse_frequencies(config: RopeConfig, dim: int, *, long: bool = False) -> Tensor:
    """Radians per position of each channel pair: (dim/2,) float32 on the CPU, fastest first. ``long``: LongRoPE's for
    sequences beyond the original length.
    """
    exponents = torch.arange(0, dim, 2, dtype=torch.float32, device="cpu") / dim
    periods = config.theta**exponents  # positions per radian
    match config.scaling:
        case None:
            return 1.0 / periods
        case LinearScaling():
            return 1.0 / periods / config.scaling.factor
        case YarnScaling():
            return _yarn(periods, config.theta, config.scaling, dim)
        case Llama3Scaling():
            return _llama3(1.0 / periods, config.scaling)
        case LongRopeScaling(short_factors=short_factors, long_factors=long_factors):
            factors = torch.tensor(long_factors if long else short_factors, dtype=torch.float32, device="cpu")
            return 1.0 / (factors * periods)


def magnitude(config: RopeConfig) -> float:
    """The factor on cos and sin. YaRN sharpens attention by it (arXiv 2309.00071, section 3.4); DeepSeek divides out
    what :func:`softmax_factor` applies to the whole score, so that equal ``mscale`` terms give exactly 1.
    """
    scaling = config.scaling
    if isinstance(scaling, LongRopeScaling):
        return scaling.attention_factor
    if not isinstance(scaling, YarnScaling):
        return 1.0
    own = scaling.attention_factor
    if own is None:
        own = _mscale(scaling.factor, scaling.mscale) / _mscale(scaling.factor, scaling.mscale_all_dim)
    return own * scaling.attn_factor


def softmax_factor(config: RopeConfig) -> float:
    """The factor m² on the softmax scale of MLA under YaRN, m = 0.1 · mscale_all_dim · ln(factor) + 1.

    Rotary channels are only part of an MLA head; scaling cos and sin would miss the others.
    """
    if not isinstance(config.scaling, YarnScaling):
        return 1.0
    return _mscale(config.scaling.factor, config.scaling.mscale_all_dim) ** 2


def _mscale(factor: float, mscale: float) -> float:
    return 1.0 if factor <= 1 else 0.1 * mscale * math.log(factor) + 1.0


def _yarn(periods: Tensor, theta: float, scaling: YarnScaling, dim: int) -> Tensor:
    """Interpolate slow channels by ``factor``, leave fast ones, blend in between (arXiv 2309.00071, section 3.2)."""

    def channel(rotations: float) -> float:  # the pair that turns `rotations` times over the original length
        return dim * math.log(scaling.original_max_position / (rotations * 2 * math.pi)) / (2 * math.log(theta))

    low, high = channel(scaling.beta_fast), channel(scaling.beta_slow)
    if scaling.truncate:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dim - 1)
    ramp = (torch.arange(dim // 2, dtype=torch.float32, device="cpu") - low) / max(high - low, 0.001)
    keep = 1 - ramp.clamp(0, 1)  # 1: extrapolate, 0: interpolate
    return 1.0 / (scaling.factor * periods) * (1 - keep) + 1.0 / periods * keep


def _llama3(plain: Tensor, scaling: Llama3Scaling) -> Tensor:
    """Slow by ``factor`` the channels whose wavelength exceeds the original context, blend the medium ones."""
    wavelengths = 2 * math.pi / plain
    turns = scaling.original_max_position / wavelengths
    smooth = (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor)
    smooth = smooth.clamp(0, 1)  # 0: slow, 1: fast
    return (1 - smooth) * plain / scaling.factor + smooth * plain
