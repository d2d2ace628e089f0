"""Any interleaving of steps, kills, failures of the disk, a model that is away, consents, wishes to be answered now and
stops ends in one prefix-consistent message.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from run_harness import EchoTool, MemoryStore, ModelSource, Process, Tools, request
from scripted import Script

from fathom.base.errors import StorageError
from fathom.server.errors import UnavailableError
from fathom.server.runs.fold import fold

CALL = '<tool_call>\n{"name": "echo", "arguments": {"a": "é"}}\n</tool_call>'
THOUGHT = "One and one are two, and two and two are four."
SCRIPTS = (f"Hm, né? {THOUGHT}\n\n</think>\n\nI look.\n{CALL}", "So it is, né.\n</think>It is: é\n")
FULL = StorageError("the disk is full")
AWAY = UnavailableError("the model is not there", "wait")
WHOLE = [
    ("thinking", f"Hm, né? {THOUGHT}", None, None, None),
    ("answer", "I look.", None, None, None),
    ("tool_call", None, '{"a": "é"}', "done", {"text": "echo é", "files": []}),
    ("thinking", "So it is, né.", None, None, None),
    ("answer", "It is: é\n", None, None, None),
]


def shown(message):
    """What a message says, without times."""
    return [
        (part["type"], part.get("text"), part.get("arguments"), part.get("state"), part.get("result"))
        for part in message.parts
    ]


class Scripts:
    """What the model writes next in ``execution``, however often it is asked: the second text once it has a result."""

    def __init__(self, execution):
        self._execution = execution

    def __len__(self):
        return 1_000_000

    def __getitem__(self, _):
        return Script(SCRIPTS[any(part.get("state") == "done" for part in self._execution.writer.parts)])


class Play:
    """One run and the processes that write it, one after another."""

    def __init__(self):
        self.store = MemoryStore()
        self.store.add(request(tools=("echo",), thinking="high"))
        self.states = []  # folded from what was stored at some time
        self.wished = False
        self.process = None

    @property
    def log(self):
        return self.store.logs["run"]

    @property
    def ended(self):
        return bool(self.log) and self.log[-1]["type"] == "finished"

    def start(self, *, away=None, resumes=True):
        one = self.process = Process(self.store, toolbox=Tools((EchoTool(),), "ask"))
        one.source = ModelSource(one.served, away=away)
        one.served.engine.scripts = Scripts(one.start(resumes=resumes))

    async def restart(self, *, away=None):
        """End the process at once, and begin another one on a disk that works."""
        await self.process.kill()
        self.store.failing = None
        if not self.ended:
            self.start(away=away)

    async def wait(self, steps):
        for _ in range(steps):
            await asyncio.sleep(0)
        self.states.append(fold(self.log))

    def consent(self):
        """Allow every call that waits, as a client does."""
        execution = self.process.execution
        for part in execution.writer.parts:
            if part["type"] == "tool_call" and part["state"] == "consent":
                execution.interrupts.consent(part["id"], True)
                self.store_control()

    def store_control(self):
        record = self.store.records["run"]
        self.store.records["run"] = replace(record, control=self.process.execution.interrupts.control)

    def answer_now(self):
        self.process.execution.answer_now()
        self.wished = True

    def stop(self):
        """End the run for good; also one that waits for its model."""
        execution = self.process.execution
        if execution.writer.message.state == "interrupted":
            execution.end_waiting()
        else:
            execution.interrupts.stop()
            self.store_control()

    async def settle(self):
        """Until the process has stored all that it had to say, and cannot go on."""
        self.store.failing = None
        while not self.process.task.done():
            self.consent()
            await asyncio.sleep(0)
        await self.process.task
        await self.process.log.drain()
        self.states.append(fold(self.log))

    def check_waiting(self):
        """A run whose model is away waits for it and says why, or was stopped before."""
        if not self.ended:
            assert (self.states[-1].state, self.store.records["run"].state) == ("interrupted", "interrupted")
            assert self.states[-1].error == {"message": AWAY.message, "remedy": AWAY.remedy}

    async def act(self, action, steps):
        """Do ``action``, and wait so many steps."""
        match action:
            case "kill":
                await self.restart()
            case "away":
                await self.restart(away=AWAY)
                if not self.ended:
                    await self.settle()
                    self.check_waiting()
            case "fail":
                self.store.failing = FULL if steps % 2 else None
            case "consent":
                self.consent()
            case "answer_now":
                self.answer_now()
            case "stop" if steps % 3 == 0:
                self.stop()
        await self.wait(steps)


async def play(actions):
    """Do ``actions`` to a run, then let it end."""
    one = Play()
    one.start(resumes=False)
    for action, steps in actions:
        await one.act(action, steps)
    await one.settle()
    if not one.ended:
        await one.restart()
        await one.settle()
    await one.process.kill()
    return one


STEPS = st.integers(0, 8) | st.integers(0, 60)
KINDS = ["wait", "wait", "kill", "kill", "fail", "away", "consent", "answer_now", "answer_now", "stop"]
ACTIONS = st.lists(st.tuples(st.sampled_from(KINDS), STEPS), min_size=2, max_size=14)


@settings(max_examples=60)
@given(ACTIONS)
def test_any_order_of_what_can_happen_gives_the_same_text(actions):
    one = asyncio.run(asyncio.wait_for(play(actions), 20))
    message = fold(one.log)
    sequences = [event["sequence"] for event in one.log]
    assert sequences == sorted(set(sequences)), "numbers grow, and none is used twice"
    assert [event["type"] for event in one.log].count("finished") == 1
    assert one.ended, "nothing follows the end"
    assert all(part["ms"] is not None for part in message.parts if part["type"] == "thinking")
    if message.state == "stopped":
        assert is_beginning(without_thoughts(message), [part for part in WHOLE if part[0] != "thinking"])
    elif one.wished:
        assert (message.state, without_thoughts(message)) == ("done", [part for part in WHOLE if part[0] != "thinking"])
    else:
        assert (message.state, shown(message)) == ("done", WHOLE)
    for state in one.states:
        assert is_beginning(shown(state), shown(message)), "what is stored at any time is a beginning of the end"
    check_thoughts(one, message)


def without_thoughts(message):
    return [part for part in shown(message) if part[0] != "thinking"]


def check_thoughts(one, message):
    """Thoughts are beginnings of the whole ones, and end where an answer was wished for."""
    thoughts = [part["text"] for part in message.parts if part["type"] == "thinking"]
    for thought in thoughts:
        assert any(full.startswith(without_tag(thought)) for kind, full, *_ in WHOLE if kind == "thinking")
    for place, event in enumerate(one.log):
        if event["type"] == "answer_now":
            known = fold(one.log[:place]).parts
            if known and known[-1]["type"] == "thinking":
                assert without_tag(message.parts[len(known) - 1]["text"]) == known[-1]["text"].rstrip()


def without_tag(thought):
    """A thought without the beginning of a closing tag: only a vocabulary of bytes can be interrupted within one."""
    return re.sub(r"\s*(<(/(t(h(i(nk?)?)?)?)?)?)?$", "", thought)


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
