"""The endpoint's requests, its failures, and what each of them leads to."""

import json
import socket
import threading
from itertools import repeat

import pytest
from fake_endpoint import Reply, fake_endpoint, said

from fathom.base.errors import ConfigError, GenerationError
from fathom.tasks.task import Item
from fathom.train.distill.config import EndpointConfig
from fathom.train.distill.endpoint import MAX_REPLY, Endpoint
from fathom.train.distill.teacher import Ask
from fathom.types import Message

KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv("TEACHER_KEY", KEY)
    monkeypatch.setenv("no_proxy", "*")


def item(number=0):
    return Item(f"p{number}", (Message("system", "Be brief."), Message("user", f"What is {number}?")), number)


def asks(count, samples=1):
    return [Ask(p, s, item(p)) for p in range(count) for s in range(samples)]


class Clock:
    """Time that passes only in sleep."""

    def __init__(self):
        self.now = 0.0

    def sleep(self, seconds):
        self.now += seconds

    def __call__(self):
        return self.now


def teacher(url, clock=None, **changes):
    clock = clock or Clock()
    settings = {"base_url": url, "model": "teacher", "key_variable": "TEACHER_KEY", "concurrency": 2} | changes
    return Endpoint(EndpointConfig(**settings), max_tokens=100, temperature=0.6, pause=clock.sleep, clock=clock)


def one(plan, **changes):
    """The answer to one problem, and what was asked."""
    with fake_endpoint(plan) as endpoint:
        return teacher(endpoint.url, **changes).answer(asks(1)[0]), endpoint


def test_a_request_and_its_answer():
    answer, endpoint = one(said("It is 0.", reasoning_content="Zero."))
    assert answer.message == Message("assistant", "It is 0.", reasoning="Zero.")
    assert (answer.ending, answer.tokens) == ("stop", 7)
    assert endpoint.keys == [f"Bearer {KEY}"]
    assert endpoint.asked == [
        {
            "model": "teacher",
            "max_tokens": 100,
            "temperature": 0.6,
            "stream": False,
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 0?"}],
        }
    ]


def test_extra_fields_are_sent_and_null_removes_one():
    _, endpoint = one(said(), extra={"max_tokens": None, "max_completion_tokens": 9, "top_p": 0.95})
    assert endpoint.asked[0] | {"messages": 0} == {
        "model": "teacher",
        "temperature": 0.6,
        "stream": False,
        "messages": 0,
        "max_completion_tokens": 9,
        "top_p": 0.95,
    }


def test_without_a_key_variable_no_key_is_sent():
    assert one(said(), key_variable=None)[1].keys == [None]


def test_a_missing_key_is_an_error_before_anything_is_asked(monkeypatch):
    monkeypatch.delenv("TEACHER_KEY")
    with pytest.raises(ConfigError, match="the environment has no TEACHER_KEY"):
        teacher("http://localhost:1/v1")


@pytest.mark.parametrize(
    "failure",
    [
        Reply({"error": {"message": "slow down"}}, 429),
        Reply(b"<html>down</html>", 503),
        Reply({"choices": []}, 500),
        Reply(b"", 408),
    ],
    ids=["429", "503", "500", "408"],
)
def test_transient_failures_are_retried(failure):
    answer, endpoint = one([failure, failure, said("yes")])
    assert (answer.message.content, len(endpoint.asked)) == ("yes", 3)


@pytest.mark.parametrize(
    "broken",
    [Reply(b"not json"), Reply(b"[1]"), Reply({}), Reply({"choices": []}), Reply({"choices": [{"message": None}]}),
     Reply({"error": {"message": "upstream"}}), Reply(b"{" * 100_000), Reply(b'{"choices": [', cut=5)],
    ids=["text", "list", "empty", "no choice", "no message", "error in 200", "deep", "half"],
)  # fmt: skip
def test_unreadable_replies_are_retried_during_a_run_and_an_error_at_its_start(broken):
    with fake_endpoint([said("first"), broken, said("second")]) as endpoint:
        asked = teacher(endpoint.url)
        assert [asked.answer(ask).message.content for ask in asks(2)] == ["first", "second"]
    if broken.cut is None:
        with pytest.raises(ConfigError, match=r"does not speak OpenAI's protocol.*often ends in /v1"):
            one(broken)


def test_a_broken_connection_is_retried():
    half = said("whole")
    half.cut = 20
    answer, endpoint = one([half, said("whole")])
    assert (answer.message.content, len(endpoint.asked)) == ("whole", 2)


def test_waits_double_and_the_last_failure_is_reported():
    clock = Clock()
    with pytest.raises(GenerationError, match=r"failed 4 times in a row: 503: busy.*so far is kept"):
        one(Reply({"error": "busy"}, 503), clock=clock, attempts=4)
    assert (2 + 4 + 8) / 2 <= clock.now <= 2 + 4 + 8


@pytest.mark.parametrize(
    ("after", "waited"),
    [("3", 3), ("0.5", 0.5), ("1e9", 600), ("-1", 0), ("nan", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_retry_after_is_followed(after, waited):
    clock = Clock()
    one([Reply(b"", 429, {"Retry-After": after}), said()], clock=clock)
    assert clock.now == pytest.approx(waited, abs=0.25)


def test_an_unreadable_retry_after_is_ignored():
    clock = Clock()
    one([Reply(b"", 429, {"Retry-After": "soon"}), said()], clock=clock)
    assert 1 <= clock.now <= 2


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            Reply({"error": {"message": f"Incorrect key {KEY}"}}, 401),
            r"does not accept the key \(401: Incorrect key …\)",
        ),
        (Reply({"error": {"message": "no"}}, 403), "put a valid key into TEACHER_KEY"),
        (Reply({"error": {"message": "Insufficient Balance"}}, 402), "is empty .*Insufficient Balance.*top it up"),
        (Reply(b"", 307, {"Location": "https://elsewhere.org/v1"}), "redirects to https://elsewhere.org/v1"),
        (
            Reply({"error": {"message": "temperature must be 1"}}, 400),
            "refuses the request: 400: temperature must be 1",
        ),
        (Reply({"detail": [{"msg": "bad"}]}, 422), "refuses the request: 422"),
        (Reply(b"gone", 404), "knows no model 'teacher' .*often ends in /v1"),
    ],
    ids=["401", "403", "402", "307", "400", "422", "404"],
)
def test_failures_that_concern_all_problems_end_the_run(reply, words):
    with pytest.raises(ConfigError, match=words) as caught:
        one(reply)
    assert KEY not in str(caught.value)


def test_a_wrong_model_is_an_error_with_those_on_offer():
    with fake_endpoint(Reply({"error": {"message": "unknown"}}, 404)) as endpoint:
        endpoint.models = Reply({"data": [{"id": "r1"}, {"id": "v3"}, {"id": 3}, None]})
        with pytest.raises(
            ConfigError, match=r"knows no model 'teacher' \(unknown\); set data.teacher.model to one of r1, v3"
        ):
            teacher(endpoint.url).answer(asks(1)[0])


def test_an_unreachable_endpoint_is_an_error_at_once():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConfigError, match=r"cannot be reached.*check data.teacher.base_url"):
        teacher(f"http://127.0.0.1:{port}/v1").answer(asks(1)[0])
    with pytest.raises(ConfigError, match="cannot be reached"):
        teacher("http://no-such-host.invalid/v1").answer(asks(1)[0])


def test_a_refusal_after_the_first_answer_concerns_one_problem():
    with fake_endpoint([said(), Reply({"error": {"message": "context_length_exceeded"}}, 400)]) as endpoint:
        asked = teacher(endpoint.url)
        found = [asked.answer(ask) for ask in asks(2)]
    assert [(one.ending, one.detail) for one in found] == [("stop", ""), ("refused", "400: context_length_exceeded")]


def test_an_answer_without_end_is_refused():
    blank = b" " * (1 << 20)
    with fake_endpoint([said(), Reply(pieces=repeat(blank, (MAX_REPLY >> 20) + 8))]) as endpoint:
        asked = teacher(endpoint.url)
        found = [asked.answer(ask) for ask in asks(2)]
    assert found[1].ending == "refused"
    assert "longer than 32 MiB" in found[1].detail


def test_a_connection_kept_open_with_blanks_times_out():
    clock = Clock()

    def dripping():
        for _ in range(20):
            clock.sleep(10)
            yield b"\n" * (1 << 16)

    with fake_endpoint(lambda n, _: Reply(pieces=dripping()) if n else said()) as endpoint:
        asked = teacher(endpoint.url, clock, timeout=50.0)
        found = [asked.answer(ask) for ask in asks(2)]
    assert (found[1].ending, found[1].detail) == ("refused", "no answer within 50 seconds")
    assert len(endpoint.asked) == 3  # silence is given one more chance


def test_concurrency_is_bounded():
    gate = threading.Barrier(3)

    def plan(number, body):
        gate.wait(30)  # passes only where three requests are here at once
        return said(body["messages"][1]["content"])

    with fake_endpoint(plan) as endpoint:
        found = list(teacher(endpoint.url, concurrency=3).answers(asks(6, 2), lambda: False))
    assert endpoint.most_under_way == 3
    assert sorted((ask.problem, ask.sample) for ask, _ in found) == [(p, s) for p in range(6) for s in range(2)]
    assert all(answer.message.content == f"What is {ask.problem}?" for ask, answer in found)


def test_one_bad_key_ends_all_workers():
    with fake_endpoint(Reply({"error": "no"}, 401)) as endpoint, pytest.raises(ConfigError, match="accept the key"):
        list(teacher(endpoint.url, concurrency=4).answers(asks(50), lambda: False))
    assert len(endpoint.asked) <= 8


def test_stopping_waits_for_requests_under_way():
    stop = threading.Event()

    def plan(number, body):
        if number == 3:
            stop.set()
        return said(str(number))

    with fake_endpoint(plan) as endpoint:
        found = list(teacher(endpoint.url).answers(asks(50), stop.is_set))
    assert 4 <= len(found) == len(endpoint.asked) <= 6


def test_stopping_does_not_wait_for_a_busy_endpoint():
    busy = Reply({"error": "busy"}, 429, {"Retry-After": "500"})
    with fake_endpoint(busy) as endpoint:
        stops = iter([False, False] + [True] * 100)
        clock = Clock()
        assert list(teacher(endpoint.url, clock, concurrency=1).answers(asks(3), lambda: next(stops))) == []
        assert clock.now < 1


def test_a_prompt_that_is_a_text_is_a_message_of_the_user():
    with fake_endpoint(said()) as endpoint:
        teacher(endpoint.url + "/").answer(Ask(0, 0, Item("t", "1+1=", 2)))
    assert json.loads(json.dumps(endpoint.asked[0]["messages"])) == [{"role": "user", "content": "1+1="}]
