"""The jinja2 environment of chat templates: what transformers renders with, inside limits.

A template comes from strangers, and it is a program. jinja2's immutable sandbox keeps it from touching anything but its
own data; it does not keep it from running for ever or filling the memory. So a rendering has a budget: turns of loops
and calls (macros that call themselves included) count as steps, and no text that is output, joined or multiplied may
pass ``MAX_TEXT`` characters. Loops and joins are counted by rewriting the template's syntax tree before it is compiled;
numbers that ask a function, a filter or a format for a huge width are refused. What stays unbounded is what a single
built-in filter can do with texts within these bounds.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import jinja2
import jinja2.exceptions
import jinja2.ext
import jinja2.nodes as syntax
import jinja2.parser
import jinja2.runtime
import jinja2.sandbox
import jinja2.utils

MAX_TEXT = 64 * 1024 * 1024
"""Characters that a rendering, or any text inside it, may have."""

MAX_STEPS = 2_000_000
"""Turns of loops and calls in one rendering; a conversation of a thousand messages needs some ten thousand."""

_WIDTH = re.compile(r"[%:.>^<]\d{8,}")

_BUDGET = "fathom budget"  # not a name that a template could write
_COUNTED = "fathom counted"
_JOINED = "fathom joined"


class Refusal(jinja2.TemplateError):
    """The template called ``raise_exception``: it refuses the conversation."""


class LimitError(jinja2.TemplateError):
    """The template passed one of the limits above."""


class Budget:
    """What is left of one rendering's steps."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise LimitError(f"it takes more than {MAX_STEPS:,} steps")


class TemplateSandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Compile with ``from_string(parse(source))``; render with `render_bounded`."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        extensions = [_GenerationBlock, jinja2.ext.loopcontrols]
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=extensions)
        self.filters = {name: _bounded_filter(function) for name, function in self.filters.items()}
        self.filters |= {"tojson": _bounded_filter(_tojson), _COUNTED: _counted, _JOINED: _bounded_join}
        self.globals |= {
            "raise_exception": _raise_exception,
            "strftime_now": _strftime_now,
            "namespace": _Namespace,
            "dict": _Dict(),
        }

    def _generate(self, source: syntax.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_with_counters(source), *args, **kwargs)

    def call(__self, __context: jinja2.runtime.Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """jinja2 passes every call through here."""
        __context.parent[_BUDGET].step()
        _check_arguments(args, kwargs)
        _check_format(getattr(getattr(__obj, "__wrapped__", __obj), "__self__", None))  # the text of text.format()
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "*" and any(isinstance(side, str | list | tuple) for side in (left, right)):
            sizes = (len(side) if isinstance(side, str | list | tuple) else side for side in (left, right))
            if next(sizes) * next(sizes) > MAX_TEXT:
                raise LimitError(f"it repeats a text beyond {MAX_TEXT:,} characters")
        elif operator == "**" and isinstance(right, int | float) and abs(right) > 1024:
            raise LimitError(f"it raises a number to the power {right}")
        elif operator == "%":
            _check_format(left)
        return _within(super().call_binop(context, operator, left, right))


def render_bounded(template: jinja2.Template, variables: Mapping[str, Any]) -> str:
    """Render within the limits; raises LimitError beyond them, and whatever else the template raises."""
    pieces, size = [], 0
    for piece in template.generate({**variables, _BUDGET: Budget()}):
        size += len(piece)
        if size > MAX_TEXT:
            raise LimitError(f"it writes more than {MAX_TEXT:,} characters")
        pieces.append(piece)
    return "".join(pieces)


def _with_counters(tree: syntax.Template) -> syntax.Template:
    """Every loop's iterable goes through `_counted`, every ``~`` through `_bounded_join`."""
    for loop in tree.find_all(syntax.For):
        loop.iter = _filter_node(loop.iter, _COUNTED)
    _replace_joins(tree)
    return tree


def _replace_joins(node: syntax.Node) -> None:
    for field in node.fields:
        value = getattr(node, field)
        if isinstance(value, list):
            value[:] = [_joins_filtered(item) for item in value]
        else:
            setattr(node, field, _joins_filtered(value))


def _joins_filtered(value: Any) -> Any:
    if isinstance(value, syntax.Node):
        _replace_joins(value)
        if isinstance(value, syntax.Concat):
            return _filter_node(syntax.List(value.nodes, lineno=value.lineno, environment=value.environment), _JOINED)
    return value


def _filter_node(node: syntax.Node, name: str) -> syntax.Filter:
    return syntax.Filter(node, name, [], [], None, None, lineno=node.lineno, environment=node.environment)


class _Counted:
    """An iterable that pays one step a turn. It keeps its length, which ``loop.last`` and its like ask for."""

    def __init__(self, iterable: Iterable[Any], budget: Budget) -> None:
        self._iterable = iterable
        self._budget = budget

    def __len__(self) -> int:
        return len(self._iterable)  # type: ignore[arg-type]  # TypeError without a length is what jinja2 expects

    def __iter__(self) -> Iterator[Any]:
        step = self._budget.step
        for item in self._iterable:
            step()
            yield item


@jinja2.pass_context
def _counted(context: jinja2.runtime.Context, iterable: Any) -> Any:
    if isinstance(iterable, jinja2.Undefined):
        iterable = list(iterable)
    return _Counted(iterable, context.parent[_BUDGET])


def _bounded_join(parts: list[Any]) -> str:
    return str(_within("".join(map(str, parts))))


def _within(value: Any) -> Any:
    if isinstance(value, str | list | tuple) and len(value) > MAX_TEXT:
        raise LimitError(f"it builds a text of more than {MAX_TEXT:,} characters")
    return value


def _check_arguments(args: Iterable[Any], kwargs: Mapping[str, Any]) -> None:
    """Refuses ``'x'.center(10**9)``."""
    for value in (*args, *kwargs.values()):
        if isinstance(value, int) and value > MAX_TEXT:
            raise LimitError(f"it calls a function with {value:,}")


def _check_format(text: Any) -> None:
    """Refuses ``'%999999999d'`` and ``'{:999999999}'``."""
    if isinstance(text, str) and _WIDTH.search(text):
        raise LimitError("it formats with a width of more than seven digits")


def _bounded_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that minds the limits. What jinja2 noted on the function (`pass_context`) stays on it."""

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        _check_arguments(args, kwargs)
        if function.__name__ == "do_format":
            _check_format(args[0])
        return _within(function(*args, **kwargs))

    return checked


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """jinja2's own filter escapes for HTML, which models were not trained on."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: str) -> None:
    raise Refusal(message)


def _strftime_now(form: str) -> str:
    return datetime.now().strftime(form)


class _Dict:
    """``dict(...)`` without the class behind it."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)


class _Namespace(jinja2.utils.Namespace):
    """A namespace that keeps names with a leading underscore out: nothing inside Python may be overwritten."""

    def __init__(*args: Any, **kwargs: Any) -> None:  # a key may be called self
        self, *rest = args
        jinja2.utils.Namespace.__init__(self)
        for name, value in dict(*rest, **kwargs).items():
            self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            raise jinja2.exceptions.SecurityError(f"a namespace may not hold {name!r}")
        super().__setitem__(name, value)


class _GenerationBlock(jinja2.ext.Extension):
    """``{% generation %}…{% endgeneration %}`` marks, for training, what the assistant wrote. It renders its body."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: jinja2.parser.Parser) -> syntax.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        render: Callable[..., syntax.Call] = self.call_method
        return syntax.CallBlock(render("_render", []), [], [], body).set_lineno(line)

    def _render(self, caller: jinja2.runtime.Macro) -> str:
        return caller()
