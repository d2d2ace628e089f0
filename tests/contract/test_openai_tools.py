"""Tool calls by the official client: at every split of a stream, how answers end, conversations that go on."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from openai_requests import ASK, CALL, PROMPT, WEATHER
from scripted import Script

CUT = '<tool_call>\n{"name": "weather", "arguments": {"city": "Kö'
R1_CALL = (
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n"
    '```json\n{"city": "Rome"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>'
)


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 11, 200])
def test_tool_calls_at_every_split(serve_script, client_of, step):
    client = client_of(serve_script(Script("Let me see.\n" + CALL + "\n" + CALL, step=step)))
    ask = {"model": "scripted", "messages": ASK, "tools": [WEATHER]}
    answer = client.chat.completions.create(**ask).choices[0]
    assert answer.finish_reason == "tool_calls"
    assert answer.message.content == "Let me see."
    assert [call.function.name for call in answer.message.tool_calls] == ["weather", "weather"]
    assert [call.function.arguments for call in answer.message.tool_calls] == ['{"city": "Köln"}'] * 2
    assert len({call.id for call in answer.message.tool_calls}) == 2
    calls: dict[int, dict[str, str]] = {}
    for chunk in client.chat.completions.create(**ask, stream=True):
        for call in chunk.choices[0].delta.tool_calls or ():
            entry = calls.setdefault(call.index, {"arguments": ""})
            entry["arguments"] += call.function.arguments
            if call.id:
                entry |= {"id": call.id, "type": call.type, "name": call.function.name}
    assert [(c["name"], c["type"], json.loads(c["arguments"])) for c in calls.values()] == [
        ("weather", "function", {"city": "Köln"})
    ] * 2
    assert chunk.choices[0].finish_reason == "tool_calls"


def test_without_parallel_calls_the_first_call_ends_the_answer(serve_script, client_of):
    server = serve_script(Script(CALL + "\n" + CALL))
    answer = client_of(server).chat.completions.create(
        model="scripted", messages=ASK, tools=[WEATHER], parallel_tool_calls=False
    )
    assert len(answer.choices[0].message.tool_calls) == 1
    assert answer.choices[0].finish_reason == "tool_calls"
    assert server.engine.cancelled == 1


@pytest.mark.parametrize("step", [1, 7, 500])
@pytest.mark.parametrize(
    ("text", "finish", "body", "reason", "arguments"),
    [
        ("Hello", "stop", {}, "stop", []),
        ("Hello", "length", {}, "length", []),
        (CALL, "stop", {}, "tool_calls", ['{"city": "Köln"}']),
        (CALL, "length", {}, "length", ['{"city": "Köln"}']),
        (CALL + "\n" + CUT, "length", {}, "length", ['{"city": "Köln"}', '{"city": "Kö']),
        (CUT, "length", {}, "length", ['{"city": "Kö']),
        (CUT, "length", {"parallel_tool_calls": False}, "length", ['{"city": "Kö']),
        (CUT, "stop", {"stop": ["ln"]}, "stop", ['{"city": "Kö']),
        (CALL, "stop", {"stop": ["ln"]}, "tool_calls", ['{"city": "Köln"}']),
        (CALL + CUT, "length", {"parallel_tool_calls": False}, "tool_calls", ['{"city": "Köln"}']),
        ('<tool_call>\n{"name": "weather", "arguments": ""}\n</tool_call>', "stop", {}, "tool_calls", ["{}"]),
        ('<tool_call>\n{"name": "wea', "length", {}, "length", []),
    ],
)
def test_finish_reasons_of_calls(serve_script, client_of, step, text, finish, body, reason, arguments):
    client = client_of(serve_script(Script(text, step=step, finish=finish)))
    ask = {"model": "scripted", "messages": ASK, "tools": [WEATHER], "logprobs": True, **body}
    choice = client.chat.completions.create(**ask).choices[0]
    assert choice.finish_reason == reason
    assert [call.function.arguments for call in choice.message.tool_calls or ()] == arguments
    streamed: dict[int, str] = {}
    reasons = []
    for chunk in client.chat.completions.create(**ask, stream=True):
        reasons += [chunk.choices[0].finish_reason] if chunk.choices[0].finish_reason else []
        for call in chunk.choices[0].delta.tool_calls or ():
            streamed[call.index] = streamed.get(call.index, "") + call.function.arguments
    assert (reasons, list(streamed.values())) == ([reason], arguments)


def test_tools_are_not_offered_when_the_choice_is_none(serve_script, client_of):
    server = serve_script(Script(CALL))
    answer = client_of(server).chat.completions.create(
        model="scripted", messages=ASK, tools=[WEATHER], tool_choice="none"
    )
    assert answer.choices[0].message.content == CALL
    assert bytes(server.engine.requests[0].prompt).decode() == PROMPT


LLAMA_CALLS = '{"name": "weather", "parameters": {"city": "Rome"}}; {"name": "weather", "parameters": {"city": "Bern"}}'


@pytest.mark.parametrize(
    ("template", "said", "written"),
    [
        ("llama3", LLAMA_CALLS, ['"Rome"}}', "17 degrees in Rome", '"Bern"}}', "17 degrees in Bern"]),
        ("deepseek-r1", f"Hm.</think>{R1_CALL}", ['{"city": "Rome"}', "17 degrees in Rome"]),
        ("deepseek-r1", f"Hm.</think>I look.{R1_CALL}", ["I look.", '{"city": "Rome"}', "17 degrees in Rome"]),
        ("deepseek-r1", f"Hm.\n{R1_CALL}", ['{"city": "Rome"}', "17 degrees in Rome"]),  # inside the thinking
        ("gemma", f"I look.\n{CALL}", ["I look.", '{"city": "Köln"}', "17 degrees in Köln"]),
    ],
)
def test_a_conversation_goes_on_after_calls(serve_script, client_of, template, said, written):
    """What was answered is sent back as it is, with results in another order."""
    source = (Path(__file__).parents[1] / "fixtures" / "templates" / f"{template}.jinja").read_text(encoding="utf-8")
    server = serve_script(Script(said), Script("Warm."), served={"template": source})
    create = partial(client_of(server).chat.completions.create, model="scripted", tools=[WEATHER])
    message = create(messages=ASK).choices[0].message
    cities = {call.id: json.loads(call.function.arguments)["city"] for call in message.tool_calls}
    results = [
        {"role": "tool", "tool_call_id": call_id, "content": f"17 degrees in {city}"}
        for call_id, city in reversed(cities.items())
    ]
    answer = create(messages=[*ASK, message.model_dump(exclude_none=True), *results]).choices[0]
    assert "Warm." in (answer.message.content or answer.message.reasoning_content)
    prompt = bytes(server.engine.requests[1].prompt).decode()
    places = [prompt.rfind(text) for text in written]
    assert -1 not in places
    assert places == sorted(places)


def test_a_round_with_a_tool_result(serve_script, client_of):
    server = serve_script(Script("17 degrees."))
    client_of(server).chat.completions.create(
        model="scripted",
        tools=[WEATHER],
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "How warm"}, {"type": "text", "text": " is it?"}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "17"},
        ],
    )
    prompt = bytes(server.engine.requests[0].prompt).decode()
    assert "How warm is it?" in prompt
    assert '<tool_call>\n{"name": "weather", "arguments": {}}\n</tool_call>' in prompt
    assert "<tool_response>\n17\n</tool_response>" in prompt
