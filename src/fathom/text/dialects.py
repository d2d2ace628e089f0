"""Dialects: how each family of models marks its turns, its thinking and its tool calls. One table.

A dialect is detected from the texts in its chat template (failing that, from tokens of the vocabulary), never from a
model's name: fine-tunes keep the template and change the name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fathom.text import markers
from fathom.text.tool_calls.arguments import arguments_text
from fathom.text.tool_calls.deepseek import DeepSeekCalls
from fathom.text.tool_calls.format import CallFormat
from fathom.text.tool_calls.glm import GLMCalls
from fathom.text.tool_calls.hermes import HermesCalls
from fathom.text.tool_calls.llama import LlamaCalls
from fathom.text.tool_calls.mistral import MistralCalls
from fathom.text.tool_calls.phi import PhiCalls
from fathom.types import Message

_LINES = ("\n", "\n", "\n\n")  # after <think>, before </think>, after </think>
_NONE = ("", "", "")


@dataclass(frozen=True, slots=True)
class Dialect:
    """``evidence``: texts of which one in the template identifies the dialect. ``turns`` open the model's turn,
    ``ends`` close it. ``thinks``: the model may write ``<think>``; ``gap`` is the white space around the tags. ``lead``
    is white space that the template puts between the opening of a turn and its text. Templates with a
    ``call_id_length`` refuse tool calls whose ids are not so many letters and digits.
    """

    name: str
    evidence: tuple[str, ...]
    turns: tuple[str, ...]
    ends: tuple[str, ...]
    calls: CallFormat
    thinks: bool = False
    gap: tuple[str, str, str] = _LINES
    lead: str = ""
    call_id_length: int | None = None

    def write(self, message: Message) -> str:
        """The model's text of ``message``; the inverse of parsing."""
        text = ""
        if message.reasoning is not None:
            opened, before, after = self.gap
            text = f"{markers.THINK_OPEN}{opened}{message.reasoning}{before}{markers.THINK_CLOSE}{after}"
        if message.content:
            text += self.lead + message.content
        if message.tool_calls:
            text += ("\n" if message.content else "") + self._write_calls(message)
        return text

    def _write_calls(self, message: Message) -> str:
        """A call without an opener is only read at the beginning of an answer."""
        calls = tuple(replace(call, arguments=arguments_text(call.arguments)) for call in message.tool_calls)
        written = self.calls.syntax.write(calls)
        needs_opener = message.content and self.calls.openers and not written.startswith(self.calls.openers)
        return self.calls.openers[0] + written if needs_opener else written


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
        turns=("<|im_start|>assistant", "<|im_start|>assistant<|im_sep|>"),
        ends=("<|im_end|>",),
        calls=HermesCalls(),
    ),
    Dialect(
        "gemma",
        evidence=("<start_of_turn>",),
        turns=("<start_of_turn>model",),
        ends=("<end_of_turn>",),
        calls=HermesCalls(),
    ),
    Dialect(
        "mistral",
        evidence=(markers.MISTRAL_CALLS,),
        turns=("[/INST]", "[/TOOL_RESULTS]"),
        ends=("</s>",),
        calls=MistralCalls(),
        lead=" ",
        call_id_length=9,
    ),
    Dialect(  # Llama 2, and Mistral before v0.3
        "llama2",
        evidence=("[INST]",),
        turns=("[/INST]",),
        ends=("</s>",),
        calls=HermesCalls(),
        lead=" ",
    ),
    Dialect(
        "phi4-mini",
        evidence=("<|/tool|>",),
        turns=("<|assistant|>",),
        ends=("<|end|>",),
        calls=PhiCalls(),
    ),
    Dialect(
        "glm4",
        evidence=("<|observation|>",),
        turns=("<|assistant|>",),
        ends=("<|user|>", "<|observation|>"),
        calls=GLMCalls(),
        lead="\n",
    ),
    Dialect(
        "phi3",
        evidence=("<|end|>",),
        turns=("<|assistant|>",),
        ends=("<|end|>",),
        calls=HermesCalls(),
    ),
    Dialect(
        "olmo2",
        evidence=("<|assistant|>",),
        turns=("<|assistant|>",),
        ends=("<|endoftext|>",),
        calls=HermesCalls(),
    ),
)

PLAIN = Dialect("plain", evidence=(), turns=(), ends=(), calls=HermesCalls())
"""The fallback if no dialect is detected: the answer is text, and tools are called in the Hermes format."""


def detect_dialect(mentions: Callable[[str], bool], has_token: Callable[[str], bool]) -> Dialect:
    """The dialect of a template and a vocabulary: ``mentions`` a text in the template, ``has_token`` a token."""
    dialect = next((row for row in DIALECTS if any(map(mentions, row.evidence))), None)
    if dialect is None:
        dialect = next((row for row in DIALECTS if any(map(has_token, row.evidence))), PLAIN)
    if isinstance(dialect.calls, DeepSeekCalls) and mentions("```json"):  # R1's generation of the format
        dialect = replace(dialect, calls=DeepSeekCalls(fenced=True), gap=_LINES)
    elif isinstance(dialect.calls, MistralCalls) and mentions(markers.MISTRAL_ARGUMENTS):
        dialect = replace(dialect, calls=MistralCalls(named=True))
    elif not isinstance(dialect.calls, HermesCalls) and mentions(markers.TOOL_CALL_OPEN):
        dialect = replace(dialect, calls=HermesCalls())
    if "[/INST]" in dialect.turns and not mentions("[INST] "):  # Tekken's templates have no spaces
        dialect = replace(dialect, lead="")
    return replace(dialect, thinks=mentions(markers.THINK_CLOSE) or has_token(markers.THINK_OPEN))
