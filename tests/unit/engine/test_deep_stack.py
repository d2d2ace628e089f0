"""Calls on a thread with a large stack."""

from __future__ import annotations

import threading

import pytest

from fathom.engine.deep_stack import STACK_BYTES, call_with_deep_stack


def test_the_result_and_the_error_are_those_of_the_call():
    assert call_with_deep_stack(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        call_with_deep_stack(lambda: 1 // 0)


def test_other_threads_keep_their_size(monkeypatch):
    sizes = []
    start = threading.Thread.start

    def observed(thread):
        sizes.append(threading.stack_size())
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", observed)
    before = threading.stack_size()
    call_with_deep_stack(int)
    assert sizes == [STACK_BYTES]
    assert threading.stack_size() == before
