"""HTML as text: structure kept, scripts and broken markup harmless."""

from __future__ import annotations

import io

import pytest
from made_files import WrittenPassages

from fathom.server.files.extraction.readers.html import HtmlText, read


def text_of(markup: str) -> str:
    page = HtmlText()
    page.feed(markup)
    page.close()
    return page.text()


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<h2>Hi</h2><p>one <b>two</b>\n three</p>", "## Hi\n\none two three\n"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n\n  - b\n\n- c\n"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b\n"),
        ("<table><tr><th>x<th>y<tr><td>1<td>2|3</table>", "| x | y |\n| --- | --- |\n| 1 | 2\\|3 |\n"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```\n"),
        ("a<br>b &amp; &eacute;", "a\nb & é\n"),
        ("a<script>evil()</script><style>x{}</style>b", "ab\n"),
        ("<img src=x alt='a cat'>", "[picture: a cat]\n"),
        ("<p>unclosed <table><tr><td>cell", "unclosed\n\n| cell |\n| --- |\n"),
        ("</table></td></ul>text", "text\n"),
    ],
)
def test_markup(markup, text):
    assert text_of(markup) == text


def test_title_and_declared_encoding():
    writer = WrittenPassages()
    data = '<html><head><meta charset="shift_jis"><title>題名 </title></head><body>本文</body></html>'.encode(
        "shift_jis"
    )
    read(io.BytesIO(data), writer)
    assert (writer.title, writer.text) == ("題名", "本文\n")


def test_deep_nesting_is_linear():
    assert text_of("<div>" * 50_000 + "x") == "x\n"
    assert "x" in text_of("<table><tr><td>" * 2000 + "x")
