"""Dialects: how each family of models marks its turns, its thinking and its tool calls. One table, matched by evidence.

A dialect is recognised by what its chat template writes (failing that, by tokens of the vocabulary), never by a model's
name: fine-tunes keep the template and change the name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fathom.text import markers
from fathom.text.tool_calls.deepseek import DeepSeekCalls
from fathom.text.tool_calls.format import CallFormat
from fathom.text.tool_calls.hermes import HermesCalls
from fathom.text.tool_calls.llama import LlamaCalls
from fathom.types import Message

_LINES = ("\n", "\n", "\n\n")  # after <think>, before </think>, after </think>
_NONE = ("", "", "")


@dataclass(frozen=True, slots=True)
class Dialect:
    """``evidence``: texts in the template of which one is enough. After one of ``turns`` the model writes, and one of
    ``ends`` closes its turn. ``thinks``: it may write ``<think>``; ``gap`` is the layout that it puts around the tags.
    """

    name: str
    evidence: tuple[str, ...]
    turns: tuple[str, ...]
    ends: tuple[str, ...]
    calls: CallFormat
    thinks: bool = False
    gap: tuple[str, str, str] = _LINES

    def write(self, message: Message) -> str:
        """What the model writes in its turn to say ``message``; the inverse of parsing."""
        text = ""
        if message.reasoning is not None:
            opened, before, after = self.gap
            text = f"{markers.THINK_OPEN}{opened}{message.reasoning}{before}{markers.THINK_CLOSE}{after}"
        text += message.content
        if message.tool_calls:
            text += ("\n" if message.content else "") + self.calls.write(message.tool_calls)
        return text


DIALECTS = (
    Dialect(
        "deepseek",
        evidence=("<｜Assistant｜>", markers.CALLS_BEGIN),
        turns=("<｜Assistant｜>", "<｜tool▁outputs▁end｜>", "<｜tool▁output▁end｜>"),
        ends=("<｜end▁of▁sentence｜>",),
        calls=DeepSeekCalls(fenced=False),
        gap=_NONE,
    ),
    Dialect(
        "llama3",
        evidence=("<|start_header_id|>",),
        turns=("<|start_header_id|>assistant<|end_header_id|>",),
        ends=("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>"),
        calls=LlamaCalls(),
    ),
    Dialect(
        "chatml",
        evidence=("<|im_start|>",),
        turns=("<|im_start|>assistant",),
        ends=("<|im_end|>",),
        calls=HermesCalls(),
    ),
)

PLAIN = Dialect("plain", evidence=(), turns=(), ends=(), calls=HermesCalls())
"""Where nothing is recognised: the answer is text, and tools are called the Hermes way."""


def recognise(mentions: Callable[[str], bool], knows: Callable[[str], bool]) -> Dialect:
    """``mentions``: a text stands in the template; ``knows``: a token is in the vocabulary."""
    dialect = next((row for row in DIALECTS if any(map(mentions, row.evidence))), None)
    if dialect is None:
        dialect = next((row for row in DIALECTS if any(map(knows, row.evidence))), PLAIN)
    if isinstance(dialect.calls, DeepSeekCalls) and mentions("```json"):  # the generation of R1
        dialect = replace(dialect, calls=DeepSeekCalls(fenced=True), gap=_LINES)
    elif not isinstance(dialect.calls, HermesCalls) and mentions(markers.TOOL_CALL_OPEN):
        dialect = replace(dialect, calls=HermesCalls())
    return replace(dialect, thinks=mentions(markers.THINK_CLOSE) or knows(markers.THINK_OPEN))
