from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fathom.model.config import Llama3Scaling, LongRopeScaling, RopeConfig, YarnScaling
from fathom.model.presets import PRESETS
from fathom.model.rope import Rope, inverse_frequencies, magnitude, softmax_factor

PLAIN = RopeConfig(theta=10_000)


def test_plain_frequencies() -> None:
    expected = [1.0, 0.1, 0.01, 0.001]
    assert inverse_frequencies(PLAIN, 8).tolist() == pytest.approx(expected, rel=1e-6)


def test_deepseek_v3_frequencies() -> None:
    """Of 32 pairs, those up to 10 turn often enough to stay; those from 23 on are slowed by 40 (YaRN, section 3.2)."""
    plain = inverse_frequencies(PLAIN, 64)
    ratio = (plain / inverse_frequencies(PRESETS["deepseek-v3"].rope, 64)).tolist()
    assert ratio[:11] == pytest.approx([1.0] * 11)
    assert ratio[23:] == pytest.approx([40.0] * 9)
    assert all(1 < earlier < later < 40 for earlier, later in pairwise(ratio[11:23]))


def test_llama_3_frequencies() -> None:
    """Wavelengths under 8192/4 stay, those over 8192 are slowed by 8."""
    rope = PRESETS["r1-distill-llama-8b"].rope
    plain = inverse_frequencies(RopeConfig(theta=500_000), 128)
    ratio = plain / inverse_frequencies(rope, 128)
    wavelength = 2 * math.pi / plain
    torch.testing.assert_close(ratio[wavelength < 2048], torch.ones(29))
    torch.testing.assert_close(ratio[wavelength > 8192], torch.full((29,), 8.0))
    blended = ratio[(wavelength >= 2048) & (wavelength <= 8192)]
    assert len(blended) == 6
    assert ((blended > 1) & (blended < 8)).all()


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("deepseek-v3", (0.1 * math.log(40) + 1) ** 2),
        ("deepseek-v2", (0.1 * 0.707 * math.log(40) + 1) ** 2),
        ("r1-distill-llama-8b", 1.0),
        ("qwen3-0.6b", 1.0),
    ],
)
def test_softmax_factor(name: str, factor: float) -> None:
    assert softmax_factor(PRESETS[name].rope) == pytest.approx(factor)
    assert magnitude(PRESETS[name].rope) == 1.0


def test_magnitude_of_yarn_without_deepseeks_term() -> None:
    rope = RopeConfig(scaling=YarnScaling(factor=4, original_max_position=32))
    assert magnitude(rope) == pytest.approx(0.1 * math.log(4) + 1)
    assert softmax_factor(rope) == 1.0
    rotated = Rope(rope, 8).rotation(torch.tensor([[3]])).apply(torch.ones(1, 1, 1, 8))
    assert rotated.norm().item() == pytest.approx(math.sqrt(8) * magnitude(rope))


def test_a_factor_of_one_changes_nothing() -> None:
    rope = RopeConfig(scaling=YarnScaling(factor=1, original_max_position=32, mscale_all_dim=1.0))
    assert inverse_frequencies(rope, 8).tolist() == pytest.approx(inverse_frequencies(PLAIN, 8).tolist())
    assert magnitude(rope) == softmax_factor(rope) == 1.0


def test_rotation_by_hand() -> None:
    """Channel pair (1, 0) at angle 1 becomes (cos 1, sin 1), in either layout."""
    position = torch.tensor([[1]])
    halves = Rope(PLAIN, 4).rotation(position).apply(torch.tensor([1.0, 1.0, 0.0, 0.0]).view(1, 1, 1, 4))
    expected = [math.cos(1), math.cos(0.01), math.sin(1), math.sin(0.01)]
    assert halves.flatten().tolist() == pytest.approx(expected)

    interleaved = RopeConfig(theta=10_000, interleaved=True)
    pairs = Rope(interleaved, 4).rotation(position).apply(torch.tensor([1.0, 0.0, 1.0, 0.0]).view(1, 1, 1, 4))
    expected = [math.cos(1), math.sin(1), math.cos(0.01), math.sin(0.01)]
    assert pairs.flatten().tolist() == pytest.approx(expected)


@pytest.mark.parametrize("interleaved", [False, True])
def test_the_identity_rotates_nothing(interleaved: bool) -> None:
    rotation = Rope(RopeConfig(interleaved=interleaved), 4).rotation(torch.tensor([[3, 900]]))
    x = torch.randn(1, 2, 3, 4)
    assert torch.equal(rotation.identity().apply(x), x)
    assert not torch.equal(rotation.apply(x), x)


@given(
    start=st.integers(0, 2000),
    distance=st.integers(0, 500),
    shift=st.integers(0, 2000),
    interleaved=st.booleans(),
)
def test_scores_depend_on_the_distance_alone(start: int, distance: int, shift: int, interleaved: bool) -> None:
    rope = Rope(RopeConfig(interleaved=interleaved), 8)
    q, k = torch.randn(2, 1, 1, 1, 8, generator=torch.Generator().manual_seed(0)).unbind()

    def score(query: int, key: int) -> float:
        rotated = rope.rotation(torch.tensor([[query]])).apply(q), rope.rotation(torch.tensor([[key]])).apply(k)
        return (rotated[0] * rotated[1]).sum().item()

    assert score(start + distance, start) == pytest.approx(score(start + distance + shift, start + shift), abs=5e-3)


def test_half_precision_rotates_in_float32() -> None:
    rope = Rope(PLAIN, 8)
    x = torch.randn(1, 1, 2, 8, generator=torch.Generator().manual_seed(0)).bfloat16()
    rotation = rope.rotation(torch.tensor([[77_777]]))
    assert rotation.cos.dtype == torch.float32
    assert torch.equal(rotation.apply(x), rotation.apply(x.float()).bfloat16())


def test_frequencies_are_real_on_the_meta_device() -> None:
    with torch.device("meta"):
        rope = Rope(PLAIN, 8)
    rotated = rope.rotation(torch.tensor([[1]])).apply(torch.ones(1, 1, 1, 8))
    assert rotated.device.type == "cpu"


def test_every_row_keeps_its_own_positions() -> None:
    rope = Rope(PLAIN, 8)
    x = torch.ones(2, 3, 1, 8)
    both = rope.rotation(torch.tensor([[0, 1, 2], [5, 9, 7]])).apply(x)
    assert torch.equal(both[1:], rope.rotation(torch.tensor([[5, 9, 7]])).apply(x[1:]))
    assert torch.equal(both[0, 0], x[0, 0])


def test_llama3_is_monotonic() -> None:
    scaling = Llama3Scaling(factor=8, low_freq_factor=1, high_freq_factor=4, original_max_position=64)
    frequencies = inverse_frequencies(RopeConfig(scaling=scaling), 32)
    assert (frequencies.diff() < 0).all()


LONGROPE = RopeConfig(
    scaling=LongRopeScaling(
        short_factors=(1.0, 2.0), long_factors=(4.0, 8.0), original_max_position=8, attention_factor=1.5
    )
)


def test_longrope_divides_each_frequency_by_a_factor_of_its_own() -> None:
    assert inverse_frequencies(LONGROPE, 4).tolist() == pytest.approx([1.0, 0.005])
    assert inverse_frequencies(LONGROPE, 4, long=True).tolist() == pytest.approx([0.25, 0.00125])
    assert magnitude(LONGROPE) == 1.5


def test_the_length_of_a_sequence_chooses_for_all_of_its_positions() -> None:
    rope = Rope(LONGROPE, 4)
    rotation = rope.rotation(torch.tensor([[1, 3, 1]]), torch.tensor([[8, 9, 9]]))
    assert rotation.cos[0, :, 0, 0].tolist() == pytest.approx([1.5 * math.cos(angle) for angle in (1, 0.75, 0.25)])


def test_leading_channels_are_rotated_and_the_others_pass() -> None:
    rotation = Rope(PLAIN, 4).rotation(torch.arange(3)[None])
    x = torch.randn(1, 3, 2, 10)
    out = rotation.apply_first(x)
    torch.testing.assert_close(out[..., :4], rotation.apply(x[..., :4]))
    assert torch.equal(out[..., 4:], x[..., 4:])
