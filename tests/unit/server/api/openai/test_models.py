"""The models that can answer, as /v1/models lists them."""

from __future__ import annotations

import pytest
from made_models import local_model
from scripted import instantly, scripted_model

from fathom.base.errors import CheckpointError
from fathom.server.api.openai.models import ModelBody, local_body, model_body, model_list, model_named
from fathom.server.errors import UnavailableError, UnknownModelError
from fathom.server.models.local import LocalModel
from fathom.server.models.model_files import FileFacts
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.runtime import Runtime

OTHER = local_model("other", context=512)


def registry_of(load, **others: LocalModel) -> ModelRegistry:
    registry = ModelRegistry(Runtime(load), lambda: others, lambda model: instantly(scripted_model()))
    registry.start()
    return registry


def broken(_progress):
    raise CheckpointError("the file ends early", "download it again")


def test_the_entry_of_the_served_model():
    body = model_body(scripted_model())
    assert set(body) == set(ModelBody.__annotations__)
    assert (body["id"], body["context_length"], body["created"]) == ("scripted", 4096, 1_700_000_000)


def test_the_entry_of_a_model_that_is_not_loaded(tmp_path):
    (tmp_path / "a.gguf").touch()
    body = local_body(LocalModel("a", tmp_path / "a.gguf", "own", FileFacts(10, 5, 10)))
    assert (body["id"], body["context_length"]) == ("a", None)
    assert body["created"] > 1_700_000_000
    assert local_body(OTHER)["created"] == 0


async def test_the_served_model_comes_first():
    served = scripted_model(aliases=frozenset({"alias"}))
    registry = registry_of(instantly(served), other=OTHER)
    assert [body["id"] for body in (await model_list(registry))["data"]] == ["scripted", "other"]
    for name in ("scripted", "alias", "deepseek-chat", "deepseek-reasoner"):
        assert (await model_named(registry, name))["id"] == "scripted"
    assert (await model_named(registry, "other"))["context_length"] == 512
    with pytest.raises(UnknownModelError, match="ask for 'scripted', or leave the model out"):
        await model_named(registry, "gpt-4o")


async def test_the_others_are_listed_where_the_served_model_cannot_be_loaded():
    assert [body["id"] for body in (await model_list(registry_of(broken, other=OTHER)))["data"]] == ["other"]
    with pytest.raises(UnavailableError):
        await model_list(registry_of(broken))
