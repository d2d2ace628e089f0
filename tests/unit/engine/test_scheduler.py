import pytest

from fathom.engine.pages import PagePool
from fathom.engine.request import Request, SamplingParams
from fathom.engine.scheduler import Scheduler
from fathom.engine.sequence import Sequence, SequenceStatus
from fathom.engine.transcript import Transcript

SIZE = 4


def scheduler(pages=100, *, tokens=10, sequences=8, **options):
    return Scheduler(PagePool(pages), page_size=SIZE, max_batch_tokens=tokens, max_sequences=sequences, **options)


def sequence(arrival, length, *, index=0, salt="", first=0):
    request = Request(tuple(range(first, first + length)), SamplingParams(), cache_salt=salt or str(arrival))
    return Sequence(request, index, arrival=arrival, limit=10**6, seed=0, transcript=Transcript(None))


def step(sched):
    """What was scheduled, as (arrival, tokens); done, with one token sampled where the prompt is complete."""
    work = sched.schedule()
    for item in work:
        last = item.length == item.sequence.pending
        item.sequence.computed += item.length
        if last:
            item.sequence.extend([0])
        sched.publish(item.sequence)
    sched.pool.check_integrity((s.pages, s.computed // SIZE) for s in sched.running)
    return [(item.sequence.order[0], item.length) for item in work]


def test_decodes_are_scheduled_first_and_prompts_share_the_rest_of_the_budget():
    sched = scheduler()
    for arrival, length in enumerate((3, 14, 5)):
        sched.add(sequence(arrival, length))
    assert step(sched) == [(0, 3), (1, 7)]
    assert step(sched) == [(0, 1), (1, 7), (2, 2)]
    assert step(sched) == [(0, 1), (1, 1), (2, 3)]
    assert step(sched) == [(0, 1), (1, 1), (2, 1)]


def test_admission_is_first_come_first_served():
    sched = scheduler(pages=4)
    sched.add(sequence(0, 9))
    sched.add(sequence(1, 8))  # two pages: does not fit beside three
    sched.add(sequence(2, 1))  # would fit
    assert step(sched) == [(0, 9)]
    assert [s.order[0] for s in sched.waiting] == [1, 2]


def test_the_queue_is_in_order_of_arrival():
    sched = scheduler()
    for arrival, index in ((3, 0), (1, 1), (2, 0), (1, 2)):
        sched.add(sequence(arrival, 1, index=index))
    assert [s.order for s in sched.waiting] == [(1, 1), (1, 2), (2, 0), (3, 0)]


def test_max_sequences_holds():
    sched = scheduler(sequences=2)
    for arrival in range(3):
        sched.add(sequence(arrival, 1))
    assert step(sched) == [(0, 1), (1, 1)]


def test_without_pages_the_youngest_is_preempted_and_resumes():
    sched = scheduler(pages=4, tokens=20, prefix_cache=False)
    old, young = sequence(0, 8), sequence(1, 6)
    sched.add(old)
    sched.add(young)
    assert step(sched) == [(0, 8), (1, 6)]
    assert step(sched) == [(0, 1)]  # its third page was the other's
    assert (young.status, young.pages, young.computed, young.generated) == (SequenceStatus.WAITING, [], 0, 1)
    assert step(sched) == [(0, 1)]
    sched.finish(old)
    assert step(sched) == [(1, 7)]
    assert (young.generated, sched.preemptions) == (2, 1)


def test_the_youngest_sequence_preempts_itself():
    sched = scheduler(pages=3, prefix_cache=False)
    for arrival, length in ((0, 5), (1, 4)):
        sched.add(sequence(arrival, length))
    assert step(sched) == [(0, 5), (1, 4)]
    assert step(sched) == [(0, 1)]
    assert [s.order[0] for s in sched.waiting] == [1]


def test_a_shared_prefix_is_computed_once_except_the_last_token():
    sched = scheduler(tokens=100)
    sched.add(sequence(0, 8, salt="same"))
    step(sched)
    sched.add(sequence(1, 8, salt="same"))
    sched.add(sequence(2, 9, salt="same"))
    sched.add(sequence(3, 9, salt="other"))
    assert step(sched) == [(0, 1), (1, 4), (2, 1), (3, 9)]
    assert [s.cached_tokens for s in sched.running] == [0, 4, 8, 0]


def test_failed_admission_allocates_nothing():
    sched = scheduler(pages=3)
    sched.add(sequence(0, 8, salt="same"))
    step(sched)
    sched.add(sequence(1, 16, salt="same"))
    assert step(sched) == [(0, 1)]
    assert sched.waiting[0].pages == []


@pytest.mark.parametrize("admitted", [True, False])
def test_finishing_frees_a_waiting_or_running_sequence(admitted):
    sched = scheduler()
    one = sequence(0, 5)
    sched.add(one)
    if admitted:
        step(sched)
    sched.finish(one)
    sched.finish(one)
    assert not sched.waiting
    assert not sched.running
    assert sched.pool.num_available == 100


def test_a_sequence_that_outgrows_the_short_length_is_computed_again_as_a_long_one():
    sched = scheduler(tokens=20, short_length=6)
    sched.add(sequence(0, 5, salt="same"))
    assert step(sched) == [(0, 5)]
    assert step(sched) == [(0, 1)]  # six tokens are short
    (one,) = sched.running
    assert not one.is_long
    assert step(sched) == [(0, 7)]  # nothing of the short pages is used
    assert one.is_long
    assert step(sched) == [(0, 1)]
    sched.add(sequence(1, 7, salt="same"))
    assert step(sched) == [(0, 1), (1, 3)]  # a long prompt finds the page of the long sequence
    sched.add(sequence(2, 6, salt="same"))
    assert step(sched)[-1] == (2, 2)  # and a short prompt that of the short one


def test_several_steps_end_where_rotations_change():
    sched = scheduler(tokens=20, short_length=6)
    sched.add(sequence(0, 3))
    step(sched)
    assert sched.reserve(sched.schedule(), 8) == 3  # of four, five and six tokens
    step(sched)
    step(sched)
    step(sched)
    assert step(sched) == [(0, 7)]
    assert sched.reserve(sched.schedule(), 8) == 8


def test_without_a_short_length_no_sequence_is_long():
    sched = scheduler()
    sched.add(sequence(0, 9))
    step(sched)
    assert not sched.running[0].is_long
