"""Tokens that carry structure: where thinking starts and ends, where a tool call starts, names itself and ends.

Vocabularies disagree on whether these are *special*: DeepSeek's tokenizer.json says that ``<｜tool▁calls▁begin｜>`` is
an ordinary added token, the GGUF of the same model calls it a control token. Dropping it with the other special
tokens would leave the conversation core with text it cannot read. So the tokens named here are always decoded to text,
whatever the vocabulary calls them; the turn markers (``<|im_end|>`` and its like) are not among them.
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
    }
)
