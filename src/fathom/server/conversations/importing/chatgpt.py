"""ChatGPT's export: ``conversations.json`` (or ``conversations-000.json`` …), trees of nodes in ``mapping``.

There is no published schema; this follows what exports hold up to 2026. Hidden nodes, system messages and what tools
write for the model alone are left out. A turn's steps (thoughts, code for the interpreter, its output, the answer) are
nodes of their own there and become parts of one message here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from fathom.server.conversations.importing.chatgpt_references import plain_text
from fathom.server.conversations.importing.citations import Citations
from fathom.server.conversations.importing.imported import ImportedConversation, ImportedFile, ImportedPart
from fathom.server.conversations.importing.tree import Node, roots_of
from fathom.server.conversations.importing.turns import Step, ToolOutput, call, messages_of
from fathom.server.conversations.importing.values import (
    duration,
    key,
    mapping,
    milliseconds,
    optional_text,
    sequence,
    text,
)

SOURCE = "chatgpt"
UNSEEN = frozenset({"user_editable_context", "model_editable_context"})
"""Contents that ChatGPT never shows: custom instructions and memories, as the model reads them."""
FINISH_REASONS = {"stop": "stop", "max_tokens": "length"}
TEXT_FIELDS = ("text", "result", "summary")


def recognises(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("mapping"), dict) and ("create_time" in record or "current_node" in record)


def read(record: Mapping[str, Any]) -> ImportedConversation:
    """The conversation in ``record``. Raises RecordError beyond the limits of a tree."""
    nodes = [_node(name, mapping(value)) for name, value in mapping(record.get("mapping")).items()]
    nodes.sort(key=lambda node: milliseconds(node.value.get("create_time")) or 0)
    messages, shown_by = messages_of(_steps(roots_of(nodes, _is_shown)))
    return ImportedConversation(
        SOURCE,
        key(record.get("conversation_id")) or key(record.get("id")) or "",
        text(record.get("title")),
        tuple(messages),
        milliseconds(record.get("create_time")),
        milliseconds(record.get("update_time")),
        record.get("is_starred") is True or milliseconds(record.get("pinned_time")) is not None,
        _head(record, shown_by),
    )


def _node(name: str, value: Mapping[str, Any]) -> Node[Mapping[str, Any]]:
    return Node(text(name), key(value.get("parent")), mapping(value.get("message")))


def _head(record: Mapping[str, Any], shown_by: Mapping[str, str]) -> str | None:
    """The message that shows the current node, or the nearest node above it that is shown."""
    nodes, name = mapping(record.get("mapping")), key(record.get("current_node"))
    for _ in range(len(nodes)):
        if name is None or name in shown_by:
            break
        name = key(mapping(nodes.get(name)).get("parent"))
    return shown_by.get(name) if name else None


def _is_shown(message: Mapping[str, Any]) -> bool:
    content = mapping(message.get("content"))
    if not content or _role(message) is None or content.get("content_type") in UNSEEN:
        return False
    if mapping(message.get("metadata")).get("is_visually_hidden_from_conversation") is True:
        return False
    return _thinking_ms(message) is not None or any(True for _ in _content(message, Citations()))


def _role(message: Mapping[str, Any]) -> Literal["user", "assistant"] | None:
    role = mapping(message.get("author")).get("role")
    return "user" if role == "user" else "assistant" if role in ("assistant", "tool") else None


def _steps(roots: list[Node[Mapping[str, Any]]]) -> list[Node[Step]]:
    """The same tree, with a step for each message. The numbers of sources begin anew after each question."""
    top: list[Node[Step]] = []
    pending = [(root, top, Citations()) for root in reversed(roots)]
    while pending:
        node, siblings, before = pending.pop()
        citations = Citations(before)
        step = Node(node.key, node.parent, _step(node.value, citations))
        siblings.append(step)
        passed_on = Citations() if step.value.role == "user" else citations
        pending.extend((child, step.children, passed_on) for child in reversed(node.children))
    return top


def _step(message: Mapping[str, Any], citations: Citations) -> Step:
    metadata = mapping(message.get("metadata"))
    ending = mapping(metadata.get("finish_details")).get("type")
    was_cut = message.get("status") == "in_progress" or ending == "interrupted"
    return Step(
        _role(message) or "assistant",
        tuple(_content(message, citations)),
        milliseconds(message.get("create_time")),
        optional_text(metadata.get("model_slug")),
        "stopped" if was_cut else "done",
        FINISH_REASONS.get(ending) if isinstance(ending, str) else None,
        _thinking_ms(message),
    )


def _thinking_ms(message: Mapping[str, Any]) -> int | None:
    """How long the thoughts before this recap took."""
    is_recap = mapping(message.get("content")).get("content_type") == "reasoning_recap"
    return duration(mapping(message.get("metadata")).get("finished_duration_sec")) if is_recap else None


def _content(message: Mapping[str, Any], citations: Citations) -> Iterator[ImportedPart | ToolOutput]:
    """What a message shows, as parts or as the output of a tool."""
    content, author = mapping(message.get("content")), mapping(message.get("author"))
    kind, recipient = content.get("content_type"), text(message.get("recipient")) or "all"
    if author.get("role") == "tool":
        yield ToolOutput(text(author.get("name")) or "tool", *_output(content))
    elif author.get("role") == "user":
        yield from _question(message, content)
    elif kind == "thoughts":
        yield from _thinking(content)
    elif kind == "reasoning_recap":
        return
    elif recipient != "all":
        yield call(recipient, _arguments(content), text(message.get("id")) or "call")
    else:
        written, _ = _text_and_files(content)
        shown = plain_text(written, mapping(message.get("metadata")), citations)
        if kind == "code":
            shown = f"```{text(content.get('language')).replace('unknown', '')}\n{shown}\n```"
        if shown.strip():
            yield ImportedPart("answer", shown)
            yield from citations.take()


def _question(message: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[ImportedPart]:
    written, files = _text_and_files(content)
    names = {file.entry for file in files}
    for attachment in sequence(mapping(message.get("metadata")).get("attachments")):
        entry = text(mapping(attachment).get("id"))
        if entry and entry not in names:
            media_type = text(mapping(attachment).get("mime_type")) or text(mapping(attachment).get("mimeType"))
            name = text(mapping(attachment).get("name")) or entry
            files.append(ImportedFile(name, media_type or "application/octet-stream", entry))
    for file in files:
        yield ImportedPart("file", files=(file,))
    if written.strip():
        yield ImportedPart("text", written)


def _thinking(content: Mapping[str, Any]) -> Iterator[ImportedPart]:
    paragraphs = []
    for thought in map(mapping, sequence(content.get("thoughts"))):
        summary, written = text(thought.get("summary")), text(thought.get("content"))
        paragraphs += [f"**{summary}**" if summary else "", written]
    if any(paragraphs):
        yield ImportedPart("thinking", "\n\n".join(filter(None, paragraphs)), {"ms": None})


def _arguments(content: Mapping[str, Any]) -> str:
    written, _ = _text_and_files(content)
    return json.dumps({"code": written}, ensure_ascii=False) if content.get("content_type") == "code" else written


def _output(content: Mapping[str, Any]) -> tuple[str, tuple[ImportedFile, ...], str | None]:
    written, files = _text_and_files(content)
    source = text(content.get("url"))
    shown = f"{source}\n\n{written}" if source and written else written or source
    is_error = content.get("content_type") == "system_error"
    return shown, tuple(files), (shown or text(content.get("name")) or "the tool failed") if is_error else None


def _text_and_files(content: Mapping[str, Any]) -> tuple[str, list[ImportedFile]]:
    """The text of a content of any type, and the files among its parts."""
    texts = [text(content.get(name)) for name in TEXT_FIELDS]
    files = []
    for part in sequence(content.get("parts")):
        if isinstance(part, str):
            texts.append(text(part))
            continue
        pointer = text(mapping(part).get("asset_pointer"))
        if text(mapping(part).get("text")):  # the transcript of speech
            texts.append(text(part["text"]))
        elif pointer and mapping(part).get("content_type") == "image_asset_pointer":
            entry = pointer.rpartition("//")[2]
            files.append(ImportedFile(entry, "image/*", entry))
    return "\n\n".join(filter(None, texts)), files
