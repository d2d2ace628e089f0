"""The state machine of a model's turn: what it reads, and that no cut of the stream changes it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.text.dialects import DIALECTS, Dialect, detect_dialect
from fathom.text.events import (
    AnswerText,
    Event,
    ThinkingText,
    ToolCallArguments,
    ToolCallEnded,
    ToolCallStarted,
    assemble_message,
    coalesce,
)
from fathom.text.parser import Opening, Parser, detect_opening
from fathom.types import Message, ToolCall


def dialect(*texts: str) -> Dialect:
    """The dialect of a template made of these texts."""
    template = " ".join(texts)
    return detect_dialect(lambda text: text in template, lambda token: False)


R1 = dialect("<｜Assistant｜>", "</think>", "```json")
V31 = dialect("<｜Assistant｜>", "</think>")
QWEN3 = dialect("<|im_start|>", "<tool_call>", "</think>")
LLAMA3 = dialect("<|start_header_id|>")
CHATML = dialect("<|im_start|>")
EVERY = {"r1": R1, "v3.1": V31, "qwen3": QWEN3, "llama3": LLAMA3, "chatml": CHATML}

THINKING = Opening("thinking")
MAY_THINK = Opening(may_think=True)
ANSWER = Opening()
TOOLS = ("f", "weather")

BEGIN, END = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"
ONE, SEP, DONE = "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"


def read(
    pieces: Iterable[str], dialect: Dialect, opening: Opening = ANSWER, tools: Sequence[str] = TOOLS
) -> list[Event]:
    numbers = itertools.count()
    parser = Parser(dialect, opening, tools, new_id=lambda: f"call_{next(numbers)}")
    events = [event for piece in pieces for event in parser.push(piece)]
    return [*coalesce([*events, *parser.finish()])]


def call(index: int, name: str, arguments: str) -> list[Event]:
    pieces: list[Event] = [ToolCallArguments(index, arguments)] if arguments else []
    return [ToolCallStarted(index, f"call_{index}", name), *pieces, ToolCallEnded(index)]


def test_the_table_detect_dialects_families() -> None:
    assert [EVERY[name].name for name in EVERY] == ["deepseek", "deepseek", "chatml", "llama3", "chatml"]
    assert [EVERY[name].thinks for name in EVERY] == [True, True, True, False, False]
    assert len({row.name for row in DIALECTS}) == len(DIALECTS)


THINK_CASES = [
    ("Hm.\n</think>\n\nHi", THINKING, [ThinkingText("Hm."), AnswerText("Hi")]),
    ("\nHm.</think>Hi\n", THINKING, [ThinkingText("Hm."), AnswerText("Hi\n")]),
    ("<think>\nHm.\n\nSo\n</think>\n\nHi", MAY_THINK, [ThinkingText("Hm.\n\nSo"), AnswerText("Hi")]),
    ("\n <think>Hm.</think>Hi", MAY_THINK, [ThinkingText("Hm."), AnswerText("Hi")]),
    ("<think>\n\n</think>\n\nHi", MAY_THINK, [AnswerText("Hi")]),
    ("Hi <think>no</think>", MAY_THINK, [AnswerText("Hi <think>no</think>")]),
    ("<thin", MAY_THINK, [AnswerText("<thin")]),
    ("  Hi", MAY_THINK, [AnswerText("  Hi")]),
    (f"\n\n{ONE}f{SEP}{{}}{DONE}", MAY_THINK, call(0, "f", "{}")),
    ("Hm.\n\n", THINKING, [ThinkingText("Hm.\n\n")]),  # stopped in the middle: nothing is lost
    ("Hm.\n</thin", THINKING, [ThinkingText("Hm.\n</thin")]),
    ("a <think> b</think>c</think>d", THINKING, [ThinkingText("a <think> b"), AnswerText("c</think>d")]),
    ("</think>Hi", THINKING, [AnswerText("Hi")]),
    ("<think>Hi</think>", ANSWER, [AnswerText("<think>Hi</think>")]),
    ("`</think>` closes", ANSWER, [AnswerText("`</think>` closes")]),
    ("\nmore", Opening("thinking", fresh=False), [ThinkingText("\nmore")]),
    ("", THINKING, []),
    ("日本</think>👩‍👩‍👧", THINKING, [ThinkingText("日本"), AnswerText("👩‍👩‍👧")]),
]


@pytest.mark.parametrize(("text", "opening", "events"), THINK_CASES)
def test_thinking(text: str, opening: Opening, events: list[Event]) -> None:
    assert read([text], R1, opening) == events


def test_a_dialect_that_does_not_think_changes_nothing() -> None:
    assert read(["\n\n<think>Hi</think>\n"], CHATML, tools=()) == [AnswerText("\n\n<think>Hi</think>\n")]


HERMES_CASES = [
    ('<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>', call(0, "f", '{"a": 1}')),
    (
        'Wait.\n<tool_call>{"name":"f","arguments":{}}</tool_call>\n<tool_call>{"name":"g","arguments":{"s":"</tool_call>"}}</tool_call>\n',
        [AnswerText("Wait."), *call(0, "f", "{}"), *call(1, "g", '{"s":"</tool_call>"}')],
    ),
    ('<tool_call>{"arguments": {"a": [1, {}]}, "name": "f"}</tool_call>', call(0, "f", '{"a": [1, {}]}')),
    ('<tool_call>{"name": "f"}</tool_call> ok', [*call(0, "f", "{}"), AnswerText(" ok")]),
    ('<tool_call>{"name": "f", "arguments": null}</tool_call>', call(0, "f", "{}")),
    ('<tool_call>{"name": "f", "arguments": "{\\"a\\": 1}"}</tool_call>', call(0, "f", '{"a": 1}')),
    ('<tool_call>{"id": 7, "name": "f", "parameters": {"a": 1}, "x": [2]}</tool_call>', call(0, "f", '{"a": 1}')),
    (
        '<tool_call>[{"name": "f", "arguments": {}}, {"name": "g"}]</tool_call>',
        [*call(0, "f", "{}"), *call(1, "g", "{}")],
    ),
    # one brace missing, one too many, cut off
    ('<tool_call>{"name": "f", "arguments": {"a": 1}\n</tool_call>', call(0, "f", '{"a": 1}')),
    ('<tool_call>{"name": "f", "arguments": {"a": 1}}}\n</tool_call>', call(0, "f", '{"a": 1}')),
    ('<tool_call>{"name": "f", "arguments": {"a": "b', call(0, "f", '{"a": "b')),
    ('<tool_call>{"name": "f", "arguments": {"a" <b>}}</tool_call>ok', [*call(0, "f", '{"a" <b>}}'), AnswerText("ok")]),
    ('<tool_call>{"name": "f", "arguments": {}} and more', [*call(0, "f", "{}"), AnswerText(" and more")]),
    # no calls
    ("`<tool_call>` opens", [AnswerText("`<tool_call>` opens")]),
    ("<tool_call>\n{oops}\n</tool_call>\n", [AnswerText("<tool_call>\n{oops}\n</tool_call>\n")]),
    ('<tool_call>{"name": 3}</tool_call>', [AnswerText('<tool_call>{"name": 3}</tool_call>')]),
    ('<tool_call>{"name": ""}</tool_call>', [AnswerText('<tool_call>{"name": ""}</tool_call>')]),
    ('<tool_call>{"arguments": {}}</tool_call>', [AnswerText('<tool_call>{"arguments": {}}</tool_call>')]),
    ('x\n\n<tool_call>{"na', [AnswerText('x\n\n<tool_call>{"na')]),
    ("</tool_call> stray\n", [AnswerText("</tool_call> stray\n")]),
    ('<tool_call> <tool_call>{"name": "f"}</tool_call>', [AnswerText("<tool_call> "), *call(0, "f", "{}")]),
]


@pytest.mark.parametrize(("text", "events"), HERMES_CASES)
def test_hermes_calls(text: str, events: list[Event]) -> None:
    assert read([text], CHATML) == events


DEEPSEEK_CASES = [
    (f'{BEGIN}{ONE}function{SEP}f\n```json\n{{"a": 1}}\n```{DONE}{END}', call(0, "f", '{"a": 1}')),
    (f'{BEGIN}{ONE}f{SEP}{{"a": 1}}{DONE}{END}', call(0, "f", '{"a": 1}')),
    (f'{BEGIN}{ONE}function{SEP}{{"a": 1}}{DONE}{END}', call(0, "function", '{"a": 1}')),
    (
        f"Look.\n\n{BEGIN}{ONE}f{SEP}{{}}{DONE}\n{ONE}function{SEP}g\n```json\n{{}}\n```{DONE}{END}\n",
        [AnswerText("Look."), *call(0, "f", "{}"), *call(1, "g", "{}")],
    ),
    (f"{ONE}f{SEP}{{}}{DONE}", call(0, "f", "{}")),  # the outer markers forgotten
    (f"{BEGIN}{ONE}f{SEP}{{}}{DONE}then", [*call(0, "f", "{}"), AnswerText("then")]),
    (f"{BEGIN}{ONE}f{SEP}not json{DONE}{END}", call(0, "f", "not json")),
    (f'{BEGIN}{ONE}function{SEP}f\n```json\n{{"a": "```', call(0, "f", '{"a": "```')),
    (f'{BEGIN}{ONE}f{SEP}{{"a": "`` `', call(0, "f", '{"a": "`` `')),
    (f"{BEGIN}{ONE}f\n{END}", [AnswerText(f"{BEGIN}{ONE}f\n{END}")]),
    (f"{BEGIN}oops", [AnswerText(f"{BEGIN}oops")]),
    (f"{BEGIN}{END}", [AnswerText(f"{BEGIN}{END}")]),
    (f"{BEGIN}{ONE}{SEP}{{}}{DONE}", [AnswerText(f"{BEGIN}{ONE}{SEP}{{}}{DONE}")]),
    (f"x{END}", [AnswerText(f"x{END}")]),
]


@pytest.mark.parametrize(("text", "events"), DEEPSEEK_CASES)
def test_deepseek_calls(text: str, events: list[Event]) -> None:
    assert read([text], R1) == read([text], V31) == events


LLAMA_CASES = [
    ('{"name": "f", "parameters": {"a": 1}}', call(0, "f", '{"a": 1}')),
    ('\n{"type": "function", "name": "f", "parameters": {}}', call(0, "f", "{}")),
    ('{"name": "f", "parameters": {}}; {"name": "weather"}\n', [*call(0, "f", "{}"), *call(1, "weather", "{}")]),
    ('<|python_tag|>{"name": "unknown", "parameters": {}}', call(0, "unknown", "{}")),
    ('Sure.\n<|python_tag|>{"name": "f"}', [AnswerText("Sure."), *call(0, "f", "{}")]),
    ('{"name": "Bob", "parameters": {}}', [AnswerText('{"name": "Bob", "parameters": {}}')]),  # not on offer: JSON
    ('{"answer": 42}', [AnswerText('{"answer": 42}')]),
    ('It is {"name": "f"}', [AnswerText('It is {"name": "f"}')]),
    ('<|python_tag|>search.call(query="x")', [AnswerText('<|python_tag|>search.call(query="x")')]),
    ('{"name": "f"}; {"a": 1}', [*call(0, "f", "{}"), AnswerText('{"a": 1}')]),
]


@pytest.mark.parametrize(("text", "events"), LLAMA_CASES)
def test_llama_calls(text: str, events: list[Event]) -> None:
    assert read([text], LLAMA3) == events


def test_calls_are_not_looked_for_without_tools() -> None:
    for text, *_ in (*HERMES_CASES, *DEEPSEEK_CASES, *LLAMA_CASES):
        for family in (CHATML, R1, LLAMA3):
            assert "".join(event.text for event in read([text], family, tools=()) if isinstance(event, AnswerText)) == (
                text.lstrip("\n") if family is R1 else text
            )


# how the stream is cut

CASES = [
    *((text, R1, opening) for text, opening, _ in THINK_CASES),
    *((text, CHATML, ANSWER) for text, _ in HERMES_CASES),
    *((text, R1, ANSWER) for text, _ in DEEPSEEK_CASES),
    *((text, LLAMA3, ANSWER) for text, _ in LLAMA_CASES),
]


@pytest.mark.parametrize(("text", "family", "opening"), CASES)
def test_every_cut_in_two_and_every_character_alone(text: str, family: Dialect, opening: Opening) -> None:
    whole = read([text], family, opening)
    assert read(text, family, opening) == whole
    for cut in range(len(text) + 1):
        assert read([text[:cut], text[cut:]], family, opening) == whole


FRAGMENTS = [
    *("<think>", "</think>", "<tool_call>", "</tool_call>", BEGIN, END, ONE, SEP, DONE, "<|python_tag|>"),
    *('{"name": "f", "arguments": ', '{"name": "f"', '"parameters": {"a": [1, "x"]}', '{"a": "b"}', "function", "f"),
    *(
        "{",
        "}",
        "[",
        "]",
        '"',
        "\\",
        ",",
        ":",
        ";",
        "\n",
        "\n\n",
        " ",
        "```json\n",
        "\n```",
        "<",
        "</",
        "｜",
        "日本",
        "👩‍👩‍👧",
        "null",
    ),
]
streams = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=6), max_size=14).map("".join)
families = st.sampled_from(sorted(EVERY)).map(EVERY.__getitem__)
openings = st.sampled_from([THINKING, MAY_THINK, ANSWER, Opening("thinking", fresh=False), Opening(fresh=False)])
offers = st.sampled_from([(), TOOLS])


@st.composite
def partitions(draw: st.DrawFn) -> list[str]:
    text = draw(streams)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    return [text[start:end] for start, end in itertools.pairwise([0, *cuts, len(text)])]


@given(partitions(), families, openings, offers)
def test_any_partition_reads_like_the_whole(
    pieces: list[str], family: Dialect, opening: Opening, tools: Sequence[str]
) -> None:
    assert read(pieces, family, opening, tools) == read(["".join(pieces)], family, opening, tools)


@given(streams, families, openings)
def test_nothing_is_lost(text: str, family: Dialect, opening: Opening) -> None:
    """Without tools, all that may disappear is one pair of tags and newlines beside it."""
    if not family.thinks:
        opening = ANSWER
    message = assemble_message(read([text], family, opening, tools=()))
    kept = (message.reasoning or "") + message.content
    dropped = text.replace("\r", "\n")
    for tag in ("<think>", "</think>"):
        if kept.count(tag) < text.count(tag):
            dropped = dropped.replace(tag, "", 1)
    assert sorted(kept.replace("\r", "").replace("\n", "")) == sorted(dropped.replace("\n", "")) or kept == text


@given(streams, families, openings)
def test_events_are_well_formed(text: str, family: Dialect, opening: Opening) -> None:
    """Calls are numbered, told one after the other, ended; thinking comes before everything else."""
    open_call, calls, past_thinking = None, 0, False
    for event in read(text, family, opening):
        match event:
            case ThinkingText():
                assert not past_thinking
                continue
            case AnswerText():
                assert open_call is None
            case ToolCallStarted(index):
                assert (open_call, index) == (None, calls)
                open_call, calls = index, calls + 1
            case ToolCallArguments(index) | ToolCallEnded(index):
                assert open_call == index
                if isinstance(event, ToolCallEnded):
                    open_call = None
        past_thinking = True
    assert open_call is None


# there and back

plain = st.text(st.characters(exclude_characters="<{｜\r\x00", exclude_categories=["Cs"]), max_size=30)
spoken = plain.map(lambda text: text.strip("\n"))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
arguments = st.dictionaries(st.text(max_size=5), json_values, max_size=3)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    count = draw(st.integers(0, 3))
    calls = tuple(
        ToolCall(
            f"call_{index}", draw(st.sampled_from(TOOLS)), json.dumps(draw(arguments), ensure_ascii=draw(st.booleans()))
        )
        for index in range(count)
    )
    return Message("assistant", draw(spoken), draw(spoken.filter(bool) | st.none()), calls)


@given(messages(), families, st.booleans())
def test_what_a_dialect_writes_it_reads(message: Message, family: Dialect, by_character: bool) -> None:
    if not family.thinks:
        message = Message("assistant", message.content, None, message.tool_calls)
    if family is LLAMA3 and message.tool_calls:  # a bare object is the whole answer
        message = Message("assistant", "", None, message.tool_calls)
    text = family.write(message)
    opening = MAY_THINK if family.thinks else ANSWER
    assert assemble_message(read(text if by_character else [text], family, opening)) == message


# where the prompt leaves the model

OPENINGS = [
    (R1, "<｜User｜>hi<｜Assistant｜><think>\n", THINKING),
    (R1, "<｜User｜><think><｜Assistant｜>", MAY_THINK),
    (R1, "<｜User｜>hi<｜Assistant｜></think>", ANSWER),
    (R1, "<｜User｜>hi<｜Assistant｜><think>\nSo", Opening("thinking", fresh=False)),
    (R1, "<｜User｜>hi<｜Assistant｜>Sure", Opening(fresh=False)),
    (R1, "<｜Assistant｜><｜tool▁calls▁begin｜>…<｜tool▁outputs▁begin｜>…<｜tool▁outputs▁end｜>", MAY_THINK),
    (QWEN3, "<|im_start|>user\n<think><|im_end|>\n<|im_start|>assistant\n", MAY_THINK),
    (QWEN3, "<|im_start|>assistant\n<think>\n\n</think>\n\n", ANSWER),
    (QWEN3, "<|im_start|>assistant\n<think>\n\n</think>\n\nSure", Opening(fresh=False)),
    (LLAMA3, "<|start_header_id|>assistant<|end_header_id|>\n\n", ANSWER),
    (LLAMA3, "<|start_header_id|>assistant<|end_header_id|>\n\n<think>", Opening(fresh=False)),
    (dialect("</think>"), "User: what is <think>?\nAssistant:", MAY_THINK),
    (dialect("</think>"), "User: hi\nAssistant: <think>\n", THINKING),
    (dialect("</think>"), "User: hi\nAssistant: <think>\n</think>\n", ANSWER),
]


@pytest.mark.parametrize(("family", "prompt", "opening"), OPENINGS)
def test_opening_of_a_prompt(family: Dialect, prompt: str, opening: Opening) -> None:
    assert detect_opening(prompt, family) == opening


def test_phase_tells_what_each_piece_was() -> None:
    parser = Parser(QWEN3, MAY_THINK, TOOLS)
    phases = []
    for piece in ("<think>", "\nHm", "</think>", "\n\nSo", "<tool_call>", '{"name": "f"', "}</tool_call>", "\n"):
        parser.push(piece)
        phases.append(parser.phase)
    assert phases == ["thinking", "thinking", "answer", "answer", "tool_call", "tool_call", "answer", "answer"]


@pytest.mark.parametrize(
    "unit",
    ["<tool_call>", '<tool_call>{"name": "', "\n", "</think", '{"a":', BEGIN, f"{BEGIN}{ONE}", "<", "`", "[", "\\"],
)
@pytest.mark.parametrize("lead", ["", '<tool_call>{"name": "f", "arguments": ', f"{BEGIN}{ONE}f{SEP}"])
def test_a_long_stream_of_anything(unit: str, lead: str) -> None:
    """Reading that looked back over what it read would not come to an end here."""
    family = R1 if lead.startswith("<｜") or unit.startswith("<｜") else CHATML
    text = lead + unit * (100_000 // len(unit)) + "x"
    parser = Parser(family, THINKING if unit == "</think" else ANSWER, TOOLS)
    events = [event for start in range(0, len(text), 1000) for event in parser.push(text[start : start + 1000])]
    events += parser.finish()
    told = sum(len(event.text) for event in events if isinstance(event, AnswerText | ThinkingText | ToolCallArguments))
    layout = len(lead) + (len(text) if unit == "\n" else 2)  # newlines beside markup are not text
    assert told >= max(1, len(text) - layout)
