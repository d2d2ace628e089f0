"""Gives a run the passages of the conversation's files and of its project's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from fathom.server.conversations.context import Turn, TurnContext
from fathom.server.files.files import Files
from fathom.server.files.pictures import ChosenPictures, Pictures, is_picture
from fathom.server.files.records import StoredFile
from fathom.server.files.retrieval.layout import lay_out
from fathom.server.files.retrieval.selection import select_passages


class FileContext:
    """The `ContextProvider` of files: the whole text where it fits the turn's tokens, else the best passages; and which
    ``pictures`` a model that sees is sent."""

    def __init__(self, files: Files, pictures: Pictures) -> None:
        self._files = files
        self._pictures = pictures

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
        chosen = await self._choose([file for file in files if file.id in turn.files], turn)
        missing = _missing([file for file in files if file.id not in chosen.sent], chosen.refused)
        return TurnContext(missing, numbered.text, numbered.citations, chosen.sent)

    async def _choose(self, attached: Sequence[StoredFile], turn: Turn) -> ChosenPictures:
        """The pictures among the attached files that are sent; those that could not be are reported to the reader."""
        if not turn.sees:
            return ChosenPictures((), {})
        chosen = await self._pictures.choose(attached)
        for file in attached:
            if file.id in chosen.refused:
                turn.report(f"{file.name} is not sent as a picture: {chosen.refused[file.id]}")
        return chosen


def _missing(files: Sequence[StoredFile], refused: Mapping[str, str]) -> str:
    """What the model should know about files without text, and pictures that it is not sent: not to invent any."""
    lines = []
    for file in files:
        if file.state == "failed" and file.error:
            lines.append(f"The file {file.name!r} could not be read: {file.error['message']}.")
        elif is_picture(file):
            lines.append(_unseen(file, refused.get(file.id)))
        elif file.state == "ready" and not file.data.get("passages"):
            lines.append(f"The file {file.name!r} holds no text that could be read; its pictures cannot be seen.")
    return "\n".join(lines)


def _unseen(picture: StoredFile, reason: str | None) -> str:
    size = f" of {picture.data['width']} × {picture.data['height']} pixels" if "width" in picture.data else ""
    why = f" ({reason})" if reason else ""
    known = "know only the text that was read from it" if picture.data.get("passages") else "cannot tell what it shows"
    return f"The file {picture.name!r} is a picture{size}. You do not see it{why}: say so if asked, since you {known}."
