"""Identifiers: their form, their order, a clock that goes back, and ids of an earlier process."""

from __future__ import annotations

import re
import time

from fathom.server.store.ids import LENGTH, PATTERN, IdSource, milliseconds, new_id


def test_an_id_has_the_form_of_a_ulid():
    assert re.fullmatch(PATTERN, new_id())
    assert len(new_id()) == LENGTH
    known = IdSource(clock=lambda: 1469918176385, random_bits=lambda bits: 0)
    assert known() == "01aryz6s410000000000000000"  # the time of the specification's own example


def test_ids_increase_within_a_millisecond_and_when_the_clock_goes_back():
    moments = iter([1000] * 500 + [10] * 500)
    source = IdSource(clock=lambda: next(moments))
    ids = [source() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


def test_ids_increase_beyond_those_of_an_earlier_process():
    ahead = IdSource(clock=lambda: 5000)()
    source = IdSource(clock=lambda: 4000)
    source.observe(ahead)
    assert source() > ahead
    source.observe("0" * LENGTH)
    assert source() > ahead


def test_the_highest_random_bits_carry_into_the_time():
    source = IdSource(clock=lambda: 7, random_bits=lambda bits: 2**bits - 1)
    first, second = source(), source()
    assert second > first
    assert len(second) == LENGTH


def test_times_are_milliseconds():
    assert abs(milliseconds() - time.time() * 1000) < 60_000
