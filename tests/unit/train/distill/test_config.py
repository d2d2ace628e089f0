"""Configurations of distillation, and what they refuse."""

import pytest

from fathom.train.distill.config import DistillConfig, EndpointConfig, FilterConfig, OnPolicyConfig
from fathom.train.run.config import override
from fathom.train.run.recipe import recipe


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_url": "api.deepseek.com"}, "no address"),
        ({"base_url": "file:///etc/passwd"}, "no address"),
        ({"base_url": "http://[::1"}, "no address"),
        ({"base_url": "https://me:secret@host/v1"}, "holds no secrets"),
        ({"base_url": "https://host/v1?key=secret"}, "holds no secrets"),
        ({"key_variable": "sk-abc"}, "pattern"),
        ({"model": ""}, "at least 1"),
    ],
)
def test_invalid_endpoints_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        EndpointConfig(**({"base_url": "http://h/v1", "model": "m"} | changes))


def test_an_address_has_no_slash_at_its_end():
    assert EndpointConfig(base_url="http://h/v1/", model="m").base_url == "http://h/v1"


def test_an_endpoint_cannot_score_the_students_tokens():
    teacher = {"kind": "endpoint", "base_url": "http://localhost:1/v1", "model": "m"}
    settings = {"name": "toy", "start": "s", "task": {"name": "math"}, "steps": 1}
    with pytest.raises(ValueError, match="an endpoint does not report the probability"):
        OnPolicyConfig.model_validate(settings | {"teacher": teacher})
    assert OnPolicyConfig.model_validate(settings | {"teacher": {"kind": "local", "path": "m"}}).sampling.group == 1


def test_a_language_is_one_that_can_be_recognized():
    assert FilterConfig(language="en").language_share == 0.95
    with pytest.raises(ValueError, match="choose one of"):
        FilterConfig(language="elvish")


def test_how_a_teacher_is_asked_may_change_between_a_run_and_its_resume():
    config = recipe("distill")
    assert isinstance(config, DistillConfig)
    assert "data.teacher.concurrency" in config.free
    assert "data.teacher.model" not in config.free
    assert override(config, ["data.teacher.concurrency=3"]).data.teacher.concurrency == 3
