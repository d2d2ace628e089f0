"""Samples in memory."""

from fathom.data.shards.store import MemoryStore, Sample


def test_documents_are_concatenated() -> None:
    store = MemoryStore([Sample([7, 8, 9]), Sample([]), Sample([4], [False])])
    assert store.offsets.tolist() == [0, 3, 3, 4]
    assert store.read(1, 4).tolist() == [8, 9, 4]
    assert store.read_learned(1, 4).tolist() == [True, True, False]


def test_an_empty_store() -> None:
    assert MemoryStore([]).offsets.tolist() == [0]
