"""The permutation: every number once, stable, and well mixed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.data.permutation import Permutation, mix


@given(size=st.integers(0, 700), seed=st.integers(0, 2**64), epoch=st.integers(0, 50))
def test_every_number_comes_once(size: int, seed: int, epoch: int) -> None:
    assert sorted(Permutation(size, seed, epoch)) == list(range(size))


def test_the_order_is_part_of_the_format_of_checkpoints() -> None:
    assert list(Permutation(10, seed=0)) == [0, 1, 2, 9, 8, 3, 4, 7, 6, 5]
    assert list(Permutation(10, seed=0, epoch=1)) == [6, 5, 1, 0, 4, 7, 2, 9, 3, 8]


def test_seeds_and_epochs_give_other_orders() -> None:
    orders = {tuple(Permutation(40, seed, epoch)) for seed in range(10) for epoch in range(10)}
    assert len(orders) == 100


def test_neighbours_are_separated() -> None:
    """Neighbors end up a third of the range apart on average, as in a fair shuffle."""
    order = list(Permutation(3000, seed=3))
    apart = sum(abs(a - b) for a, b in pairwise(order)) / 2999
    assert 900 < apart < 1100


def test_mix_is_splitmix64() -> None:
    assert mix(0) == 0xE220A8397B1DCDAF  # the generator's first output for the seed 0


def test_an_index_outside_is_refused() -> None:
    with pytest.raises(IndexError):
        Permutation(3, 0)[3]
