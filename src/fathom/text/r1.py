"""The chat format of DeepSeek-R1 for the models that we train ourselves: its tokens and its template.

The token texts are DeepSeek's, so that every program that knows R1 (ours included) reads the turns, the thoughts and
the tool calls of such a model without being told. The template says what R1's says: thoughts of past turns are left
out, and a turn opens inside its thinking. Two things are added, both invisible to who does not ask: a message may carry
``reasoning_content`` apart from its content, and ``thinking=false`` opens the turn behind empty thoughts.
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
"""Behind the merges, in DeepSeek's order."""

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
