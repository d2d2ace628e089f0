"""The routes of the OpenAI dialect: paths with and without /v1, described errors, models, refused choices."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from made_models import local_model
from openai_requests import ASK
from scripted import Script, instantly, scripted_model

from fathom.server.api.json_io import RESPONSES
from fathom.server.api.openai.models import ModelBody, ModelList
from fathom.server.api.openai.routes import router
from fathom.server.app import create_app
from fathom.server.errors import install
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings


@pytest.fixture
async def client():
    runtime = Runtime(instantly(scripted_model()))
    runtime.start()
    await runtime.model()
    app = create_app(Settings(max_sequences=4), runtime)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


def test_the_router_describes_its_errors():
    assert router(ModelRegistry(Runtime(instantly(scripted_model()))), Settings()).responses == RESPONSES


@pytest.mark.parametrize("prefix", ["/v1", ""])
async def test_models(client, prefix):
    models = (await client.get(f"{prefix}/models")).json()
    assert set(models) == set(ModelList.__annotations__)
    assert set(models["data"][0]) == set(ModelBody.__annotations__)
    assert (await client.get(f"{prefix}/models/scripted")).json() == models["data"][0]
    assert (await client.get(f"{prefix}/models/other")).status_code == 404


@pytest.mark.parametrize("prefix", ["/v1", ""])
async def test_both_endpoints_answer(client, prefix):
    chat = await client.post(f"{prefix}/chat/completions", json={"messages": [{"role": "user", "content": "Hi"}]})
    assert chat.json()["choices"][0]["message"]["content"] == "Hello there."
    text = await client.post(f"{prefix}/completions", json={"prompt": "x"})
    assert text.json()["choices"][0]["text"] == "Hello there."


async def test_more_choices_than_the_engine_holds_are_refused(client):
    answer = await client.post("/v1/completions", json={"prompt": "x", "n": 5})
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "n")


async def test_another_model_of_this_machine_answers_by_its_name():
    other = scripted_model(Script("The other one."))
    registry = ModelRegistry(
        Runtime(instantly(scripted_model())), lambda: {"other": local_model("other")}, lambda _: instantly(other)
    )
    registry.start()
    app = FastAPI(routes=router(registry, Settings()).routes)
    install(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        said = {
            name: await client.post("/v1/chat/completions", json={"model": name, "messages": ASK})
            for name in ("other", "scripted", "", "deepseek-chat", "nonesuch")
        }
    texts = [answer.json()["choices"][0]["message"]["content"] for answer in said.values() if answer.is_success]
    assert texts == ["The other one.", "Hello there.", "Hello there.", "Hello there."]
    assert said["other"].json()["model"] == other.name
    refused = said["nonesuch"]
    assert (refused.status_code, refused.json()["error"]["code"], refused.json()["error"]["param"]) == (
        404,
        "model_not_found",
        "model",
    )
    await registry.close()
