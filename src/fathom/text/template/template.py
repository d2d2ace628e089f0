"""Chat templates: jinja2 programs, shipped with a model, that render messages as the text the model was trained on.

A template renders the same text as in transformers, within the limits of `fathom.text.template.sandbox`.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
import jinja2.nodes

from fathom.base.errors import TokenizerError
from fathom.text.template import files
from fathom.text.template.capabilities import TOOL, TemplateCapabilities
from fathom.text.template.data import CallStyle, content_as_parts, message_data, tool_data
from fathom.text.template.sandbox import TemplateRefusalError, TemplateSandbox, render_bounded
from fathom.text.tokenizer.special import read_json, token_text
from fathom.types import Conversation, Message, Tool

GIVEN = frozenset({"messages", "tools", "add_generation_prompt", "bos_token", "eos_token"})
"""The variables that every rendering gives a template; a conversation cannot set them."""

SWITCHES = frozenset({"enable_thinking", "thinking"})
"""The variables that switch thinking on and off; a template reads one of them, if any."""

_CONTINUE = "FATHOM_CONTINUES_HERE"
_PROBE = "probe question"


class ChatTemplate:
    """One template, with the texts of the BOS and EOS tokens. Compiled on first use.

    ``tool_use`` is the template for conversations with tools, where the model has one of its own for them; `render` and
    `capabilities` choose between the two as transformers does.
    """

    def __init__(self, text: str, *, bos: str = "", eos: str = "", tool_use: str | None = None) -> None:
        self.text = text
        self.bos = bos
        self.eos = eos
        self.tool_use = ChatTemplate(tool_use, bos=bos, eos=eos) if tool_use else None

    @classmethod
    def from_directory(cls, path: str | Path) -> ChatTemplate | None:
        """From the files of a model (`fathom.text.template.files`); None if there is none.

        Raises TokenizerError if one of these files is invalid.
        """
        directory = Path(path)
        config = read_json(directory / "special_tokens_map.json") | read_json(directory / "tokenizer_config.json")
        bos, eos = (token_text(config.get(key)) or "" for key in ("bos_token", "eos_token"))
        return cls._from_texts(files.templates_from_directory(directory, config), bos, eos)

    @classmethod
    def from_gguf(cls, metadata: Mapping[str, Any]) -> ChatTemplate | None:
        """From the metadata of a GGUF file; None if there is no template."""
        tokens: Sequence[str] = metadata.get("tokenizer.ggml.tokens", ())
        ends = []
        for name in ("bos", "eos"):
            index = metadata.get(f"tokenizer.ggml.{name}_token_id")
            ends.append(tokens[index] if isinstance(index, int) and 0 <= index < len(tokens) else "")
        return cls._from_texts(files.templates_from_gguf(metadata), *ends)

    @classmethod
    def _from_texts(cls, texts: Mapping[str, str], bos: str, eos: str) -> ChatTemplate | None:
        default = texts.get(files.DEFAULT)
        return cls(default, bos=bos, eos=eos, tool_use=texts.get(files.TOOL_USE)) if default else None

    @property
    def texts(self) -> dict[str, str]:
        """The templates by the names that files give them."""
        named = {files.TOOL_USE: self.tool_use.text} if self.tool_use else {}
        return {files.DEFAULT: self.text, **named}

    def render(self, conversation: Conversation, *, add_generation_prompt: bool = True) -> str:
        """The conversation as text, up to the beginning of the model's next turn.

        With ``conversation.prefill`` the text ends inside the last message instead, which the model continues. Raises
        TokenizerError if the template refuses the conversation or fails, with the line of the template.
        """
        if conversation.tools and self.tool_use is not None:
            return self.tool_use.render(conversation, add_generation_prompt=add_generation_prompt)
        style = self.capabilities(tools=bool(conversation.tools)).call_style if _has_calls(conversation) else None
        variables = self._variables(conversation.messages, conversation.tools, style or CallStyle())
        variables["add_generation_prompt"] = add_generation_prompt and not conversation.prefill
        if conversation.thinking is not None:
            variables |= dict.fromkeys(SWITCHES, conversation.thinking)
        if conversation.effort is not None:
            variables["reasoning_effort"] = conversation.effort
        variables |= conversation.template_variables
        return self._render_prefill(variables) if conversation.prefill else self._run(variables)

    def capabilities(self, *, tools: bool) -> TemplateCapabilities:
        """What the template renders of a conversation with or without tools."""
        if tools and self.tool_use is not None:
            return self.tool_use.capabilities(tools=True)
        return self._with_tools if tools else self._without_tools

    @cached_property
    def variables(self) -> frozenset[str]:
        """The variables that the template reads, or the one for tools: `tools`, `enable_thinking`…"""
        own = jinja2.meta.find_undeclared_variables(self._syntax()) - self._environment.globals.keys()
        return frozenset(own) | (self.tool_use.variables if self.tool_use is not None else frozenset())

    @cached_property
    def _tool_names(self) -> tuple[str, ...]:
        """The variables that get the tools on offer: SmolLM3's template reads another than all others."""
        return ("tools",) if "tools" in self.variables or "xml_tools" not in self.variables else ("tools", "xml_tools")

    def mentions(self, text: str) -> bool:
        """Whether the template contains ``text``, or the one for tools does."""
        return text in self.text or (self.tool_use is not None and text in self.tool_use.text)

    @cached_property
    def _with_tools(self) -> TemplateCapabilities:
        return TemplateCapabilities(partial(self._probe, (TOOL,)))

    @cached_property
    def _without_tools(self) -> TemplateCapabilities:
        return TemplateCapabilities(partial(self._probe, ()))

    def _probe(self, tools: Sequence[Tool], messages: Sequence[Message], style: CallStyle, opened: bool) -> str:
        return self._run({**self._variables(messages, tools, style), "add_generation_prompt": opened})

    def _variables(self, messages: Sequence[Message], tools: Sequence[Tool], style: CallStyle) -> dict[str, Any]:
        return {
            "messages": [message_data(message, style) for message in messages],
            **dict.fromkeys(self._tool_names, [tool_data(tool) for tool in tools] or None),
            "documents": None,
            "bos_token": self.bos,
            "eos_token": self.eos,
        }

    def _render_prefill(self, variables: dict[str, Any]) -> str:
        """Mark the end of the last message and cut there; a missing space after the mark shows that it was trimmed."""
        messages = variables["messages"]
        if not messages or messages[-1]["role"] != "assistant":
            raise TokenizerError("there is no assistant message to continue", "end the conversation with one")
        if "tool_calls" in messages[-1]:
            raise TokenizerError("the message to continue has tool calls", "send their results instead")
        reasons = not messages[-1]["content"] and "reasoning_content" in messages[-1]
        messages[-1]["reasoning_content" if reasons else "content"] += _CONTINUE + " "
        text, mark, rest = self._run(variables).rpartition(_CONTINUE)
        if not mark:
            raise TokenizerError(
                "the chat template leaves out the message that is to be continued", "ask without a prefix"
            )
        return text if rest.startswith(" ") else text.rstrip()

    def _run(self, variables: dict[str, Any]) -> str:
        if self._reads_parts:
            variables = {**variables, "messages": list(map(content_as_parts, variables["messages"]))}
        return self._execute(variables)

    @cached_property
    def _reads_parts(self) -> bool:
        """Whether the template loses a content that is text and renders one that is a list of parts, as some do that
        were written for models that see."""
        probe = self._variables([Message("user", _PROBE)], (), CallStyle())
        try:
            if _PROBE in self._execute(probe):
                return False
        except TokenizerError:
            pass
        try:
            return _PROBE in self._execute({**probe, "messages": list(map(content_as_parts, probe["messages"]))})
        except TokenizerError:
            return False

    def _execute(self, variables: Mapping[str, Any]) -> str:
        try:
            return render_bounded(self._compiled, variables)
        except TokenizerError:
            raise
        except Exception as error:  # a template is a program: it may raise anything
            raise _failure(error, [message["role"] for message in variables["messages"]]) from error

    @cached_property
    def _compiled(self) -> jinja2.Template:
        return self._environment.from_string(self._syntax())

    @cached_property
    def _environment(self) -> TemplateSandbox:
        return TemplateSandbox()

    def _syntax(self) -> jinja2.nodes.Template:
        """A new syntax tree: compiling changes it."""
        try:
            return self._environment.parse(self.text)
        except Exception as error:  # a syntax error, or nesting beyond Python's depth
            raise _failure(error) from error


def _has_calls(conversation: Conversation) -> bool:
    return any(message.tool_calls for message in conversation.messages)


def _failure(error: Exception, roles: Sequence[str] = ()) -> TokenizerError:
    line = error.lineno if isinstance(error, jinja2.TemplateSyntaxError) else _line(error)
    where = f" in line {line}" if line else ""
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    if isinstance(error, TemplateRefusalError):
        return TokenizerError(f"the chat template refuses the conversation{where}: {message}", _remedy(roles))
    if isinstance(error, RecursionError):
        message = "it nests too deeply"
    return TokenizerError(f"the chat template failed{where}: {message}", "repair the template, or use another one")


def _remedy(roles: Sequence[str]) -> str:
    """What to change in the order of messages, where that is what templates refuse."""
    turns = [role for role in roles if role != "system"]
    if "system" in roles[1:]:
        return "send one system message, at the beginning"
    if turns[:1] == ["assistant"]:
        return "begin with a user message"
    for role in ("user", "assistant"):
        if (role, role) in itertools.pairwise(turns):
            return f"merge {role} messages that follow each other into one"
    return "change the messages as it says"


def _line(error: Exception) -> int | None:
    """The innermost frame of the template: jinja2 rewrites tracebacks to the template's own lines."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename in ("<template>", "<unknown>")), None)
