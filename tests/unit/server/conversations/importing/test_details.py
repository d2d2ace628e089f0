"""Blocks in the text of open-webui's answers."""

from __future__ import annotations

import json

import pytest

from fathom.server.conversations.importing.details import parts_of

REASONING = (
    '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds</summary>\n'
    "> a &lt; b\n> \n> so\n</details>\n"
)


def shape(content: str):
    return [(part.type, part.text, part.data.get("ms")) for part in parts_of(content)]


def test_reasoning():
    assert shape(REASONING + "Yes.") == [("thinking", "a < b\n\nso", 3000), ("answer", "Yes.", None)]
    assert shape("<think>\nhm\n</think>\n\nYes.") == [("thinking", "hm", None), ("answer", "Yes.", None)]
    assert shape("One.\n" + REASONING + "Two.") == [
        ("answer", "One.", None),
        ("thinking", "a < b\n\nso", 3000),
        ("answer", "Two.", None),
    ]


def test_tool_calls():
    content = (
        '<details type="tool_calls" done="true" id="c1" name="search" arguments='
        '"&quot;{\\&quot;q\\&quot;: \\&quot;x\\&quot;}&quot;" '
        'result="&quot;ok&quot;" files="">\n<summary>Tool Executed</summary>\n</details>\nDone.'
    )
    called, answer = parts_of(content)
    assert called.data == {
        "id": "c1",
        "name": "search",
        "arguments": '{"q": "x"}',
        "state": "done",
        "ms": None,
        "result": {"text": "ok"},
    }
    assert answer.text == "Done."


def test_tool_calls_that_are_no_json():
    (called,) = parts_of('<details type="tool_calls" name="t" arguments="a b" result="[1, 2]"></details>')
    assert json.loads(called.data["arguments"]) == {"input": "a b"}
    assert called.data["result"] == {"text": "[1, 2]"}


def test_code():
    (called,) = parts_of(
        '<details type="code_interpreter" output="2"><summary>Analyzed</summary>\n```python\n1+1\n```\n</details>'
    )
    assert json.loads(called.data["arguments"]) == {"code": "1+1"}
    assert (called.data["name"], called.data["result"]) == ("python", {"text": "2"})


@pytest.mark.parametrize(
    "content", ["<details><summary>More</summary>x</details>", "a <think> b", '<details type="reasoning">open', "a < b"]
)
def test_other_text_is_an_answer(content):
    assert shape(content) == [("answer", content, None)]


def test_many_openings_take_linear_time():
    content = '<details type="reasoning">' * 100_000
    assert shape(content) == [("answer", content, None)]
    assert len(list(parts_of("<think>x</think>" * 10_000))) == 10_000
