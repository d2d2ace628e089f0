from run_harness import MemoryStore, request

from fathom.server.runs.active import TAIL, ActiveRun, public_events


def delta(number, text="a"):
    return {"type": "delta", "part": 0, "kind": "answer", "text": text, "sequence": number}


def active(events=()):
    return ActiveRun(MemoryStore().add(request()), None, events)


def test_readers_see_no_tokens():
    events = [
        delta(1),
        {"type": "tokens", "sequence": 2},
        {"type": "segment", "sequence": 3},
        {"type": "segment_ended", "sequence": 4},
    ]
    assert public_events(events) == [delta(1)]


def test_a_reader_gets_what_it_lacks_or_learns_that_it_lacks_too_much():
    run = active([delta(1), delta(2)])
    assert run.take([delta(3), {"type": "tokens", "sequence": 4}]) == [delta(3)]
    assert run.events_after(0) == [delta(1), delta(2), delta(3)]
    assert run.events_after(2) == [delta(3)]
    assert run.events_after(3) == []
    assert run.events_after(9) is None, "a number of another process, which was never stored"
    assert run.message.parts[0]["text"] == "aaa"
    assert run.seed == 7


def test_only_the_last_events_are_kept():
    run = active(delta(number) for number in range(1, TAIL + 2))
    assert run.events_after(0) is None
    assert run.events_after(1) is None
    assert len(run.events_after(2)) == TAIL - 1
    assert len(run.message.parts[0]["text"]) == TAIL + 1
