"""What is stored of an upstream and its models."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fathom.server.models.upstream.records import Upstream, UpstreamModel


@pytest.mark.parametrize(
    ("entry", "context"),
    [({"id": "m"}, None), ({"id": "m", "max_model_len": 4096}, 4096), ({"id": "m", "context_length": "big"}, None)],
)
def test_the_listing_of_a_model(entry: dict, context: int | None):
    assert UpstreamModel.from_listing(entry) == UpstreamModel("m", context)
    assert UpstreamModel(**UpstreamModel("m", 5, thinking=True).as_json()) == UpstreamModel("m", 5, thinking=True)


@pytest.mark.parametrize(
    ("key", "shown"), [(None, None), ("short", "…"), ("sk-0123456789abcdef", "…cdef")]
)  # fmt: skip
def test_a_key_is_never_shown_whole(key: str | None, shown: str | None):
    upstream = Upstream("1", "Up", "http://up/v1", key, (UpstreamModel("a/b"),), 0)
    assert upstream.masked_key == shown
    assert upstream.model_id(upstream.models[0]) == "a/b@Up"


def test_prices_are_read_from_a_list_and_kept():
    entry = {"id": "m", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
    model = UpstreamModel.from_listing(entry)
    assert model.prices == (0.000001, 0.000002)
    assert UpstreamModel.from_json(json.loads(json.dumps(model.as_json()))) == model
    assert UpstreamModel.from_json({"id": "m", "context": None, "thinking": True}) == UpstreamModel("m", thinking=True)
    for pricing in (None, {}, "free", {"prompt": "nan", "completion": "0"}, {"prompt": "-1", "completion": "1"}, []):
        assert UpstreamModel.from_listing({"id": "m", "pricing": pricing}).prices is None


@pytest.mark.parametrize(
    ("entry", "sees"),
    [
        ({}, None),
        ({"architecture": {"input_modalities": ["text", "image"]}}, True),  # OpenRouter, llama-server
        ({"architecture": {"input_modalities": ["text"]}}, False),
        ({"architecture": "transformer"}, None),
        ({"supported_input_modalities": ["text", "image"]}, True),  # GitHub
        ({"modalities": ["text"]}, False),
        ({"capabilities": {"vision": True}}, True),  # Mistral
        ({"capabilities": {"vision": False, "completion_chat": True}}, False),
        ({"capabilities": ["completion", "multimodal"]}, True),  # llama-server's second list
        ({"capabilities": ["completion"]}, False),
        ({"supports_image_in": True}, True),  # Moonshot
        ({"capabilities": {"vision": "yes"}, "modalities": "image", "vision": 1}, None),
        ({"modalities": [["image"], None, {}]}, False),
    ],
)
def test_whether_a_model_sees_by_its_list_and_by_the_user(entry: dict, sees: bool | None):
    model = UpstreamModel.from_listing({"id": "m"} | entry)
    assert (model.listed_vision, model.vision) == (sees, bool(sees))
    assert UpstreamModel.from_json(json.loads(json.dumps(model.as_json()))) == model
    assert replace(model, chosen_vision=True).vision
    assert not replace(model, chosen_vision=False).vision
