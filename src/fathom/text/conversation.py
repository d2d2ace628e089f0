"""The conversation core: renders a conversation as a prompt, and parses the model's text back to a message.

chat = Chat(tokenizer, template)
prompt = chat.render(conversation)   # text, token ids, where the model starts, which tokens end its turn
parser = chat.parser(prompt)         # events while the completion streams
message = chat.parse(text, prompt)   # or all at once
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from fathom.base.errors import RequestError, TokenizerError
from fathom.text import markers
from fathom.text.control_tokens import ControlTokenGuard
from fathom.text.dialects import Dialect, detect_dialect
from fathom.text.events import Event, assemble_message
from fathom.text.parser import Opening, Parser, detect_opening, new_call_id
from fathom.text.polyfills import TOOL_RESPONSE, TOOL_RESPONSE_END, fit_to_template
from fathom.text.template.template import GIVEN, SWITCHES, ChatTemplate
from fathom.types import Conversation, Message

if TYPE_CHECKING:
    from fathom.text.tokenizer.tokenizer import Tokenizer

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""The template for a vocabulary that has ChatML's tokens and no template of its own."""

_PROBE = Conversation((Message("user", "?"),))


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered conversation. ``stop_token_ids`` end the model's turn; ``stop`` are end texts without a token."""

    text: str
    ids: tuple[int, ...]
    dialect: Dialect
    opening: Opening
    tools: tuple[str, ...]
    stop_token_ids: frozenset[int]
    stop: tuple[str, ...]

    @property
    def thinking(self) -> bool:
        """Whether the completion starts inside the thinking."""
        return self.opening.phase == "thinking"


class Chat:
    """A tokenizer and its template. Without a template, ChatML is used if the vocabulary has its tokens; otherwise
    raises TokenizerError. ``stop_token_ids`` end the model's turn."""

    def __init__(self, tokenizer: Tokenizer, template: ChatTemplate | None) -> None:
        self.tokenizer = tokenizer
        self.template = template or _chatml_template(tokenizer)
        self.dialect = detect_dialect(self.template.mentions, lambda token: tokenizer.token_id(token) is not None)
        ends = {end: tokenizer.token_id(end) for end in self.dialect.ends if self.template.mentions(end)}
        self._guard = ControlTokenGuard(token for token in tokenizer.added_tokens if self._is_control(token))
        self._stop = tuple(end for end, index in ends.items() if index is None)
        self.stop_token_ids = tokenizer.eos_ids | {index for index in ends.values() if index is not None}

    @cached_property
    def can_switch_thinking(self) -> bool:
        """Whether ``thinking`` of a conversation has an effect: the template reads it, or opens the thinking itself."""
        try:
            return bool(SWITCHES & self.template.variables) or self.render(_PROBE).thinking
        except TokenizerError:
            return False

    @cached_property
    def closing_ids(self) -> tuple[int, ...]:
        """The tokens that end a thinking and lead to the answer, as this dialect writes them."""
        _, before, after = self.dialect.gap
        return tuple(self.tokenizer.encode(before + markers.THINK_CLOSE + after, special=True, continues=True))

    def render(self, conversation: Conversation) -> Prompt:
        """The prompt of a conversation. Raises TokenizerError if the template refuses it, and RequestError if it does
        not read one of ``conversation.template_variables``."""
        self._check_variables(conversation)
        marked = self._guard.mark(conversation)
        rendered = self._render_template(fit_to_template(marked.conversation, self.template, self.dialect))
        opening = detect_opening(marked.unmark(rendered), self.dialect)
        if opening.phase == "thinking" and conversation.thinking is False and not conversation.prefill:
            _, before, after = self.dialect.gap
            rendered += before + markers.THINK_CLOSE + after
            opening = Opening("answer")
        return Prompt(
            text=marked.plain(rendered),
            ids=tuple(self._encode(marked.pieces(rendered))),
            dialect=self.dialect,
            opening=opening,
            tools=tuple(tool.name for tool in conversation.tools),
            stop_token_ids=self.stop_token_ids,
            stop=self._stop,
        )

    def parser(self, prompt: Prompt, *, new_id: Callable[[], str] = new_call_id) -> Parser:
        """A fresh parser for one completion of ``prompt``."""
        return Parser(prompt.dialect, prompt.opening, prompt.tools, new_id=new_id)

    def parse(self, text: str, prompt: Prompt, *, new_id: Callable[[], str] = new_call_id) -> Message:
        """The assistant's message in a whole completion of ``prompt``."""
        parser = self.parser(prompt, new_id=new_id)
        events: list[Event] = [*parser.push(text), *parser.finish()]
        return assemble_message(events)

    def _encode(self, pieces: Sequence[tuple[str, bool]]) -> list[int]:
        """Token ids of texts in order, each with whether its control tokens are encoded as such."""
        ids, continues = [], False
        for piece, special in pieces:
            ids += self.tokenizer.encode(piece, special=special, continues=continues)
            continues = not (special and piece.endswith(self.tokenizer.added_tokens))
        return ids

    def _is_control(self, token: str) -> bool:
        """Special tokens, those of `fathom.text.markers`, and any other that the template writes."""
        if token in (TOOL_RESPONSE, TOOL_RESPONSE_END):  # clients write these, and templates test for them
            return False
        special = self.tokenizer.token_id(token) in self.tokenizer.special_ids
        return special or token in markers.STRUCTURE or self.template.mentions(token)

    def _render_template(self, conversation: Conversation) -> str:
        last = conversation.messages[-1] if conversation.messages else None
        if conversation.prefill and last is not None and last.reasoning is not None and self.dialect.thinks:
            return self._continue_reasoning(
                replace(conversation, messages=conversation.messages[:-1], prefill=False), last
            )
        return self.template.render(conversation) if conversation.prefill else self._open_turn(conversation)

    def _open_turn(self, conversation: Conversation) -> str:
        """The prompt of a new turn, which the template may not open itself."""
        able = self.template.capabilities(tools=bool(conversation.tools))
        return self.template.render(conversation) + able.generation_prompt

    def _continue_reasoning(self, conversation: Conversation, last: Message) -> str:
        """A prompt that continues from given reasoning. Templates drop the reasoning of past turns, so it is appended
        to the new turn; content after it closes the thinking."""
        prompt = self._open_turn(conversation)
        opened, before, after = self.dialect.gap
        opening = detect_opening(prompt, self.dialect)
        if opening.phase == "answer" and not opening.may_think:  # the template closed the thinking
            return prompt + last.content
        if opening.phase == "answer":
            prompt += markers.THINK_OPEN + opened
        prompt += last.reasoning or ""
        return prompt + before + markers.THINK_CLOSE + after + last.content if last.content else prompt

    def _check_variables(self, conversation: Conversation) -> None:
        known = self.template.variables - GIVEN
        for name in conversation.template_variables:
            if name not in known:
                raise RequestError(
                    f"the chat template does not read {name!r}",
                    f"leave it out; it reads {', '.join(sorted(known)) or 'no variables'}",
                    f"chat_template_kwargs.{name}",
                )


def turn_end_ids(tokenizer: Tokenizer, template: ChatTemplate | None) -> frozenset[int]:
    """The tokens at which a completion ends: those of the vocabulary, and those by which the template ends a turn. They
    differ for base models that ship a template, such as Qwen2.5's: ``<|endoftext|>``, and ``<|im_end|>``.
    """
    try:
        return Chat(tokenizer, template).stop_token_ids
    except TokenizerError:  # no template, and no ChatML
        return tokenizer.eos_ids


def _chatml_template(tokenizer: Tokenizer) -> ChatTemplate:
    if tokenizer.token_id("<|im_start|>") is None or tokenizer.token_id("<|im_end|>") is None:
        raise TokenizerError(
            "the model has no chat template, and its vocabulary no ChatML tokens",
            "put a chat_template.jinja into its directory, or use it for plain completions",
        )
    return ChatTemplate(CHATML)
