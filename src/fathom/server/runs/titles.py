"""Titles by the model: asked for after the first answer, while nothing else is asked of it.

A reader who asks again comes first; the title is then asked for after the next answer. A title of the user's is never
overwritten, and where the model's is of no use, because it repeats the request or is about something else, the words of
the question remain.
"""

from __future__ import annotations

import asyncio
import logging
import re
import unicodedata

from fathom.base.errors import FathomError
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.prompt import question_text
from fathom.server.conversations.records import StoredMessage
from fathom.server.conversations.repository import Conversations
from fathom.server.models.source import ChatSource
from fathom.server.runs.records import RunRecord
from fathom.server.runs.services import RunServices
from fathom.server.runs.short_text import write_short
from fathom.types import Conversation, Message

logger = logging.getLogger(__name__)

REQUEST = "Write a title for this conversation: at most six words, in its language, nothing else."
MAX_TOKENS = 32
LONGEST = 60
"""Characters of a title."""
LONGEST_ANSWER = 1000
"""Characters of a model's answer in which a title is looked for."""
MOST_MESSAGES = 6
"""Of a conversation that is named: after three answers it keeps the words of its question."""
STEM = 4
"""Letters of a word that is the beginning of a longer form of it; of two such forms one letter more is the same."""
READ = 2000
"""Characters of the question and of the answer that the model reads for it."""

_PREFIX = re.compile(r"^(?:title|titel|titre|título|标题|標題|タイトル)\s*[:：]\s*", re.IGNORECASE)
_BEFORE = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+|\d{1,3}[.)]\s+)+")
_EMPHASIS = re.compile(r"(\*\*|__|~~|`+)(?=\S)(.+?)(?<=\S)\1")
_MARKUP = re.compile(r"```|~~~|</?\s*(?:think|tool_call|answer)\b|<\||\|>|!?\[[^\]]*\]\(|^\||^[{\[]", re.IGNORECASE)
"""What no title holds: fences, a model's own marks, links, tables, JSON."""
_JOINERS = "\u200c\u200d"
"""The invisible characters that words and emoji are made with."""
_QUOTES = "\"'“”‘’«»「」『』《》"
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORD = re.compile(rf"(?:{_UNSPACED.pattern})+|(?:(?!{_UNSPACED.pattern})\w)+")
_ENGLISH = ("the", "and", "for", "with", "from", "that", "this", "its", "are", "was", "how", "what", "who", "why")
_COMMON = frozenset((*_ENGLISH, "most", "you", "your", "der", "die", "das", "und", "les", "des", "una", "los"))


class Titles:
    """Names conversations. One title at a time is asked for, and none while an answer is written."""

    def __init__(self, conversations: Conversations, messages: Messages, services: RunServices) -> None:
        self._conversations = conversations
        self._messages = messages
        self._services = services
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def stop(self, _: str = "") -> None:
        """An answer is about to be asked for: it comes first."""
        for task in self._tasks.values():
            task.cancel()

    def name(self, run: RunRecord) -> None:
        """Begin to name the conversation of a run that is done, if it has no title of its own yet."""
        self.stop()
        task = asyncio.create_task(self._name(run))
        self._tasks[run.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run.id, None))

    async def close(self) -> None:
        """End what still runs."""
        self.stop()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _name(self, run: RunRecord) -> None:
        try:
            row = await self._conversations.get(run.conversation)
            path = await self._messages.path(run.conversation, run.message)
            if row.title_source != "question" or not 2 <= len(path) <= MOST_MESSAGES:
                return
            title = await self._ask(path[0], path[1], await self._services.source(run.request.model))
            if title is not None:
                await self._conversations.set_title(run.conversation, title, "model")
        except FathomError as error:  # the words of the question remain
            logger.info("a conversation keeps its first words as its title: %s", error)
        except Exception:
            logger.exception("a title could not be made")

    async def _ask(self, question: StoredMessage, answer: StoredMessage, source: ChatSource) -> str | None:
        text = "".join(part["text"] for part in answer.parts if part["type"] == "answer")
        conversation = Conversation(
            (
                Message("user", question_text(question.parts)[:READ]),
                Message("assistant", text[:READ]),
                Message("user", REQUEST),
            ),
            thinking=False,
        )
        title = title_from(await write_short(source, conversation, MAX_TOKENS) or "")
        return title if title is not None and is_about(title, question_text(question.parts), text) else None


def title_from(answer: str) -> str | None:
    """The title in a model's answer to `REQUEST`; None where there is none."""
    if len(answer) > LONGEST_ANSWER:
        return None
    lines = [line for line in map(_visible, answer.splitlines()) if line.strip()]
    if len(lines) != 1 or _MARKUP.search(lines[0].strip()):
        return None
    title = _BEFORE.sub("", lines[0])
    title = _EMPHASIS.sub(r"\2", _PREFIX.sub("", _EMPHASIS.sub(r"\2", title)))
    title = " ".join(title.split()).strip(_QUOTES).rstrip(".。").strip(_QUOTES).strip()
    if _MARKUP.search(title) or not any(map(str.isalpha, title)):
        return None
    return title if len(title) <= LONGEST else None


def _visible(line: str) -> str:
    """``line`` without what cannot be seen: controls, marks of direction, halves of characters, private ones."""
    return "".join(c for c in line if c in _JOINERS or c == "\t" or unicodedata.category(c)[0] != "C")


def is_about(title: str, question: str, answer: str) -> bool:
    """Whether a title says something of the conversation: small models repeat the request, or invent a subject.

    It has to share a third of its words with the question or the answer, and no more of them with `REQUEST` than with
    these. Words are the same up to their endings; of scripts without spaces each pair of characters counts.
    """
    words = _words(title)
    known = _words(f"{question[:READ]} {answer[:READ]}")
    shared = sum(any(_same_word(word, other) for other in known) for word in words)
    request = _words(REQUEST)
    echoed = sum(any(_same_word(word, other) for other in request) for word in words)
    return shared > 0 and shared * 3 >= len(words) and echoed <= shared


def _words(text: str) -> set[str]:
    """The words that carry a meaning, as far as their length tells."""
    words: set[str] = set()
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        if _UNSPACED.match(word):
            words |= {word[i : i + 2] for i in range(max(len(word) - 1, 1))}
        elif (len(word) > 2 or word.isdigit()) and word not in _COMMON:
            words.add(word)
    return words


def _same_word(first: str, second: str) -> bool:
    length = min(len(first), len(second))
    if length < STEM:
        return first == second
    return first[: STEM + 1] == second[: STEM + 1] or (length == STEM and first[:STEM] == second[:STEM])
