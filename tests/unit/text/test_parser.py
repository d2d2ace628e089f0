"""The state machine of a model's turn: what it parses, and that the result does not depend on how a stream is split."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import pytest
from completions import (
    ANSWER,
    BEGIN,
    CHATML,
    DEEPSEEK_CASES,
    DONE,
    END,
    EVERY,
    GLM4,
    GLM_CASES,
    HERMES_CASES,
    LLAMA3,
    LLAMA_CASES,
    MAY_THINK,
    MISTRAL,
    MISTRAL_CASES,
    ONE,
    PHI4,
    PHI_CASES,
    QWEN3,
    R1,
    SEP,
    THINKING,
    TOOLS,
    call,
    dialect,
    read,
)
from hypothesis import given
from hypothesis import strategies as st

from fathom.text.dialects import Dialect
from fathom.text.events import (
    AnswerText,
    AnswerWasThinking,
    Event,
    ThinkingText,
    ToolCallArguments,
    ToolCallEnded,
    ToolCallStarted,
    assemble_message,
)
from fathom.text.parser import Opening, Parser, detect_opening
from fathom.types import Message, ToolCall

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
    # unbalanced tags
    ("<think>\nHm.\n</think>\n\nHi", THINKING, [ThinkingText("Hm."), AnswerText("Hi")]),
    ("\n<think>Hm.</think>Hi", THINKING, [ThinkingText("Hm."), AnswerText("Hi")]),
    ("<think>\n<think>\nHm.\n</think>Hi", MAY_THINK, [ThinkingText("Hm."), AnswerText("Hi")]),
    ("<thi", THINKING, [ThinkingText("<thi")]),
    ("<think>", Opening("thinking", fresh=False), [ThinkingText("<think>")]),
    ("Hm.\n</think>\n\nHi", MAY_THINK, [AnswerText("Hm."), AnswerWasThinking(), AnswerText("Hi")]),
    ("Hm.</think>", MAY_THINK, [AnswerText("Hm."), AnswerWasThinking()]),
    ("\n</think>\n\nHi", MAY_THINK, [AnswerText("Hi")]),
    ("</think>Hi", MAY_THINK, [AnswerText("Hi")]),
    ("`</think>` closes", MAY_THINK, [AnswerText("`</think>` closes")]),
    ("a <think>\n</think>\n", MAY_THINK, [AnswerText("a <think>\n</think>\n")]),
    ("a</think>\nb</think>\nc", MAY_THINK, [AnswerText("a"), AnswerWasThinking(), AnswerText("b</think>\nc")]),
    (
        f"Hm.\n</think>\n\n{ONE}f{SEP}{{}}{DONE}",
        MAY_THINK,
        [AnswerText("Hm."), AnswerWasThinking(), *call(0, "f", "{}")],
    ),
    (f"{ONE}f{SEP}{{}}{DONE}a</think>\n", MAY_THINK, [*call(0, "f", "{}"), AnswerText("a</think>\n")]),
    # a call inside the thinking
    (f"Hm.\n{BEGIN}{ONE}f{SEP}{{}}{DONE}{END}", THINKING, [ThinkingText("Hm."), *call(0, "f", "{}")]),
    (
        f"Hm. {ONE}f{SEP}{{}}{DONE} and {ONE}weather{SEP}{{}}{DONE}",
        THINKING,
        [ThinkingText("Hm. "), *call(0, "f", "{}"), AnswerText(" and "), *call(1, "weather", "{}")],
    ),
    (
        f"{BEGIN} then {BEGIN}{ONE}f{SEP}{{}}{DONE}{END}",
        THINKING,
        [ThinkingText(f"{BEGIN} then "), *call(0, "f", "{}")],
    ),
    (
        f"Hm. {ONE}f{SEP}{{}}{DONE}\n</think>\n\nHi",
        THINKING,
        [ThinkingText(f"Hm. {ONE}f{SEP}{{}}{DONE}"), AnswerText("Hi")],
    ),
    (f"Hm. {ONE}other{SEP}{{}}{DONE}", THINKING, [ThinkingText(f"Hm. {ONE}other{SEP}{{}}{DONE}")]),
    (f'Hm. {ONE}f{SEP}{{"a": ', THINKING, [ThinkingText(f'Hm. {ONE}f{SEP}{{"a": ')]),  # cut off
    (f"Hm. {BEGIN}\n", THINKING, [ThinkingText(f"Hm. {BEGIN}\n")]),
    ("日本</think>👩‍👩‍👧", THINKING, [ThinkingText("日本"), AnswerText("👩‍👩‍👧")]),
]


@pytest.mark.parametrize(("text", "opening", "events"), THINK_CASES)
def test_thinking(text: str, opening: Opening, events: list[Event]) -> None:
    assert read([text], R1, opening) == events


def test_a_dialect_that_does_not_think_changes_nothing() -> None:
    assert read(["\n\n<think>Hi</think>\n"], CHATML, tools=()) == [AnswerText("\n\n<think>Hi</think>\n")]


def test_calls_are_not_parsed_without_tools() -> None:
    for text, *_ in (*HERMES_CASES, *DEEPSEEK_CASES, *LLAMA_CASES):
        for family in (CHATML, R1, LLAMA3):
            assert "".join(event.text for event in read([text], family, tools=()) if isinstance(event, AnswerText)) == (
                text.lstrip("\n") if family is R1 else text
            )


# splits of the stream

CASES = [
    *((text, R1, opening) for text, opening, _ in THINK_CASES),
    *((text, CHATML, ANSWER) for text, _ in HERMES_CASES),
    *((text, R1, ANSWER) for text, _ in DEEPSEEK_CASES),
    *((text, LLAMA3, ANSWER) for text, _ in LLAMA_CASES),
    *((text, MISTRAL, ANSWER) for text, _ in MISTRAL_CASES),
    *((text, PHI4, ANSWER) for text, _ in PHI_CASES),
    *((text, GLM4, ANSWER) for text, _ in GLM_CASES),
]


@pytest.mark.parametrize(("text", "family", "opening"), CASES)
def test_events_do_not_depend_on_how_the_text_is_split(text: str, family: Dialect, opening: Opening) -> None:
    whole = read([text], family, opening)
    assert read(text, family, opening) == whole
    for cut in range(len(text) + 1):
        assert read([text[:cut], text[cut:]], family, opening) == whole


FRAGMENTS = [
    *("<think>", "</think>", "<tool_call>", "</tool_call>", BEGIN, END, ONE, SEP, DONE, "<|python_tag|>"),
    *("[TOOL_CALLS]", "[CALL_ID]", "[ARGS]", "<|tool_call|>", "<|/tool_call|>", "functools"),
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
def test_any_partition_gives_the_events_of_the_whole(
    pieces: list[str], family: Dialect, opening: Opening, tools: Sequence[str]
) -> None:
    assert read(pieces, family, opening, tools) == read(["".join(pieces)], family, opening, tools)


@given(streams, families, openings)
def test_nothing_is_lost(text: str, family: Dialect, opening: Opening) -> None:
    """Without tools, all that may disappear is one pair of tags, a second opening one, newlines beside them, and the
    space that the template puts before an answer."""
    if not family.thinks:
        opening = ANSWER
    message = assemble_message(read([text], family, opening, tools=()))
    kept = (message.reasoning or "") + message.content
    dropped = (text.removeprefix(family.lead) if opening.fresh else text).replace("\r", "\n")
    for tag in ("<think>", "</think>"):
        missing = text.count(tag) - kept.count(tag)
        assert missing <= (2 if tag == "<think>" else 1)
        dropped = dropped.replace(tag, "", max(missing, 0))
    assert sorted(kept.replace("\r", "").replace("\n", "")) == sorted(dropped.replace("\n", "")) or kept == text


@given(partitions(), families, openings, offers)
def test_spans_are_where_the_text_of_the_events_is(
    pieces: list[str], family: Dialect, opening: Opening, tools: Sequence[str]
) -> None:
    parser, text = Parser(family, opening, tools), "".join(pieces)
    events, spans = [], []
    for piece in pieces:
        events += parser.push(piece)
        spans += parser.take_spans()
    events += parser.finish()
    spans += parser.take_spans()
    for kind, thinking in ((ThinkingText, True), (AnswerText, False)):
        shown = "".join(text[span.start : span.end] for span in spans if span.thinking is thinking)
        assert shown == "".join(event.text for event in events if isinstance(event, kind))
    assert spans == sorted(spans)


@given(streams, families, openings)
def test_events_are_well_formed(text: str, family: Dialect, opening: Opening) -> None:
    """Calls are numbered, sequential and ended; thinking comes first."""
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
def test_a_dialect_parses_what_it_writes(message: Message, family: Dialect, by_character: bool) -> None:
    if not family.thinks:
        message = Message("assistant", message.content, None, message.tool_calls)
    if family.calls.bare and message.tool_calls:  # a bare object is the whole answer
        message = Message("assistant", "", None, message.tool_calls)
    text = family.write(message)
    opening = MAY_THINK if family.thinks else ANSWER
    assert assemble_message(read(text if by_character else [text], family, opening)) == message


# the state at the end of a prompt

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


def test_a_call_inside_a_qwen_thinking_counts_if_the_turn_ends() -> None:
    text = 'Let me call.\n<tool_call>\n{"name": "f", "arguments": {"c": 1}}\n</tool_call>'
    called = [ThinkingText("Let me call."), *call(0, "f", '{"c": 1}')]
    assert read([text], QWEN3, THINKING) == read(text, QWEN3, THINKING) == called
    assert read([text], QWEN3, THINKING, tools=()) == [ThinkingText(text)]
    assert read([f"{text}</think>\n\nHi"], QWEN3, THINKING) == [ThinkingText(text), AnswerText("Hi")]
    mention = "I could use <tool_call> here."
    assert read([mention], QWEN3, THINKING) == [ThinkingText(mention)]


def test_thinking_that_mentions_a_call_goes_on_streaming() -> None:
    parser = Parser(QWEN3, THINKING, TOOLS)
    pieces = ["I could use ", "<tool_call>", " here", ", or", ' <tool_call>{"name": "f"}', " so", "</think>", "Hi"]
    assert [parser.push(piece) for piece in pieces] == [
        [ThinkingText("I could use ")],
        [],
        [ThinkingText("<tool_call> here")],
        [ThinkingText(", or")],
        [ThinkingText(" ")],
        [],
        [ThinkingText('<tool_call>{"name": "f"} so')],
        [AnswerText("Hi")],
    ]


def test_phase_after_each_piece() -> None:
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
def test_long_streams_are_parsed_in_linear_time(unit: str, lead: str) -> None:
    """A parser that scanned its input again would time out here."""
    family = R1 if lead.startswith("<｜") or unit.startswith("<｜") else CHATML
    text = lead + unit * (100_000 // len(unit)) + "x"
    parser = Parser(family, THINKING if unit == "</think" else ANSWER, TOOLS)
    events = [event for start in range(0, len(text), 1000) for event in parser.push(text[start : start + 1000])]
    events += parser.finish()
    emitted = sum(
        len(event.text) for event in events if isinstance(event, AnswerText | ThinkingText | ToolCallArguments)
    )
    layout = len(lead) + (len(text) if unit == "\n" else 2)  # newlines beside markup are not text
    assert emitted >= max(1, len(text) - layout)
