import pytest
from run_harness import MemoryStore, Process, request, until
from scripted import Script

from fathom.base.errors import FathomError, OverloadedError
from fathom.server.errors import StoppingError
from fathom.server.runs import answering
from fathom.server.runs.together import candidate_seed, count_votes

ANSWERS = (r"a</think>\boxed{1}", r"b</think>\boxed{2}", r"c</think>It is \boxed{2.0}.")


def scripts():
    return [Script(text) for text in ANSWERS]


async def test_the_majority_answers():
    store = MemoryStore()
    store.add(request(thinking="high", together=3))
    process = Process(store, *scripts())
    process.start()
    message = await process.finish()
    vote, answer = message.parts
    assert [(one["thinking"], one["extracted"], one["state"]) for one in vote["candidates"]] == [
        ("a", "1", "done"),
        ("b", "2", "done"),
        ("c", "2.0", "done"),
    ]
    assert (vote["tally"], vote["chosen"]) == ([{"answer": "2", "count": 2}, {"answer": "1", "count": 1}], 1)
    assert answer == {"type": "answer", "text": r"\boxed{2}"}
    seeds = [one.sampling.seed for one in process.served.engine.requests]
    assert seeds == [candidate_seed(7, index) for index in range(3)]
    assert seeds[0] == 7
    assert message.usage["completion_tokens"] == sum(len(text) + 1 for text in ANSWERS)


async def test_a_killed_vote_goes_on():
    for kill_at in (1, 8, 20, 40, 59):
        store = MemoryStore()
        store.add(request(thinking="high", together=3))
        first = Process(store, *scripts())
        first.start()
        await until(lambda at=kill_at, store=store, first=first: generated(store) >= at or first.task.done())
        await first.kill()
        second = Process(store, *scripts())
        second.start()
        message = await second.finish()
        assert (message.state, message.parts[0]["chosen"]) == ("done", 1)
        assert [one["answer"] for one in message.parts[0]["candidates"]] == [a.split("</think>")[1] for a in ANSWERS]
        assert message.parts[1]["text"] == r"\boxed{2}"


def generated(store):
    return sum(len(event["ids"]) for event in store.logs["run"] if event["type"] == "tokens")


async def test_stopping_a_vote_stops_all_candidates():
    store = MemoryStore()
    store.add(request(thinking="high", together=3))
    process = Process(store, Script("x" * 5000))
    execution = process.start()
    await until(lambda: generated(store) > 9)
    execution.interrupts.stop()
    assert (await process.finish()).state == "stopped"
    assert process.served.engine.running == 0


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (FathomError("the model broke", "load it again"), "failed", "the model broke"),
        (StoppingError(), "streaming", None),  # the next server goes on
    ],
)
async def test_what_ends_a_candidate_ends_the_vote_by_its_own_name(error, state, message):
    store = MemoryStore()
    store.add(request(thinking="high", together=3))
    process = Process(store, Script(ANSWERS[0]), Script(ANSWERS[1], late_error=error))
    process.start()
    ended = await process.finish()
    assert (ended.state, (ended.error or {}).get("message")) == (state, message)
    assert process.served.engine.running == 0


async def test_a_full_queue_is_waited_for(monkeypatch):
    monkeypatch.setattr(answering, "WAIT", 0)
    store = MemoryStore()
    store.add(request(thinking="high", together=2))
    process = Process(store, Script(ANSWERS[1]), Script(error=OverloadedError("the queue is full")), *scripts()[1:])
    process.start()
    message = await process.finish()
    assert (message.state, message.parts[0]["tally"]) == ("done", [{"answer": "2", "count": 2}])


def test_votes_are_counted_by_what_they_mean():
    tally, leader = count_votes({0: None, 1: "0.5", 2: "x", 3: "1/2"})
    assert tally == [{"answer": "0.5", "count": 2}, {"answer": "x", "count": 1}]
    assert leader == 1
    assert count_votes({0: None, 1: None}) == ([], 0)
    assert count_votes({}) == ([], 0)
