from __future__ import annotations

import os
import signal
import threading

import pytest

from fathom.train.run.stopping import stop_on_signal


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_sets_the_flag(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_on_signal() as stopping:
        assert not stopping()
        os.kill(os.getpid(), number)
        assert stopping()
    assert signal.getsignal(number) is before


def test_the_second_interrupt_raises() -> None:
    with stop_on_signal():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_outside_the_main_thread_no_signal_is_handled() -> None:
    answers = []

    def work() -> None:
        with stop_on_signal() as stopping:
            answers.append(stopping())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [False]
