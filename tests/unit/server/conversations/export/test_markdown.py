"""Markdown to read elsewhere: literal expectations."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt
from records import answer, api_message, citation, record, text, thinking, tool_call

from fathom.server.conversations.export.markdown import file_name, to_markdown


def test_a_conversation():
    file = {"type": "file", "file": "f", "name": "a.pdf", "media_type": "application/pdf", "bytes": 1500}
    source = citation(2, title="R [1]", url="https://a/(b)", quote="it  flows", supported=False, place={"page": 3})
    written = to_markdown(
        record(
            api_message("q", None, "user", file, text("Why?")),
            api_message("a", "q", "assistant", thinking("Hm.\n"), answer("Because [2].\n"), source),
        )
    )
    assert (
        written
        == """# Rivers

*Exported from Fathom on 2023-11-14*

## You

- `a.pdf (1.5 KB)`

Why?

## Assistant · m

<details><summary>Thought for 12 s</summary>

Hm.

</details>

Because [2].

**Sources**

2. [R \\[1\\]](<https://a/(b)>) · page 3 · “it flows” · not in the source
"""
    )


def test_tools_votes_and_endings():
    written = to_markdown(
        record(
            api_message(
                "a",
                None,
                "assistant",
                tool_call(arguments='{"code": "```"}', result={"text": "2", "files": [{"name": "plot.png"}]}),
                state="stopped",
            ),
            api_message(
                "b",
                "a",
                "assistant",
                {"type": "vote", "candidates": [], "tally": [{"answer": "42", "count": 3}], "chosen": 0},
                state="failed",
                error={"message": "no\nmemory"},
            ),
        ),
        language="zh",
    )
    assert '<details><summary>工具：python</summary>\n\n````json\n{"code": "```"}\n````\n\n```text\n2\n```\n' in written
    assert "- `plot.png`\n\n</details>\n\n> 此回答已停止。" in written
    assert "- 3 × 42\n\n> 此回答失败： no memory\n" in written


def test_thinking_cannot_leave_its_fold():
    written = to_markdown(record(api_message("a", None, "assistant", thinking("x</Details>\n\n# y"), answer("z"))))
    assert written.count("</details>") == 1
    assert "x&lt;/Details>" in written


def test_an_address_cannot_leave_its_link():
    written = to_markdown(record(api_message("a", None, "assistant", citation(url="https://a> <img src=x>"))))
    rendered = MarkdownIt("commonmark", {"html": True}).render(written.partition("**Sources**")[2])
    assert "<img" not in rendered


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Why is 1 < 2?", "Why-is-1-2.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("…", "chat.md"),
        ("Ünï 日本", "Ünï-日本.md"),
        ("x" * 99, "x" * 60 + ".md"),
    ],
)
def test_file_names(title, name):
    assert file_name(title, "md") == name
