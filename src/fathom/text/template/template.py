"""Chat templates: jinja2 programs, shipped with a model, that render messages as the text the model was trained on.

A template renders the same text as in transformers, within the limits of `fathom.text.template.sandbox`.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
import jinja2.nodes

from fathom.base.errors import TokenizerError
from fathom.text.template.data import ArgumentStyle, argument_style, message_data, tool_data
from fathom.text.template.sandbox import TemplateRefusalError, TemplateSandbox, render_bounded
from fathom.text.tokenizer.special import read_json, token_text
from fathom.types import Conversation

_CONTINUE = "FATHOM_CONTINUES_HERE"


class ChatTemplate:
    """One template, with the texts of the BOS and EOS tokens. Compiled on first use."""

    def __init__(self, text: str, *, bos: str = "", eos: str = "") -> None:
        self.text = text
        self.bos = bos
        self.eos = eos

    @classmethod
    def from_directory(cls, path: str | Path) -> ChatTemplate | None:
        """From chat_template.jinja, or the entry in tokenizer_config.json or chat_template.json; None if there is none.

        Raises TokenizerError if one of these files is invalid.
        """
        directory = Path(path)
        config = read_json(directory / "special_tokens_map.json") | read_json(directory / "tokenizer_config.json")
        file = directory / "chat_template.jinja"
        if file.is_file():
            text: str | None = file.read_text(encoding="utf-8")
        else:
            listed = config.get("chat_template") or read_json(directory / "chat_template.json").get("chat_template")
            text = _default(listed)
        if not text:
            return None
        return cls(text, bos=token_text(config.get("bos_token")) or "", eos=token_text(config.get("eos_token")) or "")

    @classmethod
    def from_gguf(cls, metadata: Mapping[str, Any]) -> ChatTemplate | None:
        """From the metadata of a GGUF file; None if there is no template."""
        text = metadata.get("tokenizer.chat_template")
        tokens: Sequence[str] = metadata.get("tokenizer.ggml.tokens", ())
        ends = []
        for name in ("bos", "eos"):
            index = metadata.get(f"tokenizer.ggml.{name}_token_id")
            ends.append(tokens[index] if isinstance(index, int) and 0 <= index < len(tokens) else "")
        return cls(text, bos=ends[0], eos=ends[1]) if text else None

    def render(self, conversation: Conversation, *, add_generation_prompt: bool = True) -> str:
        """The conversation as text, up to the beginning of the model's next turn.

        With ``conversation.prefill`` the text ends inside the last message instead, which the model continues. Raises
        TokenizerError if the template refuses the conversation or fails, with the line of the template.
        """
        variables: dict[str, Any] = {
            "messages": [message_data(message, arguments=self.arguments) for message in conversation.messages],
            "tools": [tool_data(tool) for tool in conversation.tools] or None,
            "documents": None,
            "add_generation_prompt": add_generation_prompt and not conversation.prefill,
            "bos_token": self.bos,
            "eos_token": self.eos,
        }
        if conversation.thinking is not None:  # templates use one of these two names
            variables |= {"enable_thinking": conversation.thinking, "thinking": conversation.thinking}
        if conversation.effort is not None:
            variables["reasoning_effort"] = conversation.effort
        return self._render_prefill(variables) if conversation.prefill else self._run(variables)

    @cached_property
    def variables(self) -> frozenset[str]:
        """The variables that the template reads: `tools`, `enable_thinking`…"""
        return frozenset(jinja2.meta.find_undeclared_variables(self._syntax()))

    @cached_property
    def arguments(self) -> ArgumentStyle:
        """How the template expects the arguments of past tool calls."""
        return argument_style(self._syntax())

    def mentions(self, text: str) -> bool:
        """Whether the template contains ``text``."""
        return text in self.text

    def _render_prefill(self, variables: dict[str, Any]) -> str:
        """Mark the end of the last message and cut there; a missing space after the mark shows that it was trimmed."""
        messages = variables["messages"]
        if not messages or messages[-1]["role"] != "assistant":
            raise TokenizerError("there is no assistant message to continue", "end the conversation with one")
        reasons = not messages[-1]["content"] and "reasoning_content" in messages[-1]
        messages[-1]["reasoning_content" if reasons else "content"] += _CONTINUE + " "
        text, mark, rest = self._run(variables).rpartition(_CONTINUE)
        if not mark:
            raise TokenizerError(
                "the chat template leaves out the message that is to be continued", "ask without a prefix"
            )
        return text if rest.startswith(" ") else text.rstrip()

    def _run(self, variables: Mapping[str, Any]) -> str:
        try:
            return render_bounded(self._compiled, variables)
        except TokenizerError:
            raise
        except Exception as error:  # a template is a program: it may raise anything
            raise _failure(error) from error

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


def _default(listed: Any) -> str | None:
    """Some models have several templates, as a list of names and texts or an object: the one called default is used, or
    the only one. Raises TokenizerError where there are several and none of them is the default.
    """
    if isinstance(listed, list):
        listed = {entry.get("name"): entry.get("template") for entry in listed if isinstance(entry, Mapping)}
    if isinstance(listed, Mapping):
        texts = {name: text for name, text in listed.items() if isinstance(text, str)}
        if len(texts) > 1 and "default" not in texts:
            raise TokenizerError(
                f"the model has {len(texts)} chat templates, none called 'default': {', '.join(map(str, texts))}",
                "save the one to use as chat_template.jinja in the model's directory",
            )
        listed = texts.get("default", next(iter(texts.values()), None))
    return listed if isinstance(listed, str) else None


def _failure(error: Exception) -> TokenizerError:
    line = error.lineno if isinstance(error, jinja2.TemplateSyntaxError) else _line(error)
    where = f" in line {line}" if line else ""
    message = getattr(error, "message", None) or str(error) or type(error).__name__
    if isinstance(error, TemplateRefusalError):
        return TokenizerError(f"the chat template refuses the conversation{where}: {message}")
    if isinstance(error, RecursionError):
        message = "it nests too deeply"
    return TokenizerError(f"the chat template failed{where}: {message}", "repair the template, or use another one")


def _line(error: Exception) -> int | None:
    """The innermost frame of the template: jinja2 rewrites tracebacks to the template's own lines."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename in ("<template>", "<unknown>")), None)
