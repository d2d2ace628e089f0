r"""Verifier of programs: by their output, or by tests that call their functions.

A program that shares a process with its tests can pass them without solving anything: call ``sys.exit(0)``, return an
object that equals everything, replace ``AssertionError``, print what the harness prints. So it never shares one. Its
output is compared outside the sandbox, and the expected output never enters it. Its functions are called by a second
confined process, which runs the tests and receives plain values only.

Limitations: arguments and results must be plain values (`fathom.tasks.sandbox.code.wire`), and the state of an object
is lost between calls. The page docs/reference/verifiers.md says what an honest program may not do.
"""

from __future__ import annotations

import math
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fathom.tasks.sandbox.code import run_tests
from fathom.tasks.sandbox.sandbox import Jail, Sandbox, SandboxResult
from fathom.tasks.task import CORRECT

MAX_PROGRAM = 100_000
"""Longest program in characters."""

TOLERANCE = 1e-6
"""Relative difference of two decimals in an output that counts as none."""

_SEPARATORS = re.compile(r"(\s+|[,\[\](){}])")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]{1,30}\.[0-9]{0,40}|\.[0-9]{1,40}|[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?")
_PASSED = re.compile(re.escape(run_tests.PASSED).replace(r"\{calls\}", r"[1-9][0-9]*"))


@dataclass(frozen=True, slots=True)
class IOExample:
    """Standard input and the expected standard output."""

    stdin: str
    stdout: str


def check_output(
    code: str | None, examples: Sequence[IOExample], sandbox: Sandbox, *, tolerance: float = TOLERANCE
) -> str:
    """What is wrong with the output of a program; empty if it is right for every example.

    Lines are compared without trailing white space; blank lines at the end are ignored. Where a decimal is expected, a
    number is right that differs from it by at most ``tolerance`` times its size; whole numbers are compared as text.
    """
    if code is None or len(code) > MAX_PROGRAM:
        return _no_program(code)
    for number, example in enumerate(examples, 1):
        done = sandbox.run(code, example.stdin)
        if done.status != "finished":
            return f"example {number}: {_failure_reason(done)}"
        if not _same_output(done.stdout, example.stdout, tolerance):
            return f"example {number}: wrong output"
    return CORRECT if examples else "there are no examples"


def check_tests(code: str | None, tests: str, names: Sequence[str], sandbox: Sandbox, *, given: str = "") -> str:
    """What is wrong with the functions (or ``Class.method``) ``names``, which ``tests`` call; empty if all tests pass.

    ``given`` is code that the problem defines: program and tests may use it.
    """
    if code is None or len(code) > MAX_PROGRAM:
        return _no_program(code)
    done = _run_tests(code, tests, ",".join(names), given, sandbox)
    last = done.stderr.rstrip("\n").rpartition("\n")[2]
    if done.status == "finished" and _PASSED.fullmatch(last):
        return CORRECT
    return (last or _failure_reason(done))[:200] if done.status in ("failed", "refused") else _failure_reason(done)


def _run_tests(code: str, tests: str, names: str, given: str, sandbox: Sandbox) -> SandboxResult:
    """Run program and tests in two processes, each in its own jail, connected by two pipes."""
    calls_out, calls_in = os.pipe()
    replies_out, replies_in = os.pipe()
    ends = [calls_out, calls_in, replies_out, replies_in]
    try:
        with Jail(sandbox) as program_jail, Jail(sandbox) as tests_jail:
            program = _place(program_jail, "serve_program", given, "program.py", code, [])
            program_jail.start(program, stdin=calls_out, stdout=replies_in, stderr=subprocess.DEVNULL)
            runner = _place(tests_jail, "run_tests", given, "tests.py", tests, [names])
            process = tests_jail.start(runner, stdin=replies_out, stdout=calls_in, stderr=subprocess.PIPE)
            while ends:  # or neither process would see the other end
                os.close(ends.pop())
            return tests_jail.watch(process)
    finally:
        for end in ends:
            os.close(end)


def _place(jail: Jail, module: str, given: str, file: str, content: str, arguments: Sequence[str]) -> Path:
    """Write what a process needs into its jail: its module, the wire format, its input. Returns the path of the
    script that starts it."""
    package = Path("fathom/tasks/sandbox/code")
    (jail.folder / package).mkdir(parents=True)
    for name in (module, "wire"):
        text = (Path(run_tests.__file__).parent / f"{name}.py").read_text(encoding="utf-8")
        jail.write(str(package / f"{name}.py"), text)
    files = str(jail.write("given.py", given)), str(jail.write(file, content))
    passed = ", ".join(map(repr, (*files, *arguments)))
    return jail.write(
        "start.py",
        f"import sys\nsys.path.insert(0, {str(jail.folder)!r})\n"
        f"from fathom.tasks.sandbox.code import {module}\n{module}.main({passed})\n",
    )


def _no_program(code: str | None) -> str:
    return "there is no single program" if code is None else f"more than {MAX_PROGRAM:,} characters"


def _failure_reason(done: SandboxResult) -> str:
    reasons = {"time": "it ran out of time", "output": "it printed too much", "finished": "it ended before its tests"}
    if done.status == "failed":
        return done.stderr.rstrip("\n").rpartition("\n")[2][:200] or f"it ended with status {done.exit_status}"
    return reasons.get(done.status, done.stderr[:200])


def _same_output(printed: str, expected: str, tolerance: float) -> bool:
    lines, wanted = _lines(printed), _lines(expected)
    return len(lines) == len(wanted) and all(
        line == other or _same_tokens(_SEPARATORS.split(line), _SEPARATORS.split(other), tolerance)
        for line, other in zip(lines, wanted, strict=True)
    )


def _same_tokens(printed: Sequence[str], expected: Sequence[str], tolerance: float) -> bool:
    return len(printed) == len(expected) and all(
        token == other or _is_close(token, other, tolerance) for token, other in zip(printed, expected, strict=True)
    )


def _is_close(printed: str, expected: str, tolerance: float) -> bool:
    """Whether a number is close to an expected decimal. Zero has no size: there a billionth is close."""
    if not tolerance or expected.lstrip("+-").isdecimal():
        return False
    if not _DECIMAL.fullmatch(printed) or not _DECIMAL.fullmatch(expected):
        return False
    value = float(expected)
    return math.isclose(float(printed), value, rel_tol=tolerance, abs_tol=0 if value else 1e-9)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]
