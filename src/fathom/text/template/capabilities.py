"""What a chat template renders, found by rendering probes: short conversations whose texts are searched in the result.

A template's source does not say reliably how it reads a message: macros, loops and aliases hide it, and a branch on
``content is none`` can lose a tool call without an error. What it renders says so in every case. llama.cpp determines
its template capabilities in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

from fathom.base.errors import TokenizerError
from fathom.text.template.data import CallStyle
from fathom.types import Message, Tool, ToolCall

Render = Callable[[Sequence[Message], CallStyle, bool], str]
"""Renders messages, the bool says whether a new turn is opened; raises TokenizerError where the template refuses them
or fails."""

_NAME, _OTHER_NAME, _TOOL_NAME = "probe_function", "probe_other", "probe_tool"
_KEY, _VALUE, _OTHER_VALUE = "probe_key", "probe_value", "probe_second"
_TEXT, _OTHER_TEXT, _RESULT = "probe text", "probe remark", "probe result"

TOOL = Tool(_TOOL_NAME, "probe", {"type": "object", "properties": {"probe": {"type": "string"}}, "required": ["probe"]})
"""Offered in the probes of a template with tools; none of the probes calls it."""

_USER = Message("user", "probe question")
_SYSTEM, _OTHER_SYSTEM = Message("system", _TEXT), Message("system", _OTHER_TEXT)
_CALL = ToolCall("probe0001", _NAME, json.dumps({_KEY: _VALUE}))  # Mistral's templates want nine characters
_OTHER_CALL = ToolCall("probe0002", _OTHER_NAME, json.dumps({_KEY: _OTHER_VALUE}))
_CALLED = Message("assistant", "", None, (_CALL,))
_ANSWER = Message("tool", _RESULT, tool_call_id=_CALL.id, name=_NAME)
_OTHER_ANSWER = Message("tool", _RESULT, tool_call_id=_OTHER_CALL.id, name=_OTHER_NAME)


class TemplateCapabilities:
    """The capabilities of one template, each determined on first use."""

    def __init__(self, render: Render) -> None:
        self._render = render

    @cached_property
    def tools(self) -> bool:
        """Whether the tools on offer are described, where ``render`` offers `TOOL`."""
        return any(_contains(self._try(*probe), _TOOL_NAME) for probe in ((_USER,), (_SYSTEM, _USER)))

    @cached_property
    def system(self) -> bool:
        """Whether a system message in front is rendered."""
        return _contains(self._try(_SYSTEM, _USER), _TEXT)

    @cached_property
    def several_systems(self) -> bool:
        """Whether all system messages are rendered where several are in front."""
        return _contains(self._try(_SYSTEM, _OTHER_SYSTEM, _USER), _TEXT, _OTHER_TEXT)

    @cached_property
    def loses_systems(self) -> bool:
        """Whether a system message further down is accepted, but it or the one in front is not rendered."""
        rendered = self._try(_SYSTEM, _USER, Message("assistant", "probe answer"), _OTHER_SYSTEM, _USER)
        return rendered is not None and not _contains(rendered, _TEXT, _OTHER_TEXT)

    @cached_property
    def repeated_users(self) -> bool:
        """Whether two user messages may follow each other."""
        return self._try(_USER, Message("assistant", _TEXT), _USER, _USER) is not None

    @cached_property
    def generation_prompt(self) -> str:
        """The text that opens the model's turn, where the template ignores ``add_generation_prompt``; else empty."""
        prompt, answered = self._try(_USER), self._try(_USER, Message("assistant", _TEXT), opened=False)
        if prompt is None or answered is None or prompt != self._try(_USER, opened=False):
            return ""
        turn, answer, _ = answered.partition(_TEXT)
        opening = turn[len(prompt) :].rstrip(" ") if answer and turn.startswith(prompt) else ""
        return opening if opening.strip() else ""

    @cached_property
    def call_style(self) -> CallStyle | None:
        """How past calls are to be given to the template so that it renders them; None where it never does.

        Arguments are objects, unless the template joins their text to others, or renders both alike: the text is then
        what the model wrote, to the character.
        """
        for null_content in (False, True):
            as_text = self._call(CallStyle("text", null_content))
            as_object = self._call(CallStyle("object", null_content))
            if as_object and as_text != as_object:
                return CallStyle("object", null_content)
            if as_text:
                return CallStyle("text", null_content)
        as_metadata = CallStyle(metadata=True)
        return as_metadata if _contains(self._call(as_metadata), _NAME) else None

    @cached_property
    def text_beside_calls(self) -> bool:
        """Whether a message may have both text and calls."""
        return self._renders(replace(_CALLED, content=_TEXT), _ANSWER, texts=(_TEXT, _NAME, _VALUE))

    @cached_property
    def several_calls(self) -> bool:
        """Whether a message may have several calls."""
        message = replace(_CALLED, tool_calls=(_CALL, _OTHER_CALL))
        return self._renders(message, _ANSWER, _OTHER_ANSWER, texts=(_NAME, _VALUE, _OTHER_NAME, _OTHER_VALUE))

    @cached_property
    def results(self) -> bool:
        """Whether the results of calls are rendered, as messages of the role tool."""
        return self._renders(_CALLED, _ANSWER, texts=(_RESULT,))

    @cached_property
    def results_of_texts(self) -> bool:
        """Whether a result is rendered after a call that was written as text, and the turns after it."""
        said = Message("assistant", _TEXT)
        return self._renders(said, _ANSWER, replace(said, content=_OTHER_TEXT), _USER, texts=(_RESULT, _OTHER_TEXT))

    def _renders(self, *messages: Message, texts: tuple[str, ...]) -> bool:
        style = self.call_style
        return style is not None and _contains(self._try(_USER, *messages, style=style), *texts)

    def _call(self, style: CallStyle) -> str | None:
        """A past call as the template renders it; None where it refuses the call, loses it, or writes its arguments
        encoded twice or as Python does."""
        for probe in ((_USER, _CALLED, _ANSWER), (_CALLED,)):
            rendered = self._try(*probe, style=style)
            if rendered is not None and _contains(rendered, _KEY, _VALUE):
                return None if any(f"{quote}{_KEY}" in rendered for quote in ('\\"', "'")) else rendered
        return None

    def _try(self, *messages: Message, style: CallStyle | None = None, opened: bool = True) -> str | None:
        try:
            return self._render(messages, style or CallStyle(), opened)
        except TokenizerError:
            return None


def _contains(rendered: str | None, *texts: str) -> bool:
    return rendered is not None and all(text in rendered for text in texts)
