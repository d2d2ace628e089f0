"""Tool calls as JSON objects, parsed from a stream."""

from __future__ import annotations

import pytest

from fathom.text.input_stream import InputStream, Stops
from fathom.text.tool_calls.json_object import json_call


class Recorder:
    """A sink that accepts every name but ``refused``."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.ended = 0

    def accepts(self, name: str) -> bool:
        return name != "refused"

    def start_call(self, name: str) -> None:
        self.calls.append([name, ""])

    def arguments(self, text: str) -> None:
        self.calls[-1][1] += text

    def end_call(self, complete: bool = True) -> None:
        self.ended += 1
        self.complete = complete


def parse(text: str, closer: Stops | None = None) -> tuple[bool, Recorder]:
    """Parse ``text``, one character at a time: whether it is a call, and what was recorded."""
    stream, sink = InputStream(), Recorder()
    rule = json_call(stream, sink, closer)
    for character in text:
        stream.feed(character)
        try:
            next(rule)
        except StopIteration as end:
            return end.value, sink
    stream.close()
    with pytest.raises(StopIteration) as ended:
        next(rule)
    return ended.value.value, sink


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ('{"name": "f", "arguments": {"a": [1, {"b": "}"}]}}', "f", '{"a": [1, {"b": "}"}]}'),
        ('{"arguments": {"a": 1}, "name": "f"}', "f", '{"a": 1}'),
        ('{"name": "f", "arguments": "{\\"a\\": 1}"}', "f", '{"a": 1}'),
        ('{"name": "f", "arguments": null}', "f", ""),
        ('{"name": "f", "arguments": ""}', "f", ""),
        ('{"name": "f", "arguments": }', "f", ""),
        ('{"name": "f", "arguments": [ ]}', "f", ""),
        ('{"name": "f", "arguments": "so"}', "f", '"so"'),
        ('{"name": "f", "id": 3}', "f", ""),
        ('{"name": "\\u0066", "parameters": {}}', "f", "{}"),
        ('{"name": "f", "arguments": {"a": "x', "f", '{"a": "x'),
    ],
)
def test_calls(text: str, name: str, arguments: str) -> None:
    is_call, sink = parse(text)
    assert is_call
    assert (sink.calls, sink.ended) == ([[name, arguments]], 1)
    assert sink.complete == text.endswith("}")


@pytest.mark.parametrize("text", ["x", "{}", '{"name": 3}', '{"name": "refused"}', '{"arguments": {}}', '{"name": "f"'])
def test_text_that_is_no_call(text: str) -> None:
    is_call, sink = parse(text)
    assert not is_call
    assert (sink.calls, sink.ended) == ([], 0)


def test_invalid_arguments_continue_up_to_the_closer() -> None:
    is_call, sink = parse('{"name": "f", "arguments": {"a" <b>}}</end>', Stops("</end>"))
    assert is_call
    assert sink.calls == [["f", '{"a" <b>}}']]
