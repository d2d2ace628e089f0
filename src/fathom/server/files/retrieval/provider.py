"""Gives a run the passages of the conversation's files and of its project's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fathom.server.conversations.context import Turn, TurnContext
from fathom.server.files.files import Files
from fathom.server.files.records import StoredFile
from fathom.server.files.retrieval.layout import lay_out
from fathom.server.files.retrieval.selection import select_passages


class FileContext:
    """The `ContextProvider` of files: the whole text where it fits the turn's tokens, else the best passages."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def provide(self, turn: Turn) -> TurnContext:
        """Passages of all files on the path of the question and in the project, numbered; files that are still being
        read are waited for.
        """
        repository = self._files.repository
        shared = await repository.of_project(turn.project) if turn.project else []
        ids = list(dict.fromkeys([*shared, *turn.files]))
        if not ids:
            return TurnContext()
        for file in await repository.get_many(ids):
            if file.state == "reading":
                turn.report(f"reading {file.name}")
                await self._files.get_many([file.id])
        files = await repository.get_many(ids)
        passages = {file.id: await repository.passages(file.id) for file in files if file.state == "ready"}
        ordered = [passage for file in files for passage in passages.get(file.id, ())]
        selected = await asyncio.to_thread(select_passages, turn.question, ordered, turn.tokens)
        numbered = lay_out(files, selected, turn.first_citation)
        return TurnContext(system=_missing(files), passages=numbered.text, citations=numbered.citations)


def _missing(files: Sequence[StoredFile]) -> str:
    """What the model should know about files without text: not to invent any."""
    lines = []
    for file in files:
        if file.state == "failed" and file.error:
            lines.append(f"The file {file.name!r} could not be read: {file.error['message']}.")
        elif file.state == "ready" and not file.data.get("passages"):
            lines.append(f"The file {file.name!r} holds no text that could be read; its pictures cannot be seen.")
    return "\n".join(lines)
