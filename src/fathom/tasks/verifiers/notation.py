r"""The notation of an answer: what Unicode, LaTeX and Markdown add to it without changing what it says.

`read_notation` writes one thing one way: ``$\dfrac12$``, ``½`` and ``**\frac{1}{2}**`` become ``\frac{1}{2}``; a
full-width or typographic sign becomes the one of LaTeX; delimiters of mathematics, boxes, bold type, a full stop at the
end and spaces that only separate thousands are removed. What could change a value stays.
"""

from __future__ import annotations

import re
import unicodedata

from fathom.tasks.verifiers.chinese import parse_chinese

_MINUS = "−–—﹣‐‑‒"
_GROUPING = r"(?:\\[,;:! ]|~|\{,\}|\{\\,\}|,\\!\s*|['’\u00a0\u2009\u202f])"
_GROUPED = re.compile(rf"(?<![\d.,])\d{{1,3}}(?:{_GROUPING}\d{{3}})+(?!\d)")

_COMMANDS = {
    **dict.fromkeys("×✕", "times"),
    **dict.fromkeys("·⋅∙•", "cdot"),
    "÷": "div",
    "±": "pm",
    "∞": "infty",
    "∅": "emptyset",
    "≤": "le",
    "≥": "ge",
    "≦": "le",
    "≧": "ge",
    "≠": "ne",
    "≈": "approx",
    "∪": "cup",
    "∩": "cap",
    "∈": "in",
    "∫": "int",
    "∑": "sum",
    "⟨": "langle",
    "⟩": "rangle",
    "∠": "angle",
    "△": "triangle",
    "ℝ": "mathbb{R}",
    "ℤ": "mathbb{Z}",
    "ℕ": "mathbb{N}",
    "ℚ": "mathbb{Q}",
    "π": "pi",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "θ": "theta",
    "λ": "lambda",
    "φ": "phi",
    "ϕ": "phi",
    "ω": "omega",
    "σ": "sigma",
    "ρ": "rho",
    "τ": "tau",
    "Δ": "Delta",
    "Σ": "Sigma",
}
_SIGNS = str.maketrans(
    {
        **dict.fromkeys(_MINUS, "-"),
        **{sign: f"\\{command} " for sign, command in _COMMANDS.items()},
        "∗": "*",
        "⁄": "/",
        "∕": "/",
        "、": ",",
        "。": ".",
        "【": "[",
        "】": "]",
        "“": '"',
        "”": '"',
        "’": "'",
        "º": "°",
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
        "￥": "¥",
        "℃": "°C",
        "℉": "°F",
        "′": "'",
        "‘": "'",
        "∶": ":",
        "㎝": "cm",
        "㎏": "kg",
        "㎞": "km",
    }
)
_PERCENT = re.compile(r"百分之([0-9.]+|[零〇一二两三四五六七八九十百点]+)")
_VULGAR = re.compile("[¼-¾⅐-⅞]")
_RAISED = re.compile(r"(?<=[\w)\]}])[⁰¹²³⁴-⁹⁺⁻ⁿ]+")
_LOWERED = re.compile(r"(?<=[\w)\]}])[₀-₉]+")

_FUNCTIONS = "arcsin|arccos|arctan|sinh|cosh|tanh|sin|cos|tan|cot|sec|csc|log|ln|exp|sqrt"
_LATEX = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\(?:left|right|[bB]igg?[lrm]?|middle)(?![A-Za-z])\.?", ""),
        (r"\\(?:displaystyle|textstyle|scriptstyle|limits|nolimits|rm|bf|it)(?![A-Za-z])", ""),
        (r"\\(?:mathbf|boldsymbol|bm)\s*\{\s*([A-Za-z])\s*\}", r"\1"),
        (
            r"\\(?:mathrm|textrm|textnormal|textit|textbf|textsf|texttt|mathsf|mathbf|mathit|mbox|hbox)(?=\s*\{)",
            r"\\text",
        ),
        (r"\\text\s*\{\s*\}", ""),
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\(?:leq|leqslant)(?![A-Za-z])", r"\\le"),
        (r"\\(?:geq|geqslant)(?![A-Za-z])", r"\\ge"),
        (r"\\lt(?![A-Za-z])", "<"),
        (r"\\gt(?![A-Za-z])", ">"),
        (r"\\neq(?![A-Za-z])", r"\\ne"),
        (r"\\varnothing(?![A-Za-z])", r"\\emptyset"),
        (r"\\(?:lbrace)(?![A-Za-z])", r"\\{"),
        (r"\\(?:rbrace)(?![A-Za-z])", r"\\}"),
        (r"\\lbrack(?![A-Za-z])", "["),
        (r"\\rbrack(?![A-Za-z])", "]"),
        (r"\\(?:colon|ratio)(?![A-Za-z])", ":"),
        (r"\\mathbb\s*([A-Z])", r"\\mathbb{\1}"),
        (r"\\(?:euro|texteuro)(?![A-Za-z])(?:\{\})?", "€"),
        (r"\\(?:pounds|textsterling)(?![A-Za-z])(?:\{\})?", "£"),
        (r"\\cents?(?![A-Za-z])", "¢"),
        (r"\{\s*([:=<>])\s*\}", r"\1"),
        (r"\^\s*\{?\s*\\circ\s*\}?|\\degrees?(?![A-Za-z])|\\textdegree", "°"),
        (r"\\prime(?![A-Za-z])", "'"),
        (r"\^\s*\{\s*'\s*'\s*\}", "''"),
        (r"\^\s*\{?\s*'\s*\}?", "'"),
        (r"(?<!\\)\\([%$#&])", r"\1"),
        (r"(?<!\\)\\!", ""),
        (r"\\\\\s*\[[^\[\]]*(?:pt|em|ex)\]", r"\\\\"),
        (r"(?<!\\)\\[,;:> ]|~|\\(?:thin|med|thick)space(?![A-Za-z])", " "),
        (r"\\q?quad(?![A-Za-z])", r" \\quad "),
        (r"\\operatorname\s*\{\s*(" + _FUNCTIONS + r")\s*\}", r"\\\1 "),
        (r"(?<![\\A-Za-z])(" + _FUNCTIONS + r")(?=\s*[({\\^_\d])", r"\\\1"),
        (r"(?<![\\A-Za-z])pi(?![A-Za-z])", r"\\pi "),
        (r"(?<![\\A-Za-z])(?:infinity|inf|oo)(?![A-Za-z])", r"\\infty "),
        (r"<=|=<", r"\\le "),
        (r">=", r"\\ge "),
        (r"(?<![\d)])!=", r"\\ne "),
        (r"\*\*", "^"),
        (r"\\sqrt\s*\(([^()]*)\)", r"\\sqrt{\1}"),
        (r"\^\s*\(([^()]*)\)", r"^{\1}"),
        (r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}"),
        (r"\\frac\s*\{([^{}]*)\}\s*(\w)", r"\\frac{\1}{\2}"),
        (r"\\frac\s*(\w)\s*\{", r"\\frac{\1}{"),
        (r"\\sqrt\s*(\d)", r"\\sqrt{\1}"),
        (r"(^|[(\[{,;=<>|&]|\\(?:le|ge|in|quad|\\)(?![A-Za-z]))\s*\+\s*(?=[\d.\\A-Za-z(])", r"\1"),
        (r"\s+", " "),
    )
)
_INLINE = re.compile(r"(?<![\\$])\$(?![\s$])([^$]+?)(?<![\s\\])\$(?![\d$])")
_ROOTS = re.compile(r"([√∛])\s*(?:\(([^()]*)\)|(\d+(?:\.\d+)?|[A-Za-z]))")
_WRAPPERS = re.compile(
    r"\\(?:boxed|fboxed|fbox|text|textbf|textit|textrm|textnormal|mathrm|mathbf|mathit|mathsf|mbox|hbox)?\s*(?=\{)"
)
_DELIMITERS = (
    ("$$", "$$"),
    ("$", "$"),
    (r"\(", r"\)"),
    (r"\[", r"\]"),
    ("**", "**"),
    ("__", "__"),
    ("`", "`"),
    ('"', '"'),
    ("'", "'"),
)


def read_notation(text: str) -> str:
    """The answer in the one notation that verifiers compare. Never raises."""
    text = _GROUPED.sub(lambda match: re.sub(_GROUPING, "", match[0]), text)
    text = _PERCENT.sub(_chinese_percent, text)
    text = _VULGAR.sub(_vulgar_fraction, text)
    text = _RAISED.sub(lambda match: f"^{{{_fold(match[0])}}}", text)
    text = _LOWERED.sub(lambda match: f"_{{{_fold(match[0])}}}", text)
    text = re.sub(r"[\u00a0\u2000-\u200a\u202f\u205f\u3000]", " ", text.translate(_SIGNS))
    text = _ROOTS.sub(_root, _INLINE.sub(r"\1", unwrap(text)))
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    return unwrap(text)


def unwrap(text: str) -> str:
    """The text without what encloses all of it (dollars, boxes, bold type, braces) and without a final full stop."""
    before = None
    while text != before:
        before, text = text, _without_stop(text.strip())
        for opening, closing in _DELIMITERS:
            inside = text[len(opening) : len(text) - len(closing)]
            if text.startswith(opening) and text.endswith(closing) and inside.strip() and closing not in inside:
                text = inside
        match = _WRAPPERS.match(text) or re.match("(?={)", text)
        if match and closing_brace(text, match.end()) == len(text) - 1:
            text = text[match.end() + 1 : -1]
    return text


def closing_brace(text: str, start: int) -> int | None:
    """The index of the brace that closes the one at ``start``; None without it."""
    depth = 0
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    return None


def _without_stop(text: str) -> str:
    """Without a full stop, comma or semicolon at the end; three dots mean that digits go on, and stay."""
    if text.endswith((".", "。", ",", ";")) and not text.endswith(("..", "\\,", "\\;")):
        return text[:-1].rstrip()
    return re.sub(r"(?:\s|\\\\|\\quad)+$", "", text)


def _vulgar_fraction(match: re.Match[str]) -> str:
    top, _, bottom = unicodedata.normalize("NFKC", match[0]).partition("⁄")
    return f"\\frac{{{top}}}{{{bottom}}}" if bottom else match[0]


def _chinese_percent(match: re.Match[str]) -> str:
    value = parse_chinese(match[1])
    return f"{match[1]}%" if value is None else f"{float(value):g}%"


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("−", "-")


def _root(match: re.Match[str]) -> str:
    return f"\\sqrt{'[3]' if match[1] == '∛' else ''}{{{match[2] or match[3]}}}"
