"""The loader: its order does not depend on interruptions or on the number of ranks."""

from itertools import islice

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fathom.base.errors import ConfigError, DataError
from fathom.data.packing.batch import PackedDataset
from fathom.data.packing.loader import Loader, MixturePart
from fathom.data.packing.plan import StreamPlan
from fathom.data.shards.store import MemoryStore, Sample


def dataset(rows: int, first: int = 0, length: int = 2) -> PackedDataset:
    """Row i holds the token first + i, ``length`` times."""
    store = MemoryStore(Sample([first + row] * length) for row in range(rows))
    return PackedDataset(store, StreamPlan(store.offsets, length))


def names(batch: object) -> list[int]:
    return batch.tokens[:, 0].tolist()  # type: ignore[attr-defined]


@settings(max_examples=60)
@given(st.data())
def test_a_resumed_run_sees_what_an_uninterrupted_one_sees(data: st.DataObject) -> None:
    """Killed at any step, any number of times, and resumed on another number of ranks each time."""
    batch, seed = data.draw(st.sampled_from([4, 6, 12])), data.draw(st.integers(0, 1000))
    parts = [
        MixturePart(dataset(data.draw(st.integers(1, 30)), 100 * at), data.draw(st.sampled_from([1, 2, 0.3])))
        for at in range(2)
    ]
    whole = Loader(parts, batch, seed=seed)
    expected = [names(next(whole)) for _ in range(12)]
    seen: list[list[int]] = []
    state = Loader(parts, batch, seed=seed).state_dict()
    while len(seen) < 12:
        world = data.draw(st.sampled_from([n for n in (1, 2, 3, 4) if batch % n == 0]))
        ranks = [Loader(parts, batch, seed=seed, rank=rank, world=world) for rank in range(world)]
        for rank in ranks:
            rank.load_state_dict(state)
        for _ in range(data.draw(st.integers(1, 12 - len(seen)))):
            seen.append([name for rank in ranks for name in names(next(rank))])
        states = [rank.state_dict() for rank in ranks]
        assert all(other == states[0] for other in states)
        state = states[0]
    assert seen == expected


@given(rows=st.integers(1, 40), batch=st.integers(1, 9), epochs=st.integers(1, 3), seed=st.integers(0, 99))
def test_an_epoch_shows_every_row_once(rows: int, batch: int, epochs: int, seed: int) -> None:
    loader = Loader(dataset(rows), batch, seed=seed, epochs=epochs)
    seen = [
        (int(row[0]), bool(mask.any())) for one in loader for row, mask in zip(one.tokens, one.loss_mask, strict=True)
    ]
    real = [name for name, learned in seen if learned]
    assert len(seen) % batch == 0
    assert [sorted(real[at : at + rows]) for at in range(0, len(real), rows)] == [list(range(rows))] * epochs
    assert loader.finished
    assert loader.epoch == epochs


def test_every_epoch_has_its_own_order() -> None:
    loader = Loader(dataset(50), 50, seed=1)
    orders = [names(next(loader)) for _ in range(3)]
    assert len({tuple(order) for order in orders}) == 3
    assert all(sorted(order) == list(range(50)) for order in orders)


def test_without_shuffling_rows_come_in_stored_order() -> None:
    assert [names(batch) for batch in islice(Loader(dataset(4), 3, shuffle=False), 2)] == [[0, 1, 2], [3, 0, 1]]


def test_a_mixture_keeps_its_shares_at_every_moment() -> None:
    loader = Loader([MixturePart(dataset(7), 3), MixturePart(dataset(5, 100), 1)], 4, seed=5)
    for _ in range(20):
        assert sum(name >= 100 for name in names(next(loader))) == 1


def test_batches_may_grow() -> None:
    plain, ramped = Loader(dataset(30), 6, seed=2), Loader(dataset(30), 6, seed=2)
    rows = names(ramped.take(2)) + names(ramped.take(4)) + names(next(ramped))
    assert rows == names(next(plain)) + names(next(plain))
    assert ramped.taken == 12


def test_the_last_batch_is_filled_with_padding() -> None:
    batches = list(Loader(dataset(3), 2, epochs=1, shuffle=False, pad=9))
    assert batches[1].tokens.tolist() == [[2, 2], [9, 9]]
    assert batches[1].documents.tolist() == [[0, 0], [-1, -1]]
    assert batches[1].loss_mask.tolist() == [[True, False], [False, False]]


@pytest.mark.parametrize(("epochs", "rows"), [(0.5, 3), (1.5, 9), (2, 12), (0.01, 1)])
def test_parts_of_epochs(epochs: float, rows: int) -> None:
    loader = Loader(dataset(6), 4, epochs=epochs)
    taken = [int((batch.documents[:, 0] >= 0).sum()) for batch in loader]
    assert sum(taken) == loader.taken == rows
    assert len(taken) == -(-rows // 4)


def test_short_rows_are_padded_with_the_pad_token() -> None:
    store = MemoryStore([Sample([1, 2, 3])])
    batch = next(Loader(PackedDataset(store, StreamPlan(store.offsets, 5)), 1, pad=8))
    assert torch.equal(batch.tokens, torch.tensor([[1, 2, 3, 8, 8]]))


class TestRefusals:
    def test_a_state_of_other_data(self) -> None:
        state = Loader(dataset(5), 1).state_dict()
        with pytest.raises(ConfigError, match="the data have changed since the checkpoint was written, or are packed"):
            Loader(dataset(6), 1).load_state_dict(state)

    def test_a_state_of_another_seed(self) -> None:
        state = Loader(dataset(5), 1, seed=1).state_dict()
        with pytest.raises(ConfigError, match="seed is 1, not 2"):
            Loader(dataset(5), 1, seed=2).load_state_dict(state)

    def test_a_batch_that_ranks_cannot_share(self) -> None:
        with pytest.raises(
            ConfigError, match="a batch of 5 rows cannot be shared among 2 ranks; choose a multiple of 2"
        ):
            Loader(dataset(5), 5, world=2)

    def test_no_rows(self) -> None:
        with pytest.raises(DataError, match="nothing to train on"):
            Loader(dataset(0), 1)

    @pytest.mark.parametrize(
        ("parts", "message"),
        [
            ([MixturePart(dataset(1), 0.0)], "not above 0"),
            ([MixturePart(dataset(1)), MixturePart(dataset(1, length=3))], "different lengths"),
        ],
    )
    def test_invalid_mixtures(self, parts: list[MixturePart], message: str) -> None:
        with pytest.raises(ConfigError, match=message):
            Loader(parts, 1)

    def test_epochs_of_a_mixture(self) -> None:
        with pytest.raises(ConfigError, match="no epochs"):
            Loader([MixturePart(dataset(1)), MixturePart(dataset(2))], 1, epochs=1)
