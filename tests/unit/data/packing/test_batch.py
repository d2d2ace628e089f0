"""Rows and batches: positions, document numbers and targets that stay inside their document."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fathom.data.packing.batch import IGNORE, PADDING, PackedDataset, collate
from fathom.data.packing.plan import BestFitPlan, PackingPlan, StreamPlan
from fathom.data.shards.store import MemoryStore, Sample

documents = st.lists(st.lists(st.booleans(), max_size=12), max_size=12)


def numbered(learned: list[list[bool]]) -> MemoryStore:
    """Documents in which every token is unique, so that it names its place."""
    first, samples = 1, []
    for flags in learned:
        samples.append(Sample(range(first, first + len(flags)), flags))
        first += len(flags)
    return MemoryStore(samples)


def plans(store: MemoryStore, length: int) -> list[PackingPlan]:
    return [StreamPlan(store.offsets, length), BestFitPlan(store.offsets, length)]


@given(documents, st.integers(1, 9))
def test_nothing_is_lost_and_no_target_is_in_another_document(learned: list[list[bool]], length: int) -> None:
    store = numbered(learned)
    ends = set(store.offsets.tolist())
    flags = [flag for document in learned for flag in document]
    for plan in plans(store, length):
        data = PackedDataset(store, plan)
        seen = []
        for index in range(len(data)):
            row = data[index]
            assert (
                len({len(part) for part in (row.tokens, row.targets, row.positions, row.documents, row.loss_mask)}) == 1
            )
            for token, target, counts in zip(row.tokens, row.targets, row.loss_mask, strict=True):
                seen.append(token)
                if token in ends:  # tokens count from 1, so a document's last token is its end
                    assert (target, counts) == (IGNORE, False)
                else:
                    assert (target, counts) == (token + 1, flags[token])
        assert sorted(seen) == list(range(1, len(flags) + 1))


@given(documents, st.integers(1, 9))
def test_positions_count_within_a_document(learned: list[list[bool]], length: int) -> None:
    store = numbered(learned)
    for plan in plans(store, length):
        data = PackedDataset(store, plan)
        for index in range(len(data)):
            row = data[index]
            for at in range(len(row.tokens)):
                same = at > 0 and row.documents[at] == row.documents[at - 1]
                assert row.positions[at] == (row.positions[at - 1] + 1 if same else 0)
                assert at == 0 or same == (row.targets[at - 1] == row.tokens[at])


def test_a_literal_batch() -> None:
    store = MemoryStore(
        [Sample([1, 2, 3]), Sample([4, 5], [False, True]), Sample([6, 7, 8, 9], [False, False, True, True])]
    )
    data = PackedDataset(store, StreamPlan(store.offsets, 5))
    batch = collate([data[0], data[1]], 5, pad=99)
    assert batch.tokens.tolist() == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 99]]
    assert batch.targets.tolist() == [[2, 3, IGNORE, 5, IGNORE], [7, 8, 9, IGNORE, IGNORE]]
    assert batch.positions.tolist() == [[0, 1, 2, 0, 1], [0, 1, 2, 3, 0]]
    assert batch.documents.tolist() == [[0, 0, 0, 1, 1], [0, 0, 0, 0, PADDING]]
    assert batch.loss_mask.int().tolist() == [[1, 1, 0, 1, 0], [0, 1, 1, 0, 0]]
    assert batch.labels.tolist() == [[2, 3, IGNORE, 5, IGNORE], [IGNORE, 8, 9, IGNORE, IGNORE]]
    assert batch.counted == 5


def test_a_cut_document_has_the_target_after_the_cut() -> None:
    store = MemoryStore([Sample([1, 2, 3, 4])])
    data = PackedDataset(store, StreamPlan(store.offsets, 3))
    assert data[0].targets.tolist() == [2, 3, 4]
    assert data[1].targets.tolist() == [IGNORE]


def test_a_batch_splits_into_micro_batches() -> None:
    store = MemoryStore([Sample(range(12))])
    data = PackedDataset(store, StreamPlan(store.offsets, 4))
    batch = collate([data[i] for i in range(3)], 4).to("cpu")
    parts = batch.split(2)
    assert [part.tokens.shape[0] for part in parts] == [2, 1]
    assert torch.equal(torch.cat([part.targets for part in parts]), batch.targets)


def test_the_fingerprint_depends_on_tokens_flags_and_plan() -> None:
    stores = [
        MemoryStore([Sample([1, 2])]),
        MemoryStore([Sample([1, 3])]),
        MemoryStore([Sample([1, 2], [True, False])]),
    ]
    prints = {PackedDataset(store, StreamPlan(store.offsets, n)).fingerprint for store in stores for n in (2, 3)}
    assert len(prints) == 6


def test_flags_must_match_the_tokens() -> None:
    with pytest.raises(ValueError, match="2 tokens and 1 flags"):
        MemoryStore([Sample([1, 2], [True])])
