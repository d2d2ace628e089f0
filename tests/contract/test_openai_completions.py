"""Text completions by the official client: prompts in every form, echo, logprobs, token ids, streams."""

from __future__ import annotations

import openai
import pytest
from scripted import Script


def test_text(serve_script, client_of):
    server = serve_script(Script("in Paris."))
    answer = client_of(server).completions.create(model="scripted", prompt="The tower is ", max_tokens=4)
    assert answer.object == "text_completion"
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("in P", "length")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (13, 4)
    assert server.engine.requests[0].prompt == tuple(b"The tower is ")


def test_max_tokens_defaults_to_16(serve_script, client_of):
    server = serve_script(Script("a" * 40))
    assert client_of(server).completions.create(model="scripted", prompt="x").choices[0].text == "a" * 16


def test_without_a_limit_a_completion_ends_with_the_context(serve_script, client_of):
    server = serve_script(Script("a" * 40))
    assert client_of(server).completions.create(model="scripted", prompt="x", max_tokens=-1).choices[0].text == "a" * 40
    assert server.engine.requests[0].sampling.max_tokens is None


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [
        (["ab", "c"], [b"ab", b"c"]),
        ([97, 98], [b"ab"]),
        ([[97, 98], [99]], [b"ab", b"c"]),
    ],
)
def test_several_prompts_and_token_ids(serve_script, client_of, prompt, prompts):
    server = serve_script(Script("1"), Script("2"))
    answer = client_of(server).completions.create(
        model="scripted", prompt=prompt, n=2, echo=True, extra_body={"return_token_ids": True}
    )
    assert [bytes(request.prompt) for request in server.engine.requests] == prompts
    texts = [f"{p.decode()}{i + 1}#{j}" for i, p in enumerate(prompts) for j in range(2)]
    assert [choice.text for choice in answer.choices] == texts
    assert [choice.index for choice in answer.choices] == list(range(2 * len(prompts)))
    assert [bytes(choice.prompt_token_ids) for choice in answer.choices] == [p for p in prompts for _ in range(2)]
    assert answer.choices[1].token_ids == [*b"1#1", 256]
    assert answer.usage.prompt_tokens == sum(map(len, prompts))


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs(serve_script, client_of, stream):
    client = client_of(serve_script(Script("añ")))
    ask = {"model": "scripted", "prompt": "x", "logprobs": 2}
    if stream:
        chunks = [c.choices[0].logprobs for c in client.completions.create(**ask, stream=True) if c.choices[0].logprobs]
        tokens = [token for chunk in chunks for token in chunk.tokens]
        offsets = [offset for chunk in chunks for offset in chunk.text_offset]
    else:
        logprobs = client.completions.create(**ask).choices[0].logprobs
        tokens, offsets = logprobs.tokens, logprobs.text_offset
        assert logprobs.token_logprobs == [-0.5, -0.5, -0.5]
        assert logprobs.top_logprobs[0] == {"a": -0.5, "b": -1.5}
    assert tokens == ["a", "�", "�"]
    assert offsets == [0, 1, 1]  # two parts of one character


@pytest.mark.parametrize("stream", [False, True])
def test_a_scored_prompt(serve_script, client_of, stream):
    """Tokens of prompt and completion, the first without a log-probability; also the end token, as clients count."""
    client = client_of(serve_script(Script("añ")))
    ask = {"model": "scripted", "prompt": ["éx", "y"], "logprobs": 1, "echo": True, "n": 2}
    texts = ["", "", "", ""]
    tokens, logprobs, tops, offsets = ([[], [], [], []] for _ in range(4))
    answers = client.completions.create(**ask, stream=True) if stream else [client.completions.create(**ask)]
    for choice in [choice for answer in answers for choice in answer.choices]:
        texts[choice.index] += choice.text
        if choice.logprobs:
            tokens[choice.index] += choice.logprobs.tokens
            logprobs[choice.index] += choice.logprobs.token_logprobs
            tops[choice.index] += choice.logprobs.top_logprobs
            offsets[choice.index] += choice.logprobs.text_offset
    assert texts == ["éxañ#0", "éxañ#1", "yañ#0", "yañ#1"]
    assert tokens[0] == ["�", "�", "x", "a", "�", "�", "#", "0", ""]
    assert offsets[1] == [0, 0, 1, 2, 3, 3, 4, 5, 6]
    assert logprobs[1] == [None, *[-0.5] * 8]
    assert tops[1][:3] == [None, {"�": -0.5}, {"x": -0.5}]
    assert (tokens[3], offsets[3]) == (["y", "a", "�", "�", "#", "1", ""], [0, 1, 2, 2, 3, 4, 5])


def test_a_prompt_alone_is_scored_with_max_tokens_0(serve_script, client_of):
    server = serve_script(Script("unseen"))
    client = client_of(server)
    answer = client.completions.create(model="scripted", prompt=[97, 98], logprobs=0, echo=True, max_tokens=0)
    choice = answer.choices[0]
    assert (choice.text, choice.finish_reason) == ("ab", "length")
    assert choice.logprobs.model_dump() == {
        "tokens": ["a", "b"],
        "token_logprobs": [None, -0.5],
        "top_logprobs": [None, {"b": -0.5}],
        "text_offset": [0, 1],
    }
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (2, 0, 2)
    assert server.engine.requests[0].prompt_logprobs
    client.completions.create(model="scripted", prompt="x", logprobs=1)
    assert not server.engine.requests[1].prompt_logprobs


def test_the_best_of_several(serve_script, client_of):
    server = serve_script(Script("ab"))
    client = client_of(server)
    answer = client.completions.create(model="scripted", prompt=["x", "y"], best_of=3, n=2)
    assert [(choice.index, choice.text) for choice in answer.choices] == [
        *((0, "ab#0"), (1, "ab#1"), (2, "ab#0"), (3, "ab#1"))
    ]
    assert answer.choices[0].logprobs is None
    assert answer.usage.completion_tokens == 2 * 3 * len("ab#0_")
    assert (server.engine.requests[0].sampling.n, server.engine.requests[0].sampling.logprobs) == (3, 0)


def test_every_parameter_reaches_the_engine(serve_script, client_of):
    server = serve_script(Script())
    extra = {"top_k": -1, "min_tokens": 2, "stop_token_ids": [7.0, 8], "cache_salt": "ann", "add_special_tokens": False}
    client_of(server).completions.create(
        model="scripted", prompt="x", logit_bias={"97": -100, "98": 1.5}, extra_body=extra
    )
    request = server.engine.requests[0]
    assert request.sampling.logit_bias == ((97, -100), (98, 1.5))
    assert (request.sampling.top_k, request.sampling.min_tokens) == (0, 2)
    assert (request.sampling.stop_token_ids, request.cache_salt) == ((7, 8), "ann")


def test_a_stream_of_two_prompts(serve_script, client_of):
    client = client_of(serve_script(Script("one"), Script("two")))
    texts, reasons = {0: "", 1: ""}, {}
    for chunk in client.completions.create(
        model="scripted", prompt=["a", "b"], stream=True, echo=True, stream_options={"include_usage": True}
    ):
        for choice in chunk.choices:
            texts[choice.index] += choice.text
            reasons[choice.index] = choice.finish_reason
    assert texts == {0: "aone", 1: "btwo"}
    assert reasons == {0: "stop", 1: "stop"}
    assert chunk.choices == []
    assert (chunk.usage.prompt_tokens, chunk.usage.completion_tokens) == (2, 8)


def test_end_tokens_can_be_ignored(serve_script, client_of):
    server = serve_script(Script())
    client_of(server).completions.create(model="scripted", prompt="x", extra_body={"ignore_eos": True})
    assert server.engine.requests[0].sampling.ignore_eos


@pytest.mark.parametrize(
    ("extra", "param"),
    [
        ({"suffix": "end", "echo": True}, "echo"),
        ({"best_of": 4, "n": 5}, "best_of"),
        ({"best_of": 4, "stream": True}, "best_of"),
        ({"best_of": 33}, "best_of"),
        ({"max_tokens": -2}, "max_tokens"),
        ({"prompt": ["x"] * 128, "n": 3}, "prompt"),
        ({"extra_body": {"response_format": {"type": "json_object"}}}, "response_format"),
        ({"logprobs": 21}, "logprobs"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [[]]}, "prompt[0]"),
        ({"prompt": [-1]}, "prompt[0]"),
        ({"prompt": [1.5]}, "prompt[0]"),
        ({"prompt": [2**40]}, "prompt[0]"),
        ({"prompt": [[1, "a"]]}, "prompt[0][1]"),
        ({"prompt": [1, "a"]}, "prompt[1]"),
        ({"prompt": None}, "prompt"),
        ({"prompt": ["a", 1]}, "prompt[1]"),
        ({"prompt": {"a": 1}}, "prompt"),
    ],
)
def test_what_is_refused(serve_script, client_of, extra, param):
    client = client_of(serve_script(Script()))
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        client.completions.create(**({"model": "scripted", "prompt": "x"} | extra))
    assert refused.value.param == param


def test_a_suffix_needs_the_tokens_for_it(serve_script, client_of):
    client = client_of(serve_script(Script()))
    with pytest.raises(openai.BadRequestError, match="cannot fill in between") as refused:
        client.completions.create(model="scripted", prompt="x", suffix="y")
    assert refused.value.param == "suffix"
    client.completions.create(model="scripted", prompt="x", suffix="")


def test_the_paths_without_v1(serve_script, client_of):
    server = serve_script(Script("yes"))
    client = client_of(server).with_options(base_url=server.url)
    assert client.completions.create(model="scripted", prompt="x").choices[0].text == "yes"
    assert client.models.list().data[0].id == "scripted"
    answer = client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "x"}])
    assert answer.choices[0].message.content == "yes"
