from run_harness import MemoryStore, request

from fathom.server.runs.log import EventLog
from fathom.server.runs.records import RunEnd
from fathom.server.runs.writer import RunWriter


class Clock:
    seconds = 100.0

    def __call__(self):
        return self.seconds


def writer(events=(), clock=None):
    store = MemoryStore()
    store.add(request())
    return RunWriter("run", EventLog(store, lambda write: None), events, clock or Clock(), delay=0)


def thinking(text):
    return {"type": "thinking", "text": text, "ms": None}


async def test_the_time_of_a_thought_is_written_when_something_follows_it():
    clock = Clock()
    one = writer(clock=clock)
    clock.seconds += 1.5
    one.show(0, [thinking("a")])
    assert one.parts == (thinking("a"),)
    clock.seconds += 1
    one.show(0, [thinking("a"), {"type": "answer", "text": "b"}])
    assert one.parts[0]["ms"] == 2500
    clock.seconds += 1
    one.show(0, [thinking("a"), {"type": "answer", "text": "bc"}])
    assert (one.parts[0]["ms"], one.parts[1]["text"]) == (2500, "bc")


async def test_time_goes_on_where_an_earlier_process_ended():
    clock = Clock()
    events = [{"type": "tokens", "segment": 0, "branch": 0, "ids": [1], "at": 4000, "sequence": 1}]
    one = writer(events, clock)
    clock.seconds += 1
    assert one.elapsed == 5000


async def test_what_waits_is_emitted_once():
    one, calls = writer(), []
    for _ in range(3):
        one.emit_soon(lambda: calls.append(1))
    one.emit_now()
    one.emit_now()
    assert calls == [1]


async def test_the_end_is_an_event():
    one = writer()
    one.append({"type": "started", "message": "m"})
    one.finish(RunEnd("stopped", one.parts, None, {"completion_tokens": 1}, None, 5))
    assert (one.message.state, one.message.usage) == ("stopped", {"completion_tokens": 1})
