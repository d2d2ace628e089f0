"""DeepSeek-R1's chat format for models trained here: its tokens and its template.

The token texts are DeepSeek's, so that every program that supports R1 (this one included) reads the turns, the thinking
and the tool calls of such a model without configuration. The template renders as R1's does: the reasoning of past turns
is left out, and a turn opens inside the thinking. Two additions change nothing if unused: a message may have
``reasoning_content`` beside its content, and ``thinking=false`` opens the turn after an empty thinking.
"""

from __future__ import annotations

from fathom.text import markers

BOS = "<｜begin▁of▁sentence｜>"
EOS = "<｜end▁of▁sentence｜>"
PAD = "<｜▁pad▁｜>"
USER = "<｜User｜>"
ASSISTANT = "<｜Assistant｜>"

FIM_BEGIN = "<｜fim▁begin｜>"
FIM_HOLE = "<｜fim▁hole｜>"
FIM_END = "<｜fim▁end｜>"

OUTPUTS_BEGIN = "<｜tool▁outputs▁begin｜>"
OUTPUTS_END = "<｜tool▁outputs▁end｜>"
OUTPUT_BEGIN = "<｜tool▁output▁begin｜>"
OUTPUT_END = "<｜tool▁output▁end｜>"

FIRST_TOKENS = (BOS, EOS, PAD)
"""Ids 0, 1 and 2, as in DeepSeek's vocabulary."""

LAST_TOKENS = (
    markers.THINK_OPEN,
    markers.THINK_CLOSE,
    FIM_HOLE,
    FIM_BEGIN,
    FIM_END,
    USER,
    ASSISTANT,
    markers.CALLS_BEGIN,
    markers.CALLS_END,
    markers.CALL_BEGIN,
    markers.CALL_END,
    OUTPUTS_BEGIN,
    OUTPUTS_END,
    OUTPUT_BEGIN,
    OUTPUT_END,
    markers.CALL_SEPARATOR,
)
"""Added after the merges, in DeepSeek's order."""

TEMPLATE = """\
{%- set ns = namespace(answers_tools=false) -%}
{{ bos_token }}
{%- for message in messages if message['role'] == 'system' -%}
  {{ '' if loop.first else '\\n\\n' }}{{ message['content'] }}
{%- endfor -%}
{%- for message in messages -%}
  {%- if message['role'] == 'user' -%}
    {%- set ns.answers_tools = false -%}
    {{ '<｜User｜>' + message['content'] }}
  {%- elif message['role'] == 'assistant' -%}
    {{ '' if ns.answers_tools else '<｜Assistant｜>' }}
    {%- set ns.answers_tools = false -%}
    {{ (message['content'] or '').split('</think>')[-1] }}
    {%- if message['tool_calls'] -%}
      {{ '<｜tool▁calls▁begin｜>' }}
      {%- for call in message['tool_calls'] -%}
        {{ '' if loop.first else '\\n' }}{{ '<｜tool▁call▁begin｜>function<｜tool▁sep｜>' + call['function']['name'] }}
        {{- '\\n```json\\n' + call['function']['arguments'] + '\\n```<｜tool▁call▁end｜>' }}
      {%- endfor -%}
      {{ '<｜tool▁calls▁end｜>' }}
    {%- endif -%}
    {{ eos_token }}
  {%- elif message['role'] == 'tool' -%}
    {{ '' if ns.answers_tools else '<｜tool▁outputs▁begin｜>' }}
    {%- set ns.answers_tools = true -%}
    {{ '<｜tool▁output▁begin｜>' + message['content'] + '<｜tool▁output▁end｜>' }}
    {{- '' if loop.nextitem is defined and loop.nextitem['role'] == 'tool' else '<｜tool▁outputs▁end｜>' }}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt and not ns.answers_tools -%}
  {{ '<｜Assistant｜><think>\\n' }}{{ '\\n</think>\\n\\n' if thinking is defined and not thinking }}
{%- endif -%}
"""
