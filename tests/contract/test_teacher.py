"""The server as the teacher of a distillation, over a socket."""

import pytest
from live_server import live_server
from scripted import Script, instantly, scripted_model

from fathom.base.errors import ConfigError
from fathom.tasks.task import Item
from fathom.train.distill.config import EndpointConfig
from fathom.train.distill.endpoint import Endpoint
from fathom.train.distill.teacher import Ask
from fathom.types import Message

SCRIPTS = (
    Script("<think>\n3 < 7\n</think>\n\n7", step=5),
    Script("plain, über 🐢", step=3),
    Script("never en", finish="length"),
)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with live_server(instantly(scripted_model(*SCRIPTS))) as running:
        yield running


def teacher(server, **changes):
    settings = {"base_url": f"{server.url}/v1", "model": "scripted", "key_variable": None} | changes
    return Endpoint(EndpointConfig(**settings), max_tokens=100, temperature=0.6)


def ask(question="3 or 7?"):
    return Ask(0, 0, Item("p", (Message("user", question),), 7))


def test_thoughts_answers_and_endings_come_over(server):
    asked = teacher(server)
    results = [asked.answer(ask()) for _ in SCRIPTS]
    assert [(one.message.reasoning, one.message.content, one.ending) for one in results] == [
        ("3 < 7", "7", "stop"),
        (None, "plain, über 🐢", "stop"),
        (None, "never en", "length"),
    ]
    assert all(one.tokens for one in results)


def test_a_problem_beyond_the_context_is_refused_alone(server):
    asked = teacher(server)
    asked.answer(ask())
    refused = asked.answer(ask("7" * 5000))
    assert refused.ending == "refused"
    assert "the context holds 4096" in refused.detail


def test_a_problem_beyond_the_context_at_the_start_ends_the_run_with_a_remedy(server):
    with pytest.raises(ConfigError, match=r"the context holds 4096.* choose shorter problems"):
        teacher(server).answer(ask("7" * 5000))


def test_an_unknown_model_error_names_the_served_one(server):
    with pytest.raises(ConfigError, match=r"knows no model 'r1' .*set data.teacher.model to one of scripted"):
        teacher(server, model="r1").answer(ask())
