"""The jinja2 environment of chat templates: jinja2's immutable sandbox, with a limit on steps and on text.

A chat template is a program from an untrusted source. jinja2's `ImmutableSandboxedEnvironment` restricts it to its own
data, but not its time or memory. So a rendering has two limits: `MAX_STEPS`, charged by every iteration of a loop and
every call (recursive macros included), and `MAX_TEXT`, the length of the output and of any text or list that an
operator or filter returns. What would exceed `MAX_TEXT` within one operation (repetition, powers, a huge width of a
format or a function's argument) is refused before it runs. Not limited is what a single built-in filter does with texts
below `MAX_TEXT`.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import jinja2
import jinja2.compiler
import jinja2.exceptions
import jinja2.ext
import jinja2.nodes as syntax
import jinja2.parser
import jinja2.runtime
import jinja2.sandbox
import jinja2.utils

MAX_TEXT = 64 * 1024 * 1024
"""Characters of a rendering, or of any text inside it."""

MAX_STEPS = 2_000_000
"""Iterations and calls of one rendering; a conversation of a thousand messages needs some ten thousand."""

_WIDTH = re.compile(r"[%:.>^<]\d{8,}")

_BUDGET = "fathom budget"  # not a name that a template can write
_COUNTED = "fathom counted"


class TemplateRefusalError(jinja2.TemplateError):
    """The template called ``raise_exception``: it does not accept the conversation."""


class LimitError(jinja2.TemplateError):
    """The template exceeded one of the limits above."""


class Budget:
    """The steps that a rendering has left."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise LimitError(f"it takes more than {MAX_STEPS:,} steps")


class _CodeGenerator(jinja2.compiler.CodeGenerator):
    """Compiles ``~`` to a join with a limit."""

    def visit_Concat(self, node: syntax.Concat, frame: jinja2.compiler.Frame) -> None:  # noqa: N802 - jinja2's name
        self.write("environment.concat((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class TemplateSandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Compile with ``from_string(parse(source))``; render with `render_bounded`."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    code_generator_class = _CodeGenerator

    def __init__(self) -> None:
        extensions = [_GenerationBlock, jinja2.ext.loopcontrols]
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=extensions)
        self.filters = {name: _bounded_filter(function) for name, function in self.filters.items()}
        self.filters |= {"tojson": _bounded_filter(_tojson), _COUNTED: _charge_steps}
        self.globals |= {
            "raise_exception": _raise_exception,
            "strftime_now": _strftime_now,
            "namespace": _Namespace,
            "dict": _dict,
        }

    def _generate(self, source: syntax.Template, *args: Any, **kwargs: Any) -> str:
        for loop in source.find_all(syntax.For):
            where = {"lineno": loop.iter.lineno, "environment": self}
            loop.iter = syntax.Filter(loop.iter, _COUNTED, [], [], None, None, **where)
        return super()._generate(source, *args, **kwargs)

    def call(__self, __context: jinja2.runtime.Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Every call of a template comes here."""
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
        return _check_size(super().call_binop(context, operator, left, right))

    @staticmethod
    def concat(parts: Iterable[Any]) -> Any:
        """The operator ``~``, and the blocks of a rendering, which jinja2 joins with this too."""
        return _check_size("".join(map(str, parts)))


def render_bounded(template: jinja2.Template, variables: Mapping[str, Any]) -> str:
    """Render within the limits; raises LimitError beyond them, and whatever else the template raises."""
    pieces, size = [], 0
    for piece in template.generate({**variables, _BUDGET: Budget()}):
        size += len(piece)
        if size > MAX_TEXT:
            raise LimitError(f"it writes more than {MAX_TEXT:,} characters")
        pieces.append(piece)
    return "".join(pieces)


@jinja2.pass_context
def _charge_steps(context: jinja2.runtime.Context, iterable: Any) -> Iterator[Any]:
    """The items of a loop, one step each."""
    step = context.parent[_BUDGET].step
    for item in iterable:
        step()
        yield item


def _check_size(value: Any) -> Any:
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
    """A filter with the limits; `functools.wraps` keeps jinja2's marks on it (`pass_context`)."""

    @functools.wraps(function)
    def with_limits(*args: Any, **kwargs: Any) -> Any:
        _check_arguments(args, kwargs)
        if function.__name__ == "do_format":
            _check_format(args[0])
        return _check_size(function(*args, **kwargs))

    return with_limits


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """As in transformers; jinja2's own filter escapes for HTML, which models were not trained on."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: str) -> None:
    raise TemplateRefusalError(message)


def _strftime_now(form: str) -> str:
    return datetime.now().strftime(form)


def _dict(*args: Any, **kwargs: Any) -> dict[Any, Any]:
    """``dict(...)``, without the methods of the class."""
    return dict(*args, **kwargs)


class _Namespace(jinja2.utils.Namespace):
    """A namespace without names that begin with an underscore: Python's own attributes cannot be replaced."""

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
    """``{% generation %}…{% endgeneration %}``, which marks the assistant's text for training: renders its body."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: jinja2.parser.Parser) -> syntax.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        render: Callable[..., syntax.Call] = self.call_method
        return syntax.CallBlock(render("_render", []), [], [], body).set_lineno(line)

    def _render(self, caller: jinja2.runtime.Macro) -> str:
        return caller()
