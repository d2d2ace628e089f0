"""The API with the embedded model: from a client's call to real weights."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

CAPITAL = [{"role": "user", "content": "What is the capital of France?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def test_the_embedded_model_is_served(client, model):
    assert model == "smollm2-135m-instruct"
    assert client.models.retrieve(model).context_length == 1024


def test_a_question_whole_and_streamed(client, model):
    ask = {"model": model, "messages": CAPITAL, "temperature": 0, "max_tokens": 16}
    whole = client.chat.completions.create(**ask)
    assert whole.choices[0].message.content == "The capital of France is Paris."
    assert whole.choices[0].finish_reason == "stop"
    *chunks, last = client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True})
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == whole.choices[0].message.content
    assert last.usage.completion_tokens == whole.usage.completion_tokens == 8
    assert last.usage.prompt_cache_hit_tokens > 0
    assert last.usage.prompt_tokens == whole.usage.prompt_tokens


def test_token_ids_in_and_out(client, model):
    ask = {"model": model, "temperature": 0, "max_tokens": 5}
    extra = {"return_token_ids": True, "ignore_eos": True}
    text = client.completions.create(**ask, prompt="The capital of France is", extra_body=extra).choices[0]
    assert len(text.token_ids) == 5
    ids = client.completions.create(**ask, prompt=text.prompt_token_ids, extra_body=extra).choices[0]
    assert (ids.text, ids.token_ids) == (text.text, text.token_ids)
    assert "Paris" in ids.text


def test_logprobs_are_those_of_a_distribution(client, model):
    answer = client.chat.completions.create(
        model=model, messages=CAPITAL, temperature=0, max_tokens=4, logprobs=True, top_logprobs=3
    )
    entries = answer.choices[0].logprobs.content
    assert [entry.token for entry in entries] == ["The", " capital", " of", " France"]
    for entry in entries:
        assert entry.top_logprobs[0].token == entry.token
        assert entry.logprob == entry.top_logprobs[0].logprob <= 0
        assert len(entry.top_logprobs) == 3


def test_a_prompt_is_scored(client, model):
    answer = client.completions.create(
        model=model, prompt="The capital of France is", echo=True, logprobs=1, max_tokens=1, temperature=0
    )
    logprobs = answer.choices[0].logprobs
    assert answer.choices[0].text == "The capital of France is Paris"
    assert logprobs.tokens == ["The", " capital", " of", " France", " is", " Paris"]
    assert logprobs.text_offset == [0, 3, 11, 14, 21, 24]
    assert logprobs.token_logprobs[0] is None
    assert max(logprobs.top_logprobs[-1].values()) == logprobs.token_logprobs[-1]


def test_offsets_count_a_character_of_several_tokens_once(client, model):
    prompt = "Repeat: 😀 😀 😀 😀 😀 😀 a b\n" * 2 + "Repeat: 😀 😀 😀 😀 😀"
    choice = client.completions.create(model=model, prompt=prompt, logprobs=1, temperature=0, max_tokens=16).choices[0]
    assert choice.text == " a b\nRepeat: 😀 😀 😀 😀 a b\n"
    assert choice.logprobs.text_offset == [0, 2, 4, 5, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 24]


def test_biases_and_the_smallest_temperature(client, model):
    ask = {"model": model, "prompt": "The capital of France is", "max_tokens": 2}
    greedy = client.completions.create(**ask, temperature=0).choices[0].text
    assert greedy == " Paris."
    assert client.completions.create(**ask, temperature=5e-324).choices[0].text == greedy
    banned = client.completions.create(**ask, temperature=0, logit_bias={"7042": -100}).choices[0].text
    assert "Paris" not in banned
    forced = client.completions.create(**ask, logit_bias={"7042": 100.0}).choices[0].text
    assert forced == " Paris Paris"
    with pytest.raises(openai.BadRequestError, match="name tokens from 0 to 49151") as refused:
        client.completions.create(**ask, logit_bias={"50256": -100})
    assert refused.value.param == "logit_bias"


@pytest.mark.parametrize(
    ("body", "param"), [({"prompt": ""}, "prompt"), ({"prompt": [60_000]}, "prompt"), ({"suffix": "b"}, "suffix")]
)
def test_a_prompt_that_cannot_be_served(client, model, body, param):
    with pytest.raises(openai.BadRequestError) as refused:
        client.completions.create(**({"model": model, "prompt": "x"} | body))
    assert refused.value.param == param


def test_seeds_repeat_and_choices_differ(client, model):
    ask = {"model": model, "messages": [{"role": "user", "content": "Tell me a story."}], "seed": 7, "max_tokens": 12}
    first, second = (client.chat.completions.create(**ask, n=3, temperature=1.5) for _ in range(2))
    texts = [choice.message.content for choice in first.choices]
    assert texts == [choice.message.content for choice in second.choices]
    assert len(set(texts)) == 3
    assert all(choice.finish_reason in ("length", "stop") for choice in first.choices)


def test_stop_strings_are_not_part_of_the_answer(client, model):
    answer = client.chat.completions.create(
        model=model, messages=CAPITAL, temperature=0, max_tokens=16, stop=["France"]
    ).choices[0]
    assert (answer.message.content, answer.finish_reason) == ("The capital of ", "stop")


def test_json_by_schema(client, model):
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 12}, "people": {"type": "integer", "maximum": 99999999}},
        "required": ["city", "people"],
        "additionalProperties": False,
    }
    answer = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "Tell me about Paris as JSON."}],
        temperature=1,
        seed=1,
        max_tokens=200,
        response_format={"type": "json_schema", "json_schema": {"name": "city", "schema": schema}},
    ).choices[0]
    assert answer.finish_reason == "stop"
    assert set(json.loads(answer.message.content)) == {"city", "people"}


def test_a_schema_that_is_none_is_refused(client, model):
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "strong"}}}
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=model, messages=CAPITAL, response_format=form)


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "weather"}}])
def test_a_forced_call(client, model, choice):
    answer = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "How is the weather in Paris?"}],
        tools=[WEATHER],
        tool_choice=choice,
        parallel_tool_calls=False,
        temperature=0,
        max_tokens=80,
    ).choices[0]
    assert answer.finish_reason == "tool_calls"
    (call,) = answer.message.tool_calls
    assert call.function.name == "weather"
    assert isinstance(json.loads(call.function.arguments)["city"], str)


def test_a_prompt_beyond_the_context(client, model):
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": "word " * 2000}])
    assert (refused.value.code, refused.value.param) == ("context_length_exceeded", "messages")


def test_text_with_difficult_characters(client, model):
    text = "\x00 𝕳 👩‍👩‍👧 \u202e \ufffe <|im_start|> </think> ￿ " + "é" * 50
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": text}], max_tokens=4, temperature=0
    )
    assert answer.usage.completion_tokens <= 4


def test_many_requests_and_a_disconnected_client(real, client, model):
    body = json.dumps({"messages": CAPITAL, "stream": True, "max_tokens": 900, "ignore_eos": True}).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", real.port)) as leaver:
        leaver.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        assert leaver.recv(1000).startswith(b"HTTP/1.1 200")

        def ask(_: int) -> str:
            answer = client.chat.completions.create(model=model, messages=CAPITAL, temperature=0, max_tokens=16)
            return answer.choices[0].message.content

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(ask, range(4))) == {"The capital of France is Paris."}
        assert real.engine.stats().running == 1
    real.wait_until(lambda: real.engine.stats().running == 0)
    stats = real.engine.stats()
    assert (stats.running, stats.waiting) == (0, 0)
