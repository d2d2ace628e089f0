"""Calls in parallel: all results, the first error, and an early end."""

import threading

import pytest

from fathom.train.distill.parallel import imap_unordered


def test_every_call_is_made_once():
    found = sorted(imap_unordered(lambda n: n * n, range(100), 7, lambda: False))
    assert found == [(n, n * n) for n in range(100)]


def test_the_first_error_is_raised():
    def call(number):
        if number == 5:
            raise KeyError("five")
        return number

    with pytest.raises(KeyError, match="five"):
        list(imap_unordered(call, range(10_000), 3, lambda: False))


def test_an_error_of_the_items_is_raised():
    def things():
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        list(imap_unordered(str, things(), 2, lambda: False))


def test_an_abandoned_iterator_starts_no_further_call():
    calls = []
    results = imap_unordered(lambda n: calls.append(n) or n, range(1_000_000), 2, lambda: False)
    next(results)
    results.close()
    assert len(calls) < 1_000_000


def test_stopping_starts_no_further_call():
    stop = threading.Event()
    stop.set()
    assert list(imap_unordered(str, range(5), 3, stop.is_set)) == []
