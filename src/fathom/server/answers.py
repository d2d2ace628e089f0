"""What writes answers, put together: models, context, tools and the log become the runs of one server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fathom.server.conversations.changes import Changes, ConversationChange
from fathom.server.conversations.context import ContextProvider
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.conversations.repository import Conversations
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.source import ChatSource
from fathom.server.models.sources import ChatSources
from fathom.server.runs.feed import LiveFeed
from fathom.server.runs.log import EventLog
from fathom.server.runs.repository import Runs
from fathom.server.runs.services import CheckCitations, LoadPictures, RunServices
from fathom.server.runs.supervisor import RunSupervisor
from fathom.server.runs.titles import Titles
from fathom.server.store.database import Database
from fathom.server.tools.tool import Toolbox


@dataclass(frozen=True, slots=True)
class Answers:
    """The runs of one server, the live feed that carries them, and the titles that follow them."""

    feed: LiveFeed
    supervisor: RunSupervisor
    titles: Titles

    def announce_model(self, name: str, data: Mapping[str, Any]) -> None:
        """Tell the open streams, and the answers that wait for their model, of a change to a model of this machine."""
        self.feed.publish(name, data)
        self.supervisor.waiting.wake()

    async def close(self) -> None:
        """Leave what is unfinished to the next server."""
        self.feed.close()
        await self.titles.close()
        await self.supervisor.close()


def assemble_answers(
    database: Database,
    changes: Changes,
    models: ModelRegistry,
    sources: ChatSources,
    preferences: PreferenceStore,
    *,
    providers: tuple[ContextProvider, ...] = (),
    toolbox: Toolbox | None = None,
    check_citations: CheckCitations | None = None,
    pictures: LoadPictures | None = None,
) -> Answers:
    """Neither reads nor writes anything yet. ``changes`` reach the live feed from now on."""
    feed = LiveFeed()
    changes.subscribe(partial(publish_change, feed))
    conversations, messages = Conversations(database, changes), Messages(database, changes)

    def services(log: EventLog) -> RunServices:
        return RunServices(
            log=log,
            source=partial(find_source, sources, models),
            turns=messages.read,
            project=partial(find_project, conversations),
            toolbox=toolbox,
            providers=providers,
            check_citations=check_citations,
            pictures=pictures,
        )

    defaults = partial(run_defaults, preferences)
    supervisor = RunSupervisor(Runs(database, changes), conversations, messages, feed, services, defaults)
    titles = Titles(conversations, messages, supervisor.services)
    supervisor.on_start, supervisor.on_end = titles.stop, titles.name
    changes.subscribe(lambda change: None if change.conversation else supervisor.end_conversation(change.id))
    return Answers(feed, supervisor, titles)


async def find_source(sources: ChatSources, models: ModelRegistry, name: str | None) -> ChatSource:
    """A model by its name; None: the one that the server was started with, once it is loaded and has a name."""
    return await sources.find(name if name is not None else (await models.served.model()).name)


async def find_project(conversations: Conversations, conversation: str) -> str | None:
    """The project that a conversation is in."""
    return (await conversations.get(conversation)).project


async def run_defaults(preferences: PreferenceStore) -> Mapping[str, Any]:
    """The options of runs that the user prefers."""
    return (await preferences.get()).run.model_dump(exclude_none=True)


def publish_change(feed: LiveFeed, change: ConversationChange) -> None:
    """Tell the open streams of a change to a conversation."""
    if change.conversation is None:
        feed.publish("conversation.removed", {"id": change.id})
        return
    if change.message is not None:
        body = {"conversation": change.id, "message": change.message.json(), "sequence": None}
        feed.publish("message", body)
    feed.publish("conversation", {"row": change.conversation.json()})
