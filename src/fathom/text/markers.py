"""Structural tokens: the begin and end of thinking and of tool calls.

Vocabularies disagree on whether these are *special*: in DeepSeek's tokenizer.json ``<｜tool▁calls▁begin｜>`` is an
ordinary added token, in the GGUF of the same model a control token. If it was dropped with the other special tokens,
the parser could not read the text. So the tokens below are always decoded to text, whatever the vocabulary calls them;
the turn markers (``<|im_end|>`` …) are not among them.
"""

from __future__ import annotations

THINK_OPEN = "<think>"
THINK_CLOSE = "</think>"

CALLS_BEGIN = "<｜tool▁calls▁begin｜>"
CALLS_END = "<｜tool▁calls▁end｜>"
CALL_BEGIN = "<｜tool▁call▁begin｜>"
CALL_END = "<｜tool▁call▁end｜>"
CALL_SEPARATOR = "<｜tool▁sep｜>"

TOOL_CALL_OPEN = "<tool_call>"
TOOL_CALL_CLOSE = "</tool_call>"

PYTHON_TAG = "<|python_tag|>"

MISTRAL_CALLS = "[TOOL_CALLS]"
MISTRAL_CALL_ID = "[CALL_ID]"
MISTRAL_ARGUMENTS = "[ARGS]"

PHI_CALL_OPEN = "<|tool_call|>"
PHI_CALL_CLOSE = "<|/tool_call|>"

STRUCTURE = frozenset(
    {
        THINK_OPEN,
        THINK_CLOSE,
        CALLS_BEGIN,
        CALLS_END,
        CALL_BEGIN,
        CALL_END,
        CALL_SEPARATOR,
        TOOL_CALL_OPEN,
        TOOL_CALL_CLOSE,
        PYTHON_TAG,
        MISTRAL_CALLS,
        MISTRAL_CALL_ID,
        MISTRAL_ARGUMENTS,
        PHI_CALL_OPEN,
        PHI_CALL_CLOSE,
    }
)
