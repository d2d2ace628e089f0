from dataclasses import replace

import pytest

from fathom.base.errors import FathomError
from fathom.server.conversations.changes import Changes
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.records import NewQuestion
from fathom.server.conversations.repository import Conversations
from fathom.server.errors import ConflictError, NotFoundError
from fathom.server.runs.records import RunEnd, RunRequest, RunWrite
from fathom.server.runs.repository import Runs


class Parts:
    def __init__(self, database):
        self.changes = Changes()
        self.seen = []
        self.changes.subscribe(self.seen.append)
        self.conversations = Conversations(database, self.changes)
        self.messages = Messages(database, self.changes)
        self.runs = Runs(database, self.changes)

    async def started(self):
        conversation = (await self.conversations.create()).id
        question = await self.messages.ask(conversation, parent=None, text="Hi?")
        return await self.runs.create(conversation, RunRequest((question.id,), {"seed": 2**53}, model="m"))


@pytest.fixture
def parts(database):
    return Parts(database)


def delta(number, text="a\0\ud800"):
    return {"type": "delta", "part": 0, "kind": "answer", "text": text, "sequence": number}


async def test_a_run_begins_with_a_message_below_its_question(parts):
    answer, record = await parts.started()
    assert (answer.state, answer.run, answer.model, answer.parts) == ("waiting", record.id, "m", ())
    assert await parts.runs.get(record.id, record.conversation) == record
    assert await parts.runs.read_unfinished() == [record]
    assert parts.seen[-1].message == answer
    assert parts.seen[-1].conversation.running


async def test_a_question_its_answer_and_its_run_are_stored_together(parts):
    conversation = (await parts.conversations.create()).id
    first = await parts.messages.ask(conversation, parent=None, text="before")
    new, request = NewQuestion(first.id, "Hi?", (), "key"), RunRequest((), {"seed": 1}, model="m")
    assert await parts.runs.find_asked(conversation, new) is None
    asked = await parts.runs.ask(conversation, new, request)
    assert (asked.question.parent, asked.answer.parent, asked.new) == (first.id, asked.question.id, True)
    assert asked.record.request.path == (first.id, asked.question.id)
    assert [change.message.id for change in parts.seen[-2:]] == [asked.question.id, asked.answer.id]
    for again in (await parts.runs.ask(conversation, new, request), await parts.runs.find_asked(conversation, new)):
        assert again == replace(asked, new=False)
    assert len(await parts.messages.all(conversation)) == 3


async def test_events_are_stored_and_read_from_a_number_on(parts):
    _, record = await parts.started()
    ready = RunRequest(record.request.path, {"seed": 1}, ready=True)
    first = RunWrite(record.id, [delta(1), delta(2)], "running", ready, changes={"started": 5, "model": "n"})
    assert await parts.runs.write([first]) == frozenset()
    assert [event["sequence"] for event in await parts.runs.events(record.id, 1)] == [2]
    assert (await parts.runs.events(record.id))[0]["text"] == "a\0\ufffd"
    stored = await parts.runs.get(record.id)
    assert (stored.state, stored.request, stored.started, stored.sequence) == ("running", ready, 5, 2)
    message = await parts.messages.get(record.message)
    assert (message.state, message.model) == ("streaming", "n")


async def test_the_end_stores_the_message_and_reports_it(parts):
    _, record = await parts.started()
    thinking = {"type": "thinking", "text": "Hm", "ms": 7}
    ended = {"type": "thinking_ended", "ms": 7, "sequence": 1}
    end = RunEnd("done", (thinking, {"type": "answer", "text": "Yes"}), "stop", {"completion_tokens": 3}, None, 9)
    await parts.runs.write([RunWrite(record.id, [ended], "done", end=end, changes={"started": 100})])
    stored = await parts.runs.get(record.id)
    assert (stored.state, stored.finished, stored.thinking_ended - stored.thinking_started) == ("done", 9, 7)
    message = await parts.messages.get(record.message)
    assert (message.state, message.parts, message.usage) == ("done", end.parts, {"completion_tokens": 3})
    assert parts.seen[-1].message == message
    assert not parts.seen[-1].conversation.running
    await parts.runs.prune(9)
    assert len(await parts.runs.events(record.id)) == 1
    await parts.runs.prune(10)
    assert await parts.runs.events(record.id) == []
    assert await parts.runs.read_unfinished() == []


async def test_a_run_that_is_gone_does_not_keep_others_from_being_stored(parts):
    _, gone = await parts.started()
    _, kept = await parts.started()
    await parts.conversations.delete(gone.conversation)
    writes = [RunWrite(gone.id, [delta(1)]), RunWrite(kept.id, [delta(1)])]
    assert await parts.runs.write(writes) == {gone.id}
    assert len(await parts.runs.events(kept.id)) == 1


async def test_control_is_kept(parts):
    _, record = await parts.started()
    await parts.runs.set_control(record.id, {"stop": True})
    assert (await parts.runs.get(record.id)).control == {"stop": True}


async def test_runs_that_cannot_begin(parts):
    _, record = await parts.started()
    other = (await parts.conversations.create()).id
    with pytest.raises(NotFoundError):
        await parts.runs.create(other, record.request)
    with pytest.raises(NotFoundError):
        await parts.runs.get(record.id, other)
    await parts.conversations.trash(record.conversation)
    with pytest.raises(ConflictError) as caught:
        await parts.runs.create(record.conversation, record.request)
    assert isinstance(caught.value, FathomError)
