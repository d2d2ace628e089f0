"""The paths of the OpenAI dialect, each also without ``/v1``, as in DeepSeek's API.

FastAPI validates a request; it waits for the model where that is still loading, and becomes a generation whose events a
`LiveResponse` sends. Waiting happens inside that response, so that keep-alive covers it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

from fastapi import APIRouter

from fathom.base.errors import GenerationError, RequestError, TokenizerError
from fathom.server.api.json_io import ERROR_SCHEMA, RESPONSES, JsonRoute, encode, event_stream
from fathom.server.api.live_response import JSON, SSE, LiveResponse, Part
from fathom.server.api.openai import completions as text_completions
from fathom.server.api.openai.chat import request as chat_request
from fathom.server.api.openai.chat import response as chat_response
from fathom.server.api.openai.models import ModelBody, ModelList, model_list, model_named
from fathom.server.api.openai.schemas.base import GenerationBody
from fathom.server.api.openai.schemas.chat import ChatCompletion, ChatRequest
from fathom.server.api.openai.schemas.completions import Completion, CompletionRequest
from fathom.server.errors import StoppingError, invalid
from fathom.server.generation.chat import chat
from fathom.server.generation.complete import complete
from fathom.server.generation.events import GenerationEvent
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.served_model import ServedModel
from fathom.server.settings import Settings

Body = TypeVar("Body", bound=GenerationBody)
Parts = AsyncGenerator[Part, None]
Responses = dict[int | str, dict[str, Any]]
Endpoint = Callable[..., Awaitable[LiveResponse]]
Writer = Callable[[AsyncGenerator[GenerationEvent, None], Body, ServedModel], Parts]


def router(registry: ModelRegistry, settings: Settings) -> APIRouter:
    """All paths of this dialect, served by the models of ``registry``."""
    routes = APIRouter(tags=["openai"], route_class=JsonRoute, responses=RESPONSES)
    endpoints = _Endpoints(registry, settings)
    for path, post, shape in endpoints.posts:
        responses: Responses = {200: {"model": shape, "content": event_stream()}}
        routes.add_api_route(f"/v1{path}", post, methods=["POST"], responses=responses)
        routes.add_api_route(path, post, methods=["POST"], include_in_schema=False)
    for path, get, shape in endpoints.gets:
        responses = {200: {"model": shape}, **ERROR_SCHEMA}
        routes.add_api_route(f"/v1{path}", get, methods=["GET"], responses=responses)
        routes.add_api_route(path, get, methods=["GET"], include_in_schema=False)
    return routes


class _Endpoints:
    """The endpoints; ``posts`` and ``gets`` are their paths, functions and response schemas."""

    def __init__(self, registry: ModelRegistry, settings: Settings) -> None:
        self._registry = registry
        self._settings = settings
        self.posts: list[tuple[str, Endpoint, Any]] = [
            ("/chat/completions", self.chat_completions, ChatCompletion),
            ("/completions", self.completions, Completion),
        ]
        self.gets: list[tuple[str, Endpoint, Any]] = [
            ("/models", self.list_models, ModelList),
            ("/models/{model:path}", self.retrieve_model, ModelBody),
        ]

    async def chat_completions(self, body: ChatRequest) -> LiveResponse:
        """Answer a conversation, whole or with `stream` as server-sent events that end with `[DONE]`.

        `model` is an id of `/v1/models` (a model that is not loaded is loaded first, which takes a while), an alias of
        the served one, `deepseek-chat` (does not think) or `deepseek-reasoner` (thinks); without it the served model
        answers. What a request leaves open is sampled as the model's makers advise; what it
        names is honored, also while the model thinks, except `stop`: it counts in the answer and its tool calls, since
        a line break or a word that ends an answer is common in the thinking before it (a string with `</think>` counts
        everywhere). Unknown fields are ignored; `functions` and others that would change the answer are refused. Past
        `reasoning_content` counts only in turns that called tools, and may be left out. What the model's chat template
        cannot render (tools, calls, results, system messages) is written into texts that it renders. `response_format`
        and a forced `tool_choice` hold by grammar, after the thinking.

        A request at fault is answered by its status, however long the model loads. Once it is accepted and waits, it is
        kept alive by comments (in streams) or blank lines; should the server fail then, a stream ends with an error
        event, and the connection of any other answer is cut, so that a client may try again.
        """
        job = chat_request.job_of(body)
        self._check_choices("n", body.n or 1)
        write = chat_response.stream if body.stream else chat_response.write
        return self._respond(
            body, lambda served: chat_request.locate_errors(chat(served, job), job, body), write, "messages"
        )

    async def completions(self, body: CompletionRequest) -> LiveResponse:
        """Continue text or token ids, without a chat template. At most 16 tokens unless `max_tokens` says otherwise.

        With `echo`, `logprobs` and `max_tokens` 0 or 1 it scores texts: see the guide on serving. The text continues
        the prompt's to the character, a leading space included; `stop` counts in all of it.
        """
        job = text_completions.job_of(body)
        self._check_choices("best_of" if body.best_of else "n", job.sampling.get("n", 1), len(job.prompts))
        write = text_completions.stream if body.stream else text_completions.write
        return self._respond(body, lambda served: complete(served, job), write, "prompt")

    async def list_models(self) -> LiveResponse:
        """The models that can answer: the served one, for which this waits while it loads, then the others that are on
        this machine, which are loaded when they are asked for."""
        return self._once(lambda: model_list(self._registry))

    async def retrieve_model(self, model: str) -> LiveResponse:
        """A model that can answer, by its id or an alias."""
        return self._once(lambda: model_named(self._registry, model))

    def _respond(
        self,
        body: Body,
        generate: Callable[[ServedModel], AsyncGenerator[GenerationEvent, None]],
        write: Writer[Body],
        prompt_field: str,
    ) -> LiveResponse:
        """The response that ``write`` makes of the events of ``generate``, once the model is loaded.

        ``prompt_field`` is what the request calls its prompt.
        """

        async def parts() -> Parts:
            async with (
                self._registry.lease(body.model) as served,
                aclosing(generate(served)) as events,
                aclosing(write(events, body, served)) as written,
            ):
                try:
                    async for part in written:
                        yield part
                except TokenizerError as error:
                    raise RequestError(error.message, error.remedy, prompt_field) from error
                except RequestError as error:
                    error.param = prompt_field if error.param == "prompt" else error.param
                    raise
                except GenerationError as error:
                    if self._registry.closed:
                        raise StoppingError from error
                    raise

        return LiveResponse(parts(), SSE if body.stream else JSON, self._settings)

    def _once(self, answer: Callable[[], Awaitable[Any]]) -> LiveResponse:
        """A response of one JSON object, which may wait for the model."""

        async def parts() -> Parts:
            yield encode(await answer())

        return LiveResponse(parts(), JSON, self._settings)

    def _check_choices(self, name: str, count: int, prompts: int = 1) -> None:
        """Refuse more choices of a prompt than decode at a time, and more of all prompts than there is room for."""
        limit = self._settings.max_sequences
        if count > limit:
            raise invalid(f"{name} is {count}; this server answers at most {limit} at once", name)
        room = limit + self._settings.max_queue
        if count * prompts > room:
            message = f"{count * prompts} completions are asked for, this server holds {room}; send fewer prompts"
            raise invalid(message, "prompt")
