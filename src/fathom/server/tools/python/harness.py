"""Runs the program of a model inside the sandbox, as a notebook would: its last value is printed, plots are saved.

It is given the path of the program and the folders of packages. It holds no secret, and nothing depends on it: a
program that breaks it harms itself alone.
"""

from __future__ import annotations

import ast
import contextlib
import linecache
import sys
import traceback
from types import CodeType, ModuleType
from typing import Any

NAME = "program"
_MOST_PLOTS = 8


def main(path: str, packages: list[str]) -> int:
    """Run the program at ``path``; the exit status."""
    sys.path[:] = [entry for entry in sys.path if entry] + packages
    with open(path, encoding="utf-8") as file:
        source = file.read()
    linecache.cache[NAME] = (len(source), None, source.splitlines(keepends=True), NAME)
    module = ModuleType("__main__")
    sys.modules["__main__"] = module
    status = 0
    try:
        body, last = compile_program(source)
        exec(body, module.__dict__)
        if last is not None:
            show(eval(last, module.__dict__))
    except SystemExit as leave:
        status = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except BaseException as error:
        print_error(error)
        status = 1
    save_plots()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    return status


def compile_program(source: str) -> tuple[CodeType, CodeType | None]:
    """The program, and its last line where that is an expression."""
    tree = ast.parse(source, NAME)
    last: CodeType | None = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        expression = tree.body.pop()
        assert isinstance(expression, ast.Expr)
        last = compile(ast.Expression(expression.value), NAME, "eval")
    return compile(tree, NAME, "exec"), last


def show(value: Any) -> None:
    if value is not None and not _is_plot(value):
        print(value if isinstance(value, str) else repr(value))


def _is_plot(value: Any) -> bool:
    """What plotting functions return is no result for a reader."""
    first = value[0] if isinstance(value, list | tuple) and value else value
    return type(first).__module__.startswith("matplotlib.")


def print_error(error: BaseException) -> None:
    """The traceback, from the program's first own line on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != NAME:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace, limit=-20)


def save_plots() -> None:
    """Every open figure of matplotlib becomes ``plot-1.png`` and so on."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for place, number in enumerate(pyplot.get_fignums()[:_MOST_PLOTS], 1):
        with contextlib.suppress(Exception):
            pyplot.figure(number).savefig(f"plot-{place}.png", dpi=110, bbox_inches="tight")
