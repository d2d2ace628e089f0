"""``/v1/chat/completions``: the request (validated by pydantic) and the response (typed dictionaries)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NotRequired

from pydantic import BeforeValidator, Discriminator, Field, Tag
from typing_extensions import TypedDict

from fathom.server.api.openai.schemas.base import Body, GenerationBody, Integer, MaxTokens, UsageBody
from fathom.server.api.openai.schemas.unsupported import UNSUPPORTED, UNSUPPORTED_IN_CHAT, UnsupportedField

FunctionName = Annotated[str, Field(pattern=r"^[\w.:/@-]{1,128}$")]
"""Wider than OpenAI's: letters of any script, and the names of tools of MCP servers."""
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


# ── in ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_part(kind: Any) -> Any:
    """Refuses images, sound and files by name."""
    if isinstance(kind, str) and kind not in ("text", "input_text", "output_text"):
        raise ValueError(f"the model reads text only, no {kind!r}; leave this part out, or describe it in words")
    return kind


class TextPart(Body):
    """A piece of a message; pieces are joined without anything between. Text is the one kind that the models here
    read."""

    type: Annotated[Literal["text", "input_text", "output_text"], BeforeValidator(_check_part)]
    text: str


class RefusalPart(Body):
    """A piece of a past answer, which counts as its text."""

    type: Literal["refusal"]
    refusal: str


Content = str | list[TextPart | RefusalPart | str]


class SystemMessage(Body):
    role: Literal["system", "developer"]
    content: Content
    name: str | None = None


class UserMessage(Body):
    role: Literal["user"]
    content: Content
    name: str | None = None


class FunctionCall(Body):
    name: str
    arguments: str | dict[str, Any] | None = Field(
        None, description="JSON text, as the model wrote it, or the object; none are {}."
    )


def _refuse_function_call(value: Any) -> Any:
    if value is not None:
        raise ValueError("deprecated by OpenAI; send tool_calls, and the result as a message of the role tool")
    return value


class ToolCallBody(Body):
    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class AssistantMessage(Body):
    """A past answer. ``reasoning_content`` (or ``reasoning``) counts only where the turn called tools; ``prefix``
    continues the turn. A ``refusal`` counts as content where there is none."""

    role: Literal["assistant"]
    content: Content | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCallBody] | None = None
    function_call: Annotated[None, BeforeValidator(_refuse_function_call)] = Field(
        None, description="Deprecated by OpenAI, and refused: send tool_calls."
    )
    prefix: bool | None = Field(None, description="Only on the last message: the answer goes on from here.")
    name: str | None = None


class ToolMessage(Body):
    role: Literal["tool"]
    content: Content | None
    tool_call_id: str = Field(description="An unknown one belongs to the first call without a result.")
    name: str | None = Field(None, description="The function's, where the id does not say it.")


ChatMessage = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]


class FunctionBody(Body):
    name: FunctionName
    description: str | None = None
    parameters: dict[str, Any] | None = Field(None, description="A JSON schema.")
    strict: bool | None = None


class ToolBody(Body):
    type: Literal["function"]
    function: FunctionBody


class OtherTool(Body):
    """A tool that only other servers know (``custom``, ``web_search``); the model is not offered it."""

    type: str


def _tool_tag(value: Any) -> str:
    kind = value.get("type", "function") if isinstance(value, dict) else "function"
    return "ToolBody" if kind == "function" or not isinstance(kind, str) else "OtherTool"


AnyTool = Annotated[
    Annotated[ToolBody, Tag("ToolBody")] | Annotated[OtherTool, Tag("OtherTool")], Discriminator(_tool_tag)
]


class FunctionChoice(Body):
    name: str


class NamedToolChoice(Body):
    type: Literal["function"]
    function: FunctionChoice


class AllowedTools(Body):
    mode: Literal["auto", "required"]
    tools: list[NamedToolChoice]


class AllowedToolsChoice(Body):
    """Of all tools, the ones that may be called now."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


def _choice_tag(value: Any) -> str:
    if not isinstance(value, dict):
        return "str"
    return "AllowedToolsChoice" if value.get("type") == "allowed_tools" else "NamedToolChoice"


ToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("str")]
    | Annotated[NamedToolChoice, Tag("NamedToolChoice")]
    | Annotated[AllowedToolsChoice, Tag("AllowedToolsChoice")],
    Discriminator(_choice_tag),
]


class TextFormat(Body):
    type: Literal["text"]


class JsonObjectFormat(Body):
    type: Literal["json_object"]
    schema_: dict[str, Any] | None = Field(
        None, alias="schema", description="As in llama.cpp and other servers: the same as json_schema with this schema."
    )


class JsonSchemaSpec(Body):
    name: str
    description: str | None = None
    schema_: dict[str, Any] | None = Field(None, alias="schema")
    strict: bool | None = None


class JsonSchemaFormat(Body):
    type: Literal["json_schema"]
    json_schema: JsonSchemaSpec


ResponseFormat = Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")]


class Thinking(Body):
    type: Literal["enabled", "disabled"]


class ChatRequest(GenerationBody):
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    max_completion_tokens: MaxTokens | None = Field(
        None, description="The newer name of max_tokens, which it overrides. Thinking counts."
    )
    thinking: Thinking | None = None
    chat_template_kwargs: dict[str, Any] | None = Field(
        None,
        description="Variables of the chat template. enable_thinking and thinking count as thinking above; "
        "what the template does not read is refused.",
    )
    reasoning_effort: ReasoningEffort | None = None
    tools: Annotated[list[AnyTool], Field(max_length=128)] | None = Field(
        None, description="Tools of other types than function are left out."
    )
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = Field(None, description="False: the answer ends after its first call.")
    response_format: ResponseFormat | None = Field(
        None, description="With tools the answer is either calls or a text that fits."
    )
    logprobs: bool | None = None
    top_logprobs: Annotated[Integer, Field(ge=0, le=20)] | None = None
    continue_final_message: bool | None = Field(None, description="The same as prefix on the last message.")
    add_generation_prompt: bool | None = Field(None, description="False only with continue_final_message.")

    unsupported: ClassVar[Mapping[str, UnsupportedField]] = {**UNSUPPORTED, **UNSUPPORTED_IN_CHAT}


# ── out ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


class FunctionCallOut(TypedDict):
    name: NotRequired[str]
    arguments: str


class ToolCallOut(TypedDict):
    """In streams ``index`` tells the calls apart; ``id``, ``type`` and the name come once, then arguments only."""

    index: NotRequired[int]
    id: NotRequired[str]
    type: NotRequired[Literal["function"]]
    function: FunctionCallOut


class TopLogprob(TypedDict):
    token: str
    logprob: float
    bytes: list[int]


class TokenLogprobOut(TopLogprob):
    top_logprobs: list[TopLogprob]


class ChoiceLogprobs(TypedDict):
    """Of the tokens whose text is shown: neither end tokens nor markup nor tool calls."""

    content: list[TokenLogprobOut]
    reasoning_content: list[TokenLogprobOut]


class AssistantOut(TypedDict):
    role: Literal["assistant"]
    content: str | None
    reasoning_content: NotRequired[str]
    tool_calls: NotRequired[list[ToolCallOut]]


class ChatChoice(TypedDict):
    index: int
    message: AssistantOut
    logprobs: ChoiceLogprobs | None
    finish_reason: str
    token_ids: NotRequired[list[int]]


class ChatCompletion(TypedDict):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[ChatChoice]
    usage: UsageBody
    prompt_token_ids: NotRequired[list[int]]


class DeltaOut(TypedDict):
    role: NotRequired[Literal["assistant"]]
    content: NotRequired[str | None]
    reasoning_content: NotRequired[str | None]
    tool_calls: NotRequired[list[ToolCallOut]]


class ChatChunkChoice(TypedDict):
    index: int
    delta: DeltaOut
    logprobs: ChoiceLogprobs | None
    finish_reason: str | None
    token_ids: NotRequired[list[int]]


class ChatChunk(TypedDict):
    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[ChatChunkChoice]
    usage: NotRequired[UsageBody | None]
    prompt_token_ids: NotRequired[list[int]]
