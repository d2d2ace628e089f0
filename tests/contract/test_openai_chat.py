"""Chat completions by the official client: text, thinking, tools, usage, logprobs, response formats, streams."""

from __future__ import annotations

from functools import partial

import openai
import pytest
from openai_requests import ASK, CALL, PROMPT, WEATHER
from scripted import Script

from fathom.base.errors import ContextLengthError, OverloadedError


def test_a_plain_answer(serve_script, client_of):
    client = client_of(serve_script(Script("Hello there.", cached=8)))
    answer = client.chat.completions.create(model="scripted", messages=ASK)
    assert answer.object == "chat.completion"
    assert answer.model == "scripted"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content == "Hello there."
    assert answer.choices[0].finish_reason == "stop"
    assert not hasattr(answer.choices[0].message, "reasoning_content")
    assert answer.usage.model_dump(exclude_none=True) == {
        "prompt_tokens": len(PROMPT),
        "completion_tokens": 13,  # twelve characters and the end token
        "total_tokens": len(PROMPT) + 13,
        "prompt_cache_hit_tokens": 8,
        "prompt_cache_miss_tokens": len(PROMPT) - 8,
        "prompt_tokens_details": {"cached_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def test_a_streamed_answer(serve_script, client_of):
    client = client_of(serve_script(Script("Hey!", step=2)))
    chunks = list(client.chat.completions.create(model="scripted", messages=ASK, stream=True))
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert [chunk.choices[0].delta.model_dump(exclude_unset=True) for chunk in chunks] == [
        {"role": "assistant", "content": ""},
        {"content": "He"},
        {"content": "y!"},
        {},
    ]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, None, "stop"]
    assert all(chunk.usage is None for chunk in chunks)


def test_usage_in_a_stream_comes_last_and_without_choices(serve_script, client_of):
    client = client_of(serve_script(Script("Hey!", cached=3)))
    *before, last = client.chat.completions.create(
        model="scripted", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    assert all(chunk.usage is None for chunk in before)
    assert last.choices == []
    assert last.usage.completion_tokens == 5
    assert last.usage.prompt_cache_hit_tokens == 3


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 100])
def test_thinking_and_answer_are_separated_at_every_split(serve_script, client_of, step):
    client = client_of(serve_script(Script("Hm, 2.\n</think>\n\nIt is 2.", step=step)))
    ask = {"model": "scripted", "messages": ASK, "extra_body": {"thinking": {"type": "enabled"}}}
    answer = client.chat.completions.create(**ask)
    assert answer.choices[0].message.reasoning_content == "Hm, 2."
    assert answer.choices[0].message.content == "It is 2."
    assert 6 <= answer.usage.completion_tokens_details.reasoning_tokens <= 17 + step
    thinking, content = "", ""
    for chunk in client.chat.completions.create(**ask, stream=True):
        delta = chunk.choices[0].delta
        thinking += getattr(delta, "reasoning_content", None) or ""
        content += delta.content or ""
    assert (thinking, content) == ("Hm, 2.", "It is 2.")


def test_variables_of_the_chat_template(serve_script, client_of):
    server = serve_script(Script("Hi"))
    create = partial(client_of(server).chat.completions.create, model="scripted", messages=ASK)
    create(extra_body={"chat_template_kwargs": {"enable_thinking": True}})
    assert bytes(server.engine.requests[0].prompt).decode() == f"{PROMPT}<think>\n"
    with pytest.raises(
        openai.BadRequestError, match="the chat template does not read 'mood'; leave it out; it reads "
    ) as error:
        create(extra_body={"chat_template_kwargs": {"mood": "calm"}})
    assert error.value.param == "chat_template_kwargs.mood"


def test_several_choices(serve_script, client_of):
    client = client_of(serve_script(Script("Yes")))
    answer = client.chat.completions.create(model="scripted", messages=ASK, n=3)
    assert [(c.index, c.message.content) for c in answer.choices] == [(0, "Yes#0"), (1, "Yes#1"), (2, "Yes#2")]
    assert answer.usage.prompt_tokens == len(PROMPT)
    assert answer.usage.completion_tokens == 3 * 6
    texts = {0: "", 1: "", 2: ""}
    for chunk in client.chat.completions.create(model="scripted", messages=ASK, n=3, stream=True):
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == {0: "Yes#0", 1: "Yes#1", 2: "Yes#2"}


def test_logprobs(serve_script, client_of):
    client = client_of(serve_script(Script("ab")))
    answer = client.chat.completions.create(model="scripted", messages=ASK, logprobs=True, top_logprobs=2)
    first, second = answer.choices[0].logprobs.content
    assert (first.token, first.logprob, first.bytes) == ("a", -0.5, [97])
    assert [(top.token, top.logprob) for top in first.top_logprobs] == [("a", -0.5), ("b", -1.5)]
    assert second.token == "b"
    streamed = client.chat.completions.create(model="scripted", messages=ASK, logprobs=True, stream=True)
    tokens = [e.token for chunk in streamed if chunk.choices[0].logprobs for e in chunk.choices[0].logprobs.content]
    assert tokens == ["a", "b"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("step", [1, 3, 100])
def test_logprobs_are_those_of_the_shown_text(serve_script, client_of, stream, step):
    """Neither tags nor layout nor calls have entries; the tokens joined are the text."""
    client = client_of(serve_script(Script("Hm\n</think>\n\nIt is\n" + CALL, step=step)))
    ask = {
        "model": "scripted",
        "messages": ASK,
        "tools": [WEATHER],
        "logprobs": True,
        "extra_body": {"thinking": {"type": "enabled"}},
    }
    if stream:
        choices = [chunk.choices[0].logprobs for chunk in client.chat.completions.create(**ask, stream=True)]
        found = [logprobs for logprobs in choices if logprobs]
    else:
        found = [client.chat.completions.create(**ask).choices[0].logprobs]
    assert "".join(entry.token for each in found for entry in each.content) == "It is"
    assert "".join(entry["token"] for each in found for entry in each.reasoning_content) == "Hm"


def test_logprobs_of_every_token_come_with_the_token_ids(serve_script, client_of):
    client = client_of(serve_script(Script("ab")))
    answer = client.chat.completions.create(
        model="scripted", messages=ASK, logprobs=True, extra_body={"return_token_ids": True}
    )
    assert len(answer.choices[0].logprobs.content) == len(answer.choices[0].token_ids) == 3


def test_every_parameter_reaches_the_engine(serve_script, client_of):
    server = serve_script(Script())
    client_of(server).chat.completions.create(
        model="scripted",
        messages=ASK,
        temperature=0.25,
        top_p=0.75,
        presence_penalty=-1,
        frequency_penalty=1.5,
        seed=-7,
        stop=["\n", "END"],
        max_tokens=100,
        max_completion_tokens=9,
        n=2,
        logprobs=True,
        top_logprobs=4,
        logit_bias={"5": -100, "7": 2},
        extra_body={"top_k": 5, "min_p": 0.125, "repetition_penalty": 1.25, "ignore_eos": True, "cache_salt": "ann"},
    )
    assert server.engine.requests[0].cache_salt == "ann"
    params = server.engine.requests[0].sampling
    assert (params.temperature, params.top_p, params.top_k, params.min_p) == (0.25, 0.75, 5, 0.125)
    assert (params.presence_penalty, params.frequency_penalty, params.repetition_penalty) == (-1, 1.5, 1.25)
    assert (params.seed, params.max_tokens, params.n, params.logprobs) == (-7, 9, 2, 4)
    assert server.engine.requests[0].answer_stop.texts == ("\n", "END")  # the scripted model may think
    assert params.logit_bias == ((5, -100), (7, 2))
    assert params.ignore_eos


def test_json_formats_apply_after_the_thinking(serve_script, client_of):
    server = serve_script(Script("{}"), Script("{}"), Script("x</think>{}"))
    client = client_of(server)
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    forms = [
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
        {"type": "json_object"},
    ]
    for form, thinking in zip(forms, ["disabled", "disabled", "enabled"], strict=True):
        client.chat.completions.create(
            model="scripted", messages=ASK, response_format=form, extra_body={"thinking": {"type": thinking}}
        )
    grammars = [request.grammar for request in server.engine.requests]
    assert [(g.kind, g.value, g.after) for g in grammars] == [
        ("json_object", None, None),
        ("json_schema", schema, None),
        ("json_object", None, "</think>"),
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_token_ids(serve_script, client_of, stream):
    client = client_of(serve_script(Script("ab")))
    ask = {"model": "scripted", "messages": ASK, "extra_body": {"return_token_ids": True}}
    if stream:
        chunks = list(client.chat.completions.create(**ask, stream=True))
        assert chunks[0].prompt_token_ids == list(PROMPT.encode())
        ids = [i for chunk in chunks for i in getattr(chunk.choices[0], "token_ids", [])]
        assert ids == [97, 98, 256]
    else:
        answer = client.chat.completions.create(**ask)
        assert answer.prompt_token_ids == list(PROMPT.encode())
        assert answer.choices[0].token_ids == [97, 98, 256]


def test_a_prefix_is_continued(serve_script, client_of):
    server = serve_script(Script(" be"))
    messages = [*ASK, {"role": "assistant", "content": "To", "prefix": True}]
    client_of(server).chat.completions.create(model="scripted", messages=messages)
    assert bytes(server.engine.requests[0].prompt).decode() == PROMPT + "To"
    messages = [*ASK, {"role": "assistant", "content": "To"}]
    extra = {"continue_final_message": True, "add_generation_prompt": False}
    client_of(server).chat.completions.create(model="scripted", messages=messages, extra_body=extra)
    assert bytes(server.engine.requests[1].prompt).decode() == PROMPT + "To"


@pytest.mark.parametrize(
    ("model", "extra", "thinks"),
    [
        ("scripted", {}, False),
        ("", {}, False),
        ("deepseek-chat", {}, False),
        ("deepseek-reasoner", {}, True),
        ("deepseek-reasoner", {"thinking": {"type": "disabled"}}, False),
        ("scripted", {"reasoning_effort": "high"}, True),
        ("deepseek-reasoner", {"reasoning_effort": "none"}, False),
    ],
)
def test_thinking_switches_in_order_of_precedence(serve_script, client_of, model, extra, thinks):
    server = serve_script(Script("x"))
    answer = client_of(server).chat.completions.create(model=model, messages=ASK, extra_body=extra)
    assert bytes(server.engine.requests[0].prompt).decode() == PROMPT + ("<think>\n" if thinks else "")
    assert answer.model == "scripted"


def test_models(serve_script, client_of):
    client = client_of(serve_script(Script(), served={"aliases": frozenset({"/models/scripted"})}))
    assert [(m.id, m.object, m.owned_by) for m in client.models.list()] == [("scripted", "model", "fathom")]
    assert client.models.retrieve("scripted").context_length == 4096
    assert client.models.retrieve("deepseek-chat").id == "scripted"
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("gpt-4o")
    assert refused.value.code == "model_not_found"


@pytest.mark.parametrize("stream", [False, True])
def test_errors_carry_their_status_and_body(serve_script, client_of, stream):
    server = serve_script(
        Script(error=OverloadedError("the queue is full", "try again later")),
        Script(error=ContextLengthError("the prompt has 9 tokens, the context holds 8", "shorten it", "prompt")),
        Script(error=RuntimeError("a secret")),
    )
    client = client_of(server)

    def ask(**body):
        return client.chat.completions.create(**({"model": "scripted", "messages": ASK, "stream": stream} | body))

    with pytest.raises(openai.InternalServerError) as full:
        ask()
    assert full.value.status_code == 503
    assert full.value.response.headers["retry-after"] == "1"
    assert full.value.body == {
        "message": "the queue is full; try again later",
        "type": "overloaded_error",
        "param": None,
        "code": "overloaded",
    }
    with pytest.raises(openai.BadRequestError) as long:
        ask()
    assert (long.value.code, long.value.param) == ("context_length_exceeded", "messages")
    with pytest.raises(openai.InternalServerError) as broken:
        ask()
    assert broken.value.status_code == 500
    assert "secret" not in broken.value.message
    with pytest.raises(openai.NotFoundError) as unknown:
        ask(model="gpt-4o")
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.UnprocessableEntityError) as hot:
        ask(temperature=2.5)
    assert hot.value.param == "temperature"
    assert hot.value.body["message"] == "temperature: input should be less than or equal to 2"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("kind", "status", "change"),
    [
        (openai.BadRequestError, 400, {"messages": [{"role": "user", "content": "x" * 5000}]}),
        (openai.AuthenticationError, 401, {"extra_headers": {"authorization": "Bearer wrong"}}),
        (openai.PermissionDeniedError, 403, {"extra_headers": {"origin": "https://evil.example"}}),
        (openai.NotFoundError, 404, {"model": "gpt-4o"}),
        (openai.APIStatusError, 415, {"extra_headers": {"content-encoding": "gzip"}}),
        (openai.UnprocessableEntityError, 422, {"temperature": 3}),
        (openai.InternalServerError, 500, {}),
    ],
)
def test_every_status_is_an_error_of_the_client(serve_script, client_of, stream, kind, status, change):
    client = client_of(serve_script(Script(error=RuntimeError("a secret")), api_key="s3cret"), api_key="s3cret")
    with pytest.raises(kind) as refused:
        client.chat.completions.create(**({"model": "scripted", "messages": ASK, "stream": stream} | change))
    assert refused.value.status_code == status
    assert set(refused.value.body) == {"message", "type", "param", "code"}
    assert refused.value.code == refused.value.body["code"] is not None
    assert "secret" not in str(refused.value)


def test_an_error_inside_a_stream_is_an_event(serve_script, client_of):
    client = client_of(serve_script(Script("par", late_error=RuntimeError("boom"))))
    texts: list[str] = []
    chunks = client.chat.completions.create(model="scripted", messages=ASK, stream=True)
    with pytest.raises(openai.APIError, match="the server failed on this request"):
        texts.extend(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert "".join(texts) == "par"


def test_the_key(serve_script, client_of):
    server = serve_script(Script(), api_key="s3cret")
    assert client_of(server, api_key="s3cret").models.list().data[0].id == "scripted"
    with pytest.raises(openai.AuthenticationError) as refused:
        client_of(server, api_key="wrong").chat.completions.create(model="scripted", messages=ASK)
    assert refused.value.code == "invalid_api_key"
    assert refused.value.type == "authentication_error"
