"""A conversation rewritten so that its chat template renders all of it.

Every template was written for the conversations that its authors had in mind. What it would lose or refuse (tools, past
calls, calls beside text, several calls, results, system messages) is written into texts that it does render, in the
format that the model writes itself. What a template can do is in `fathom.text.template.capabilities`; where it can do
everything, a conversation changes only in the order of results.
"""

from __future__ import annotations

import itertools
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from fathom.text.dialects import Dialect
from fathom.text.template.capabilities import TemplateCapabilities
from fathom.text.template.template import ChatTemplate
from fathom.text.tool_calls.arguments import arguments_object
from fathom.text.tool_calls.ids import fit_call_ids
from fathom.types import Conversation, Message, Tool, ToolCall

TOOL_RESPONSE, TOOL_RESPONSE_END = "<tool_response>", "</tool_response>"


def fit_to_template(conversation: Conversation, template: ChatTemplate, dialect: Dialect) -> Conversation:
    """The conversation as ``template`` renders it whole."""
    tools = conversation.tools
    able = template.capabilities(tools=bool(tools))
    messages = _join_users(_results(_calls(conversation.messages, able, dialect), able), able)
    if tools and not able.tools:
        messages = _with_instructions(messages, dialect, tools)
    if any(message.role == "system" for message in messages):
        messages = _systems(messages, able)
    if dialect.call_id_length is not None:
        messages = list(fit_call_ids(messages, dialect.call_id_length))
    return replace(conversation, messages=tuple(messages))


def _calls(messages: Iterable[Message], able: TemplateCapabilities, dialect: Dialect) -> Iterator[Message]:
    """Past calls as the template takes them, each message followed by its results in the order of its calls."""
    for message, results in _with_results(messages):
        if not message.tool_calls:
            yield from (message, *results)
            continue
        if able.call_style is not None and able.call_style.metadata and message.content.strip():
            yield replace(message, tool_calls=())
            message = replace(message, content="", reasoning=None)  # noqa: PLW2901 - its calls remain
        if _native(message, able):
            stripped = replace(message, content="") if not message.content.strip() else message
            if len(message.tool_calls) > 1 and not able.several_calls:
                yield from _one_call_each(stripped, results)
            else:
                yield from (stripped, *_in_order(message.tool_calls, results))
        else:
            written = dialect.write(replace(message, reasoning=None)).removeprefix(dialect.lead)
            yield replace(message, content=written, tool_calls=())
            ordered = _in_order(message.tool_calls, results)
            yield from ordered if able.results_of_texts else _as_user(ordered)


def _native(message: Message, able: TemplateCapabilities) -> bool:
    """Whether the template renders the message's calls; if not, they are written into its text as the model would."""
    style = able.call_style
    if style is None or (message.content.strip() and not able.text_beside_calls):
        return False
    return style.arguments == "text" or all(arguments_object(c.arguments) is not None for c in message.tool_calls)


def _with_results(messages: Iterable[Message]) -> Iterator[tuple[Message, list[Message]]]:
    """Each message with the tool messages that follow it."""
    pending: Message | None = None
    results: list[Message] = []
    for message in messages:
        if message.role == "tool" and pending is not None:
            results.append(message)
            continue
        if pending is not None:
            yield pending, results
        pending, results = message, []
    if pending is not None:
        yield pending, results


def _results_of(calls: Sequence[ToolCall], results: Sequence[Message]) -> list[list[Message]]:
    """The results of each call, and at the end those of none. A result belongs to the next call with its id, else to
    the first call without a result. Results get the name of their function, which some templates write."""
    waiting: defaultdict[str | None, deque[int]] = defaultdict(deque)
    for index, call in enumerate(calls):
        waiting[call.id].append(index)
    last: dict[str | None, int] = {}
    of_call: list[list[Message]] = [[] for _ in range(len(calls) + 1)]
    unknown = []
    for result in results:
        if waiting[result.tool_call_id]:
            last[result.tool_call_id] = waiting[result.tool_call_id].popleft()
        elif result.tool_call_id not in last:
            unknown.append(result)
            continue
        index = last[result.tool_call_id]
        of_call[index].append(replace(result, name=result.name or calls[index].name))
    for index, result in itertools.zip_longest((i for i, own in enumerate(of_call[:-1]) if not own), unknown):
        if result is not None and index is not None and result.tool_call_id is None:
            of_call[index].append(replace(result, tool_call_id=calls[index].id))
        elif result is not None:
            of_call[-1 if index is None else index].append(result)
    return of_call


def _in_order(calls: Sequence[ToolCall], results: Sequence[Message]) -> list[Message]:
    """Results in the order of the calls: most templates write neither id nor name."""
    return list(itertools.chain.from_iterable(_results_of(calls, results)))


def _one_call_each(message: Message, results: Sequence[Message]) -> Iterator[Message]:
    """Pairs of a call and its result, for a template that takes one call a message."""
    *of_call, rest = _results_of(message.tool_calls, results)
    for index, call in enumerate(message.tool_calls):
        yield replace(message if index == 0 else Message("assistant"), tool_calls=(call,))
        yield from of_call[index]
    yield from rest


def _results(messages: Iterable[Message], able: TemplateCapabilities) -> Iterator[Message]:
    """Results as one user message a turn, where the template has no role for them."""
    for is_tool, run in itertools.groupby(messages, key=lambda message: message.role == "tool"):
        if is_tool and not able.results:
            yield from _as_user(run)
        else:
            yield from run


def _as_user(results: Iterable[Message]) -> Iterator[Message]:
    """Results as one user message; nothing where there are none."""
    blocks = [f"{TOOL_RESPONSE}\n{message.content}\n{TOOL_RESPONSE_END}" for message in results]
    if blocks:
        yield Message("user", "\n".join(blocks))


def _join_users(messages: Iterable[Message], able: TemplateCapabilities) -> list[Message]:
    """Results that became a user message joined to the user's next one, where the template refuses two in a row."""
    joined: list[Message] = []
    for message in messages:
        last = joined[-1] if joined else message
        follows = joined and message.role == last.role == "user" and last.content.endswith(TOOL_RESPONSE_END)
        if follows and not able.repeated_users:
            joined[-1] = replace(last, content=f"{last.content}\n\n{message.content}")
        else:
            joined.append(message)
    return joined


def _with_instructions(messages: Sequence[Message], dialect: Dialect, tools: Sequence[Tool]) -> list[Message]:
    """How to call ``tools``, in the system message."""
    instructions = dialect.calls.instructions(tools)
    if messages and messages[0].role == "system":
        first = replace(messages[0], content=f"{messages[0].content}\n\n{instructions}")
        return [first, *messages[1:]]
    return [Message("system", instructions), *messages]


def _systems(messages: Sequence[Message], able: TemplateCapabilities) -> list[Message]:
    """System messages where the template renders them: further ones joined to the first where they would be lost, and
    all of it put before the first user message where the template has no system message."""
    front = list(itertools.takewhile(lambda message: message.role == "system", messages))
    rest = list(messages[len(front) :])
    if any(message.role == "system" for message in rest) and able.loses_systems:
        front += [message for message in rest if message.role == "system"]
        rest = [message for message in rest if message.role != "system"]
    if len(front) > 1 and not able.several_systems:
        front = [replace(front[0], content="\n\n".join(message.content for message in front))]
    if not front or able.system:
        return [*front, *rest]
    text = "\n\n".join(message.content for message in front)
    if rest and rest[0].role == "user":
        return [replace(rest[0], content=f"{text}\n\n{rest[0].content}"), *rest[1:]]
    return [Message("user", text), *rest]
