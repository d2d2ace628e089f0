"""A conversation as one HTML file: no scripts, nothing loaded from elsewhere, light and dark, fit to print.

Text of models is hostile until shown otherwise. Markdown becomes HTML by markdown-it with raw HTML off; addresses are
http, https or mailto; images become links, as a page that is only read must not tell anyone that it is. The policy in
the head (and in the header, for a shared page) allows one style sheet, by its hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from fathom.server.conversations.export.json_file import path_of
from fathom.server.conversations.export.tex import tex_plugin
from fathom.server.conversations.export.wording import (
    Wording,
    date,
    file_label,
    place_label,
    thinking_label,
    wording,
)

LONGEST_MARKDOWN = 1 << 20
"""Characters of one part; a longer one is shown as it was written, since rendering would take minutes."""
SCHEMES = ("http://", "https://", "mailto:", "#")


@cache
def style() -> str:
    return (files(__package__) / "page.css").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """The content security policy of a page: its own style sheet."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def to_html(record: Mapping[str, Any], head: str | None = None, language: str | None = None) -> str:
    """The path of ``record`` (of `conversation_json`) that ends at ``head``, as a whole document."""
    words = wording(language)
    title = escapeHtml(str(record["title"]) or "Chat")
    body = "\n".join(block for message in path_of(record, head) for block in _message(message, words))
    return f"""<!doctype html>
<html lang="{words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="{escapeHtml(policy())}">
<title>{title}</title>
<style>{style()}</style>
</head>
<body>
<main>
<header><h1 dir="auto">{title}</h1>
<p class="note">{escapeHtml(words.exported.format(date=date(record["updated"])))}</p></header>
{body}
</main>
</body>
</html>
"""


def _message(message: Mapping[str, Any], words: Wording) -> Iterator[str]:
    is_question = message["role"] == "user"
    model = message.get("model")
    name = words.you if is_question else f"{words.assistant}{f' · {model}' if model else ''}"
    yield f'<article class="{"question" if is_question else "answer"}" dir="auto">\n<h2>{escapeHtml(name)}</h2>'
    for part in message["parts"]:
        yield from _part(part, words)
    citations = [part for part in message["parts"] if part["type"] == "citation"]
    if citations:
        entries = "\n".join(_source(citation, words) for citation in citations)
        yield f"<section><h3>{words.sources}</h3>\n<ol>\n{entries}\n</ol></section>"
    if message["state"] == "failed":
        error = message.get("error") or {}
        yield f'<p class="note">{escapeHtml(words.failed)} {escapeHtml(str(error.get("message", "")))}</p>'
    elif message["state"] == "stopped":
        yield f'<p class="note">{escapeHtml(words.stopped)}</p>'
    yield "</article>"


def _part(part: Mapping[str, Any], words: Wording) -> Iterator[str]:
    kind = part["type"]
    if kind == "text":  # a question is shown as it was typed, as the page does
        yield f'<div class="typed">{escapeHtml(part["text"])}</div>'
    elif kind == "answer":
        yield _rendered_markdown(part["text"])
    elif kind == "thinking":
        yield _fold(thinking_label(part, words), _rendered_markdown(part["text"]))
    elif kind == "file":
        yield f'<p class="file">{escapeHtml(file_label(part))}</p>'
    elif kind == "tool_call":
        result = part.get("result") or {}
        texts = [part["arguments"], result.get("text"), result.get("error")]
        blocks = "".join(f"<pre><code>{escapeHtml(text)}</code></pre>" for text in texts if text)
        names = "".join(f'<p class="file">{escapeHtml(file["name"])}</p>' for file in result.get("files") or ())
        yield _fold(words.tool.format(name=part["name"]), blocks + names)
    elif kind == "vote":
        entries = "".join(f"<li>{escapeHtml(words.votes.format(**entry))}</li>" for entry in part["tally"])
        yield f"<ul>{entries}</ul>"


def _fold(label: str, body: str) -> str:
    return f"<details><summary>{escapeHtml(label)}</summary>{body}</details>"


def _source(citation: Mapping[str, Any], words: Wording) -> str:
    title, url = escapeHtml(citation["title"]), citation.get("url") or ""
    name = (
        f'<a href="{escapeHtml(url)}" rel="noreferrer nofollow">{title}</a>' if url.startswith(SCHEMES[:2]) else title
    )
    rest = [escapeHtml(place_label(citation.get("place")))]
    rest += [f"<q>{escapeHtml(citation['quote'])}</q>" if citation.get("quote") else ""]
    rest += [f"<strong>{escapeHtml(words.unsupported)}</strong>" if citation.get("supported") is False else ""]
    return f'<li value="{int(citation["number"])}">{" · ".join(filter(None, [name, *rest]))}</li>'


def _rendered_markdown(text: str) -> str:
    if len(text) > LONGEST_MARKDOWN:
        return f'<div class="typed">{escapeHtml(text)}</div>'
    rendered: str = _markdown().render(text)
    return rendered


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    markdown.validateLink = lambda url: url.lower().startswith(SCHEMES)  # type: ignore[method-assign]
    markdown.use(tex_plugin)
    markdown.add_render_rule("image", _image)
    markdown.add_render_rule("link_open", _link)
    markdown.add_render_rule("th_open", _cell)
    markdown.add_render_rule("td_open", _cell)
    return markdown


def _image(_: RendererHTML, tokens: Sequence[Token], index: int, __: OptionsDict, ___: EnvType) -> str:
    """A link to the picture instead of the picture."""
    token = tokens[index]
    url = escapeHtml(str(token.attrs.get("src", "")))
    return f'<a href="{url}" rel="noreferrer nofollow">{escapeHtml(token.content or url)}</a>'


def _link(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    tokens[index].attrSet("rel", "noreferrer nofollow")
    return renderer.renderToken(tokens, index, options, env)


def _cell(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A cell of a table whose side is a class: the policy refuses the style that Markdown gives it."""
    side = str(tokens[index].attrs.pop("style", "")).removeprefix("text-align:")
    if side:
        tokens[index].attrSet("class", side)
    return renderer.renderToken(tokens, index, options, env)
