"""The HTML page: what it shows, and that hostile text in any place of a record stays text."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from records import answer, api_message, citation, record, text, thinking, tool_call

from fathom.server.conversations.export import html_page
from fathom.server.conversations.export.html_page import policy, to_html

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "header",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "article",
    "section",
    "div",
    "details",
    "summary",
    "ol",
    "ul",
    "li",
    "a",
    "q",
    "pre",
    "code",
    "strong",
    "em",
    "s",
    "blockquote",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "hr",
    "br",
}


class Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def tags_of(page: str):
    collector = Collector()
    collector.feed(page)
    return collector.tags


def test_a_conversation():
    page = to_html(
        record(
            api_message(
                "q", None, "user", {"type": "file", "name": "a.pdf", "bytes": 1500}, text("Why <b>?\n  Really?")
            ),
            api_message(
                "a",
                "q",
                "assistant",
                thinking("Hm **m**."),
                answer("Because\n\n| a | b |\n|---|---|\n| 1 | $x_1$ |"),
                citation(quote="it flows", supported=False),
            ),
        )
    )
    assert '<p class="file">a.pdf (1.5 KB)</p>' in page
    assert '<div class="typed">Why &lt;b&gt;?\n  Really?</div>' in page
    assert "<details><summary>Thought for 12 s</summary><p>Hm <strong>m</strong>.</p>\n</details>" in page
    assert '<td><code class="tex">$x_1$</code></td>' in page
    assert '<li value="1"><a href="https://a/b" rel="noreferrer nofollow">Rhine</a> · <q>it flows</q>' in page
    assert "· <strong>not in the source</strong></li>" in page
    assert '<html lang="en">' in page
    assert 'content="noindex"' in page


def test_tools_votes_and_endings():
    page = to_html(
        record(
            api_message(
                "a",
                None,
                "assistant",
                tool_call(arguments="<x>", result={"text": "<2>", "error": "<3>", "files": [{"name": "<4>"}]}),
                state="stopped",
            ),
            api_message(
                "b",
                "a",
                "assistant",
                {"type": "vote", "tally": [{"answer": "<5>", "count": 3}]},
                state="failed",
                error={"message": "<6>"},
            ),
        ),
        language="zh",
    )
    for shown in (
        "&lt;x&gt;",
        "&lt;2&gt;",
        "&lt;3&gt;",
        "&lt;4&gt;",
        "3 × &lt;5&gt;",
        "此回答失败： &lt;6&gt;",
        "此回答已停止。",
        '<html lang="zh">',
    ):
        assert shown in page


@pytest.mark.parametrize(
    "hostile",
    [
        HOSTILE,
        "![x](https://evil/pixel.png) ![y](javascript:alert(1))",
        "[x](javascript:alert(1)) [y](JaVaScRiPt:alert(1)) [z](data:text/html,x) [w](vbscript:x) <javascript:alert(1)>",
        "[x](https://a\"onclick=alert(1)) [x](https://a 'onclick=alert(1)')",
        "<style>*{display:none}</style><iframe src=x></iframe><base href=//evil><form action=x>",
        '```html"><script>alert(1)</script>\nx\n```',
        "$<script>$ \\[<script>\\]\n\n$$<script>\n$$",
        "[a]: javascript:x\n\n[a] ![a]",
        "&lt;script&gt; &#60;script&#62;",
        "<!-- --><![CDATA[x]]><?php x?>",
    ],
)
def test_hostile_text_is_inert(hostile):
    message = api_message(
        "a",
        None,
        "assistant",
        answer(hostile),
        thinking(hostile),
        citation(title=hostile, url=hostile, quote=hostile, place={"page": hostile}),
        tool_call(hostile, hostile, result={"text": hostile, "error": hostile, "files": [{"name": hostile}]}),
        {"type": "file", "name": hostile, "bytes": 1},
        text(hostile),
        {"type": "vote", "tally": [{"answer": hostile, "count": 1}]},
        model=hostile,
        state="failed",
        error={"message": hostile},
    )
    for tag, attributes in tags_of(to_html(record(message, title=hostile))):
        assert tag in TAGS
        assert not any(name.startswith("on") or name in ("style", "src", "srcdoc", "formaction") for name in attributes)
        assert tag != "a" or re.match(r"https?:|mailto:|#", attributes["href"] or ""), attributes


def test_nothing_is_loaded():
    page = to_html(record(api_message("a", None, "assistant", answer("![x](https://evil/pixel.png)"))))
    assert '<a href="https://evil/pixel.png" rel="noreferrer nofollow">x</a>' in page
    assert "url(" not in page
    assert "@import" not in page


def test_the_policy_allows_the_style_of_the_page_alone():
    page = to_html(record())
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy().startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert "unsafe" not in policy()


def test_a_very_long_part_is_shown_as_written(monkeypatch):
    monkeypatch.setattr(html_page, "LONGEST_MARKDOWN", 10)
    assert '<div class="typed">**a** &lt;b&gt; long</div>' in to_html(
        record(api_message("a", None, "assistant", answer("**a** <b> long")))
    )


def test_deep_nesting_ends():
    to_html(
        record(
            api_message("a", None, "assistant", answer("> " * 5000 + "x"), thinking("[" * 20_000), answer("*a " * 5000))
        )
    )


def test_the_sides_of_a_tables_columns_are_classes_as_the_policy_refuses_styles() -> None:
    table = "| a | b | c |\n|---|--:|:-:|\n| 1 | 2 | 3 |"
    page = to_html(record(api_message("1", None, "assistant", answer(table))))
    assert re.findall(r"<td[^>]*>", page) == ["<td>", '<td class="right">', '<td class="center">']
    assert "style=" not in page
    assert all(f".{side} {{ text-align: {side}; }}" in page for side in ("left", "right", "center"))
    assert "article > h2:first-child {" in page  # a heading of the answer does not look as the name of its author
