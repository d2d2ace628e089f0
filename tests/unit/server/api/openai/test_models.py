"""The served model's names and its entry in /v1/models."""

from __future__ import annotations

import pytest
from scripted import scripted_model

from fathom.server.api.openai.models import ModelBody, check_model, model_body
from fathom.server.errors import ApiError


def test_served_names():
    served = scripted_model(aliases=frozenset({"other"}))
    for name in (None, "scripted", "other", "deepseek-chat", "deepseek-reasoner"):
        check_model(name, served)
    for name in ("", "Scripted", "gpt-4o"):
        with pytest.raises(ApiError):
            check_model(name, served)


def test_the_entry():
    served = scripted_model()
    body = model_body(served)
    assert set(body) == set(ModelBody.__annotations__)
    assert (body["id"], body["context_length"], body["created"]) == ("scripted", 4096, 1_700_000_000)
