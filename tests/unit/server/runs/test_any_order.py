"""Any interleaving of steps, kills, failures of the disk, stops and consents ends in one prefix-consistent message."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from run_harness import EchoTool, MemoryStore, Process, Tools, request
from scripted import Script

from fathom.base.errors import StorageError
from fathom.server.runs.fold import fold

CALL = '<tool_call>\n{"name": "echo", "arguments": {"a": "é"}}\n</tool_call>'
SCRIPTS = ("<think>\nHm, né?\n\n</think>\n\nI look.\n" + CALL, "<think>So.</think>It is: é\n")
FULL = StorageError("the disk is full")


def shown(message):
    """What a message says, without times."""
    return [
        (part["type"], part.get("text"), part.get("arguments"), part.get("state"), part.get("result"))
        for part in message.parts
    ]


def process(store):
    """A process that plays the scripts of the segments that are not at their end."""
    ended = sum(event["type"] == "segment_ended" for event in store.logs["run"])
    return Process(store, *map(Script, SCRIPTS[ended:]), toolbox=Tools((EchoTool(),)))


async def whole():
    store = MemoryStore()
    store.add(request(tools=("echo",)))
    one = process(store)
    one.start()
    return shown(await one.finish())


async def play(actions):
    """Do ``actions`` to a run, then let it end; every state of the log that was stored, and the end."""
    store = MemoryStore()
    store.add(request(tools=("echo",)))
    states, stopped = [], False
    one = process(store)
    one.start()
    for action, count in actions:
        if action == "kill" and not one.task.done():
            await one.kill()
            store.failing = None
            one = process(store)
            one.start()
        elif action == "fail":
            store.failing = FULL if count % 2 else None
        elif action == "stop" and count == 7:
            one.execution.interrupts.stop()
            stopped = True
            break
        for _ in range(count):
            await asyncio.sleep(0)
        states.append(fold(store.logs["run"]))
    store.failing = None
    if not one.task.done() or not store.logs["run"] or store.logs["run"][-1]["type"] != "finished":
        await one.finish()
    await one.kill()
    return states, store, stopped


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["wait", "kill", "kill", "fail", "stop"]), st.integers(0, 40)), max_size=14
)


@settings(max_examples=25)
@given(ACTIONS)
def test_any_order_of_kills_failures_and_stops_gives_the_same_text(actions):
    expected = asyncio.run(whole())
    states, store, stopped = asyncio.run(play(actions))
    message = fold(store.logs["run"])
    sequences = [event["sequence"] for event in store.logs["run"]]
    assert sequences == sorted(set(sequences)), "numbers grow, and none is used twice"
    if stopped and message.state == "stopped":
        assert is_beginning(shown(message), expected)
    else:
        assert (message.state, shown(message)) == ("done", expected)
    for state in states:
        assert is_beginning(shown(state), expected), "what is stored at any time is a beginning of the whole"


def is_beginning(parts, whole):
    """Whether ``parts`` is ``whole`` cut off somewhere; newlines that a tag may still swallow count for nothing."""
    if len(parts) > len(whole):
        return False
    for place, (part, full) in enumerate(zip(parts, whole, strict=False)):
        last = place == len(parts) - 1
        if part[0] != full[0]:
            return False
        text, complete = (part[1] or "").rstrip(), (full[1] or "").rstrip()
        if text != complete and not (last and complete.startswith(text)):
            return False
        if part[2] is not None and not full[2].startswith(part[2]):
            return False
    return True
