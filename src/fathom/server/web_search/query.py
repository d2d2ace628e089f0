"""The query of a search: the question itself, or, where that follows others, what the model makes of the conversation.

"And in 2019?" finds nothing by itself. A model is asked for a query that needs no context, and its answer is taken only
where it keeps what the question says, adds something of the conversation and invents nothing: small models answer
instead, repeat the request, or forget the question. Results of tools are not read for it: a page
shall not decide what a search engine is sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fathom.server.citations.terms import terms_of
from fathom.types import Conversation, Message

REQUEST = (
    "Write a search query for my last question that can be understood without this conversation: a few words, in the "
    "language of the question, nothing else. Do not answer it. My last question: {question}"
)
MAX_TOKENS = 48
LONGEST = 200
"""Characters of a query, as engines take them."""
_READ_MESSAGES = 4
_READ = 1000
"""Characters of an earlier message that the model reads for it."""
_LONGEST_WRITTEN = 120
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`]*`", re.DOTALL)
_PREFIX = re.compile(r"^(?:search )?(?:query|suchanfrage|requête|consulta|搜索|查询)\s*[:：]\s*", re.I)
_MARKS = "\"'“”‘’«»「」*_` "
_NUMBER = re.compile(r"\d+")


def search_query(question: str) -> str:
    """The question as a query: without code, on one line, and not longer than engines take."""
    query = " ".join(_CODE.sub(" ", question).split())
    return query if len(query) <= LONGEST else query[:LONGEST].rpartition(" ")[0] or query[:LONGEST]


def query_conversation(question: str, earlier: Sequence[Message]) -> Conversation:
    """What a model is asked for the query of ``question``."""
    read = [Message(message.role, message.content[:_READ]) for message in _dialogue(earlier)[-_READ_MESSAGES:]]
    while read and read[0].role != "user":
        del read[0]
    asked = Message("user", REQUEST.format(question=question[:_READ]))
    return Conversation((*read, asked), thinking=False)


def written_query(written: str, question: str, earlier: Sequence[Message]) -> str | None:
    """The query in a model's answer; None where the question itself serves better."""
    lines = [line for line in written.strip().splitlines() if line.strip()]
    if len(lines) != 1:
        return None
    query = " ".join(_PREFIX.sub("", lines[0].strip(_MARKS)).split()).strip(_MARKS)
    if not query or len(query) > _LONGEST_WRITTEN:
        return None
    before = "\n".join(message.content for message in _dialogue(earlier))
    asked, known, terms = set(terms_of(question)), set(terms_of(before)), set(terms_of(query))
    numbers, given = set(_NUMBER.findall(query)), set(_NUMBER.findall(question))
    keeps = given <= numbers and 2 * len(asked & terms) >= len(asked)
    adds = bool((terms & known) - asked)
    invents = bool(numbers - given - set(_NUMBER.findall(before))) or 3 * len(terms - known - asked) > len(terms)
    return query if keeps and adds and not invents else None


def _dialogue(messages: Sequence[Message]) -> list[Message]:
    """What the user and the model have said."""
    return [message for message in messages if message.role in ("user", "assistant") and message.content.strip()]
