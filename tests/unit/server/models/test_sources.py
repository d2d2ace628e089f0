"""Names of models: local ones first, then those behind an @."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from made_models import local_model
from scripted import instantly, scripted_model

from fathom.server.errors import UnknownModelError
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.runtime import Runtime
from fathom.server.models.sources import ChatSources


async def test_names():
    async def upstream_source(model: str, upstream: str) -> tuple[str, str]:
        return (model, upstream)

    models = {"local": local_model("local"), "odd@name": local_model("odd@name")}
    registry = ModelRegistry(
        Runtime(instantly(scripted_model())), lambda: models, lambda _: instantly(scripted_model())
    )
    registry.start()
    sources = ChatSources(registry, SimpleNamespace(source=upstream_source))
    assert (await sources.find("local")).name == "local"
    assert (await sources.find("odd@name")).name == "odd@name"
    assert await sources.find("@cf/meta@Up") == ("@cf/meta", "Up")
    assert (await sources.find(None)).name == ""
    with pytest.raises(UnknownModelError):
        await sources.find("@Up")
