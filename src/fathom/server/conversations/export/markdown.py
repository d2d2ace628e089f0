"""A conversation as Markdown: the branch on the screen, thinking folded, sources listed, files named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fathom.server.conversations.export.json_file import path_of
from fathom.server.conversations.export.wording import (
    Wording,
    date,
    file_label,
    place_label,
    thinking_label,
    wording,
)


def to_markdown(record: Mapping[str, Any], head: str | None = None, language: str | None = None) -> str:
    """The path of ``record`` (of `conversation_json`) that ends at ``head``."""
    words = wording(language)
    title = " ".join(str(record["title"]).split()) or "Chat"
    blocks = [f"# {title}", f"*{words.exported.format(date=date(record['updated']))}*"]
    for message in path_of(record, head):
        blocks += _message(message, words)
    return "\n\n".join(blocks) + "\n"


def _message(message: Mapping[str, Any], words: Wording) -> Iterator[str]:
    model = message.get("model")
    yield f"## {words.you}" if message["role"] == "user" else f"## {words.assistant}{f' · {model}' if model else ''}"
    citations = [part for part in message["parts"] if part["type"] == "citation"]
    for part in message["parts"]:
        yield from _part(part, words)
    if citations:
        yield f"**{words.sources}**"
        yield "\n".join(_source(citation, words) for citation in citations)
    if message["state"] == "failed":
        error = message.get("error") or {}
        yield f"> {words.failed} {' '.join(str(error.get('message', '')).split())}"
    elif message["state"] == "stopped":
        yield f"> {words.stopped}"


def _part(part: Mapping[str, Any], words: Wording) -> Iterator[str]:
    kind = part["type"]
    if kind in ("text", "answer"):
        yield part["text"].strip("\n")
    elif kind == "thinking":
        yield from _fold(thinking_label(part, words), part["text"])
    elif kind == "file":
        yield f"- `{file_label(part).replace('`', '')}`"
    elif kind == "tool_call":
        result = part.get("result") or {}
        texts = [_fence(part["arguments"], "json")]
        texts += [_fence(text, "text") for text in (result.get("text"), result.get("error")) if text]
        texts += [f"- `{file['name']}`" for file in result.get("files") or ()]
        yield from _fold(words.tool.format(name=part["name"]), "\n\n".join(texts))
    elif kind == "vote":
        yield "\n".join(f"- {words.votes.format(**entry)}" for entry in part["tally"])


def _fold(label: str, text: str) -> Iterator[str]:
    """A block that opens by a click. Its text must not close it."""
    text = re.sub(r"</(details)", r"&lt;/\1", text.strip("\n"), flags=re.IGNORECASE)
    yield f"<details><summary>{_plain(label)}</summary>"
    yield text
    yield "</details>"


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _fence(text: str, language: str) -> str:
    """A code block whose fence is longer than any in ``text``."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _source(citation: Mapping[str, Any], words: Wording) -> str:
    title = " ".join(citation["title"].split()).replace("[", "\\[").replace("]", "\\]")
    url = citation.get("url")
    address = re.sub(r"[\s<>]", "", url) if url else None
    where = place_label(citation.get("place"))
    text = f"[{title}](<{address}>)" if address else title
    quote = " ".join((citation.get("quote") or "").split())
    parts = [
        text,
        where,
        f"“{quote}”" if quote else "",
        words.unsupported if citation.get("supported") is False else "",
    ]
    return f"{citation['number']}. {' · '.join(filter(None, parts))}"


def file_name(title: str, extension: str) -> str:
    """A name that every file system takes, of the words of ``title``."""
    words: Sequence[str] = re.findall(r"\w+", title)
    return f"{'-'.join(words)[:60].strip('-_') or 'chat'}.{extension}"
