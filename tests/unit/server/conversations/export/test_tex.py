"""Formulae keep their source, whatever Markdown would make of it."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from fathom.server.conversations.export.tex import tex_plugin

markdown = MarkdownIt("commonmark").use(tex_plugin)


@pytest.mark.parametrize("source", [r"\(a_1 b_2\)", r"\[x^2\]", "$a_i * b_i$", r"$$\frac{a}{b}$$", r"$\$5$", r"$101$"])
def test_inline(source):
    assert markdown.render(f"so {source} holds") == f'<p>so <code class="tex">{source}</code> holds</p>\n'


@pytest.mark.parametrize(
    "source", ["$$\na\n= b\n$$", "\\[\n- x\n\\]", "\\begin{align}\na &= b \\\\\n\\end{align}", "$$x$$"]
)
def test_blocks(source):
    shown = source.replace("&", "&amp;")
    assert markdown.render(f"so\n\n{source}\n\nx") == f'<p>so</p>\n<pre class="tex">{shown}</pre>\n<p>x</p>\n'


@pytest.mark.parametrize("text", ["$5 and $10", "$123 - $234", "costs $5", "a \\* b", "$$ open", "\\[ open", "`$a$`"])
def test_other_text_is_no_formula(text):
    assert "tex" not in markdown.render(text)


def test_html_in_a_formula_is_text():
    assert markdown.render("$<img src=x>$") == '<p><code class="tex">$&lt;img src=x&gt;$</code></p>\n'


def test_many_openings_take_linear_time():
    assert "tex" not in markdown.render("\\( " * 20_000)
    assert "tex" not in markdown.render("\\[ a\n\n" * 5_000)
