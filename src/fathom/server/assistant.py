"""The assistant: everything behind `/api` that outlives a request, in one object that is passed to the routes.

Importing this module imports the database's and all other libraries of the assistant, which takes longer than the page
may: `fathom.server.assistant_handle` does it in a thread, while the server already answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from fathom.server.answers import Answers, assemble_answers
from fathom.server.conversations.changes import Changes
from fathom.server.conversations.export.exporter import Exporter
from fathom.server.conversations.importing.importer import Importer, KeepFile
from fathom.server.conversations.memories import Memories
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.personal import PersonalContext
from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.conversations.projects import Projects
from fathom.server.conversations.prompts import PromptLibrary
from fathom.server.conversations.records import Part
from fathom.server.conversations.repository import Conversations
from fathom.server.conversations.retention import Retention
from fathom.server.conversations.search import Search
from fathom.server.conversations.sharing import Shares
from fathom.server.files.files import Files
from fathom.server.files.pictures import Pictures
from fathom.server.files.repository import FileRepository
from fathom.server.files.retrieval.provider import FileContext
from fathom.server.files.tokens import RuntimeTokens
from fathom.server.models.catalog import Catalog
from fathom.server.models.downloads import Downloads
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.sources import ChatSources
from fathom.server.models.speed import SpeedFile
from fathom.server.models.upstream.repository import UpstreamRepository
from fathom.server.models.upstream.service import Upstreams
from fathom.server.runs.feed import LiveFeed
from fathom.server.runs.supervisor import RunSupervisor
from fathom.server.settings import Settings
from fathom.server.store.database import Database
from fathom.server.tools.kit import ToolKit, assemble_tools


@dataclass(frozen=True, slots=True)
class Assistant:
    """The parts of the assistant of one server. ``models`` are those of this machine, ``upstreams`` other servers;
    ``sources`` finds a model among both, ``catalog`` lists them with those that can be fetched."""

    settings: Settings
    models: ModelRegistry
    database: Database
    changes: Changes
    conversations: Conversations
    messages: Messages
    search: Search
    files: Files
    projects: Projects
    prompts: PromptLibrary
    memories: Memories
    preferences: PreferenceStore
    importer: Importer
    exporter: Exporter
    shares: Shares
    retention: Retention
    upstreams: Upstreams
    sources: ChatSources
    catalog: Catalog
    tools: ToolKit
    answers: Answers

    @property
    def supervisor(self) -> RunSupervisor:
        return self.answers.supervisor

    @property
    def feed(self) -> LiveFeed:
        return self.answers.feed

    async def open(self) -> None:
        """Open what is stored, and go on with unfinished answers. Raises StorageError where that fails; each later use
        tries again.
        """
        await self.database.open()
        await self.files.open()
        await self.supervisor.open()
        self.retention.start()

    async def close(self) -> None:
        """End everything that still runs, the database last."""
        await self.answers.close()
        await self.retention.close()
        await self.files.close()
        self.catalog.downloads.close()
        await self.upstreams.close()
        await self.tools.close()
        await self.database.close()


def assemble(settings: Settings, models: ModelRegistry) -> Assistant:
    """The assistant that ``settings`` describe. Neither reads nor writes anything yet."""
    database = Database(settings.database, settings.data_dir, claims=True)
    files = Files(
        FileRepository(database),
        settings.data_dir / "files",
        RuntimeTokens(models.served),
        max_bytes=settings.max_file_bytes,
    )
    pictures = Pictures(files)
    upstreams = Upstreams(UpstreamRepository(database))
    changes = Changes()
    preferences = PreferenceStore(database)
    sources = ChatSources(models, upstreams)
    projects, memories = Projects(database), Memories(database)
    personal = PersonalContext(database, preferences, projects, memories)
    tools = assemble_tools(settings, database, files, preferences)
    answers = assemble_answers(
        database,
        changes,
        models,
        sources,
        preferences,
        providers=(personal, FileContext(files, pictures), tools.search_context),
        toolbox=tools.registry,
        check_citations=tools.citations,
        pictures=pictures.load,
    )
    catalog = Catalog(models, Downloads(), upstreams, SpeedFile(settings.data_dir / "speeds.json"))
    catalog.announce(answers.announce_model)
    upstreams.on_change = answers.supervisor.waiting.wake
    return Assistant(
        settings=settings,
        models=models,
        database=database,
        changes=changes,
        conversations=Conversations(database, changes),
        messages=Messages(database, changes),
        search=Search(database),
        files=files,
        projects=projects,
        prompts=PromptLibrary(database),
        memories=memories,
        preferences=preferences,
        importer=Importer(database, changes, keep_file(files)),
        exporter=Exporter(database),
        shares=Shares(database),
        retention=Retention(database, changes, preferences, files, tools.search.pages),
        upstreams=upstreams,
        sources=sources,
        answers=answers,
        catalog=catalog,
        tools=tools,
    )


def keep_file(files: Files) -> KeepFile:
    """Stores the files that an import brings along."""

    async def keep(name: str, data: bytes) -> Part:
        return (await files.store_bytes(name, data)).part()

    return keep
