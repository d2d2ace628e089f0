"""Formulae in Markdown: kept as they are written, so that no rule of Markdown eats a backslash or an underscore.

A plugin for markdown-it-py with the delimiters of the page: ``\\(…\\)``, ``\\[…\\]``, ``$$…$$`` and ``$…$``. A dollar
opens a formula before a character that is no space, and closes it behind one and before no digit, so that most money
stays text; what is taken for a formula by mistake is still shown as it was written.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

LONGEST = 4_000
"""Characters of a formula. The limit keeps a text of many openings from taking quadratic time."""
MOST_LINES = 200

_INLINE = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
_BLOCK = {"$$": "$$", "\\[": "\\]", "\\begin{": "\\end{"}


def tex_plugin(markdown: MarkdownIt) -> None:
    markdown.inline.ruler.before("escape", "tex", _inline)
    markdown.block.ruler.before("fence", "tex_block", _block, {"alt": ["paragraph", "blockquote", "list"]})
    markdown.add_render_rule("tex", _render)
    markdown.add_render_rule("tex_block", _render_block)


def _inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "\\$":
        return False
    end = _end(state.src, state.pos, min(state.posMax, state.pos + LONGEST))
    if end is None:
        return False
    if not silent:
        state.push("tex", "", 0).content = state.src[state.pos : end]
    state.pos = end
    return True


def _end(source: str, start: int, limit: int) -> int | None:
    """Where the formula that opens at ``start`` ends; None where none does, or none is closed before ``limit``."""
    closing = _INLINE.get(source[start : start + 2])
    if closing is not None:
        at = source.find(closing, start + 3, limit)  # a formula is not empty
        return at + 2 if at >= 0 else None
    if source[start] == "\\" or not source[start + 1 : start + 2].strip():
        return None
    at = source.find("$", start + 2, limit)
    while at >= 0 and source[at - 1] == "\\":
        at = source.find("$", at + 1, limit)
    is_closed = at >= 0 and not source[at - 1].isspace() and not source[at + 1 : at + 2].isdigit()
    return at + 1 if is_closed else None


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Lines from one that begins with an opening to the one that ends with its closing."""
    first = _line(state, start)
    opening = next((opening for opening in _BLOCK if first.startswith(opening)), None)
    if opening is None or state.is_code_block(start):
        return False
    closing = _BLOCK[opening]
    last = min(end, start + MOST_LINES) - 1
    if state.src.find(closing, state.bMarks[start] + len(opening), state.eMarks[last]) < 0:
        return False
    for line in range(start, last + 1):
        text = _line(state, line).rstrip()
        rest = text[len(opening) :] if line == start else text
        if rest.endswith(closing) or (closing == "\\end{" and closing in rest and rest.endswith("}")):
            break
    else:
        return False
    if silent:
        return True
    token = state.push("tex_block", "", 0)
    token.content = state.getLines(start, line + 1, state.blkIndent, False).strip()
    token.map = [start, line + 1]
    state.line = line + 1
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _render(_: RendererHTML, tokens: Sequence[Token], index: int, __: OptionsDict, ___: EnvType) -> str:
    return f'<code class="tex">{escapeHtml(tokens[index].content)}</code>'


def _render_block(_: RendererHTML, tokens: Sequence[Token], index: int, __: OptionsDict, ___: EnvType) -> str:
    return f'<pre class="tex">{escapeHtml(tokens[index].content)}</pre>\n'
