import pytest

from fathom.engine.request import Request, SamplingParams
from fathom.engine.sequence import Sequence, SequenceStatus
from fathom.engine.transcript import Transcript


def sequence(**sampling):
    request = Request((5, 6, 5), SamplingParams(**sampling), cache_salt="s")
    return Sequence(request, 1, arrival=2, limit=10, seed=0, transcript=Transcript(None))


def test_state_transitions():
    one = sequence()
    assert (one.status, one.pending, one.generated, one.order) == (SequenceStatus.WAITING, 3, 0, (2, 1))
    one.admit([4, 7], 2, 2)
    assert (one.status, one.pending, one.published, one.cached_tokens) == (SequenceStatus.RUNNING, 1, 1, 2)
    one.extend([9])
    assert (one.tokens, one.computed, one.generated) == ([5, 6, 5, 9], 3, 1)
    one.extend([8, 7])  # several of one step
    assert (one.tokens, one.pending, one.generated) == ([5, 6, 5, 9, 8, 7], 1, 3)
    assert one.preempt() == [4, 7]
    assert (one.status, one.pending, one.published, one.pages) == (SequenceStatus.WAITING, 6, 0, [])
    one.admit([1, 2], 0, 2)
    assert one.cached_tokens == 2  # counted once
    assert one.finish() == [1, 2]
    assert one.status is SequenceStatus.FINISHED


def test_a_waiting_sequence_may_be_finished():
    one = sequence()
    assert one.finish() == []
    with pytest.raises(AssertionError):
        one.finish()


@pytest.mark.parametrize("move", [lambda s: s.preempt(), lambda s: s.extend([1])])
def test_only_a_running_sequence_is_extended_or_preempted(move):
    with pytest.raises(AssertionError):
        move(sequence())


def test_token_counts_are_kept_only_for_penalties():
    plain, counted, seen = sequence(), sequence(presence_penalty=1), sequence(repetition_penalty=1.1)
    for one in (plain, counted, seen):
        one.admit([0], 0, 16)
        one.extend([8])
        one.extend([8, 8])
    assert (plain.counts, plain.seen) == (None, None)
    assert (counted.counts, counted.seen) == ({8: 3}, None)
    assert (seen.counts, seen.seen) == (None, {5, 6, 8})


def test_page_keys_depend_on_the_tokens():
    one, other = sequence(), sequence()
    one.admit([0, 1], 0, 2)
    (first,) = one.keys(1, 2)
    one.extend([6])
    assert one.keys(2, 2)[0] == first
    other.tokens = [5, 6, 5, 6]
    assert other.keys(2, 2) == one.keys(2, 2)
