r"""Verifier of programs: by their output, or by tests that call their functions.

A program that shares a process with its tests can pass them without solving anything: call ``sys.exit(0)``, return an
object that equals everything, replace ``AssertionError``, print what the harness prints. So it never shares one. Its
output is compared outside the sandbox, and the expected output never enters it. Its functions are called by a second
confined process, which runs the tests and receives plain values only.

Limitations: arguments and results must be plain values (numbers, texts, bytes, built-in containers), and the state of
an object is lost between calls.
"""

from __future__ import annotations

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

_BLOCK = re.compile(r"```(?:python|py|Python)?[ \t]*\n(.*?)\n?```", re.DOTALL)
_PASSED = re.compile(re.escape(run_tests.PASSED).replace(r"\{calls\}", r"[1-9][0-9]*"))


@dataclass(frozen=True, slots=True)
class IOExample:
    """Standard input and the expected standard output."""

    stdin: str
    stdout: str


def parse_program(answer: str) -> str | None:
    """The code of an answer: its only fenced block, or all of it without a fence. None if there are several."""
    blocks = _BLOCK.findall(answer)
    if "```" not in answer:
        return answer
    return blocks[0] if len(blocks) == 1 and answer.count("```") == 2 else None


def last_program(answer: str) -> str | None:
    """As `parse_program`, but the last block if there are several; for lenient grading."""
    blocks = _BLOCK.findall(answer)
    return blocks[-1] if blocks else parse_program(answer)


def check_output(code: str | None, examples: Sequence[IOExample], sandbox: Sandbox) -> str:
    """What is wrong with the output of a program; empty if it is right for every example.

    Lines are compared without trailing white space; blank lines at the end are ignored.
    """
    if code is None or len(code) > MAX_PROGRAM:
        return _no_program(code)
    for number, example in enumerate(examples, 1):
        done = sandbox.run(code, example.stdin)
        if done.status != "finished":
            return f"example {number}: {_failure_reason(done)}"
        if _lines(done.stdout) != _lines(example.stdout):
            return f"example {number}: wrong output"
    return CORRECT if examples else "there are no examples"


def check_tests(code: str | None, tests: str, names: Sequence[str], sandbox: Sandbox) -> str:
    """What is wrong with the functions (or ``Class.method``) ``names``, which ``tests`` call; empty if all tests
    pass."""
    if code is None or len(code) > MAX_PROGRAM:
        return _no_program(code)
    done = _run_tests(code, tests, ",".join(names), sandbox)
    last = done.stderr.rstrip("\n").rpartition("\n")[2]
    if done.status == "finished" and _PASSED.fullmatch(last):
        return CORRECT
    return (last or _failure_reason(done))[:200] if done.status in ("failed", "refused") else _failure_reason(done)


def _run_tests(code: str, tests: str, names: str, sandbox: Sandbox) -> SandboxResult:
    """Run program and tests in two processes, each in its own jail, connected by two pipes."""
    calls_out, calls_in = os.pipe()
    replies_out, replies_in = os.pipe()
    ends = [calls_out, calls_in, replies_out, replies_in]
    try:
        with Jail(sandbox) as program_jail, Jail(sandbox) as tests_jail:
            program = _place(program_jail, "serve_program", "program.py", code, [])
            program_jail.start(program, stdin=calls_out, stdout=replies_in, stderr=subprocess.DEVNULL)
            runner = _place(tests_jail, "run_tests", "tests.py", tests, [names])
            process = tests_jail.start(runner, stdin=replies_out, stdout=calls_in, stderr=subprocess.PIPE)
            while ends:  # or neither process would see the other end
                os.close(ends.pop())
            return tests_jail.watch(process)
    finally:
        for end in ends:
            os.close(end)


def _place(jail: Jail, module: str, file: str, content: str, arguments: Sequence[str]) -> Path:
    """Write what a process needs into its jail: its module, the wire format, its input. Returns the path of the
    script that starts it."""
    package = Path("fathom/tasks/sandbox/code")
    (jail.folder / package).mkdir(parents=True)
    for name in (module, "wire"):
        text = (Path(run_tests.__file__).parent / f"{name}.py").read_text(encoding="utf-8")
        jail.write(str(package / f"{name}.py"), text)
    given = ", ".join(repr(argument) for argument in (str(jail.write(file, content)), *arguments))
    return jail.write(
        "start.py",
        f"import sys\nsys.path.insert(0, {str(jail.folder)!r})\n"
        f"from fathom.tasks.sandbox.code import {module}\n{module}.main({given})\n",
    )


def _no_program(code: str | None) -> str:
    return "there is no single program" if code is None else f"more than {MAX_PROGRAM:,} characters"


def _failure_reason(done: SandboxResult) -> str:
    reasons = {"time": "it ran out of time", "output": "it printed too much", "finished": "it ended before its tests"}
    if done.status == "failed":
        return done.stderr.rstrip("\n").rpartition("\n")[2][:200] or f"it ended with status {done.exit_status}"
    return reasons.get(done.status, done.stderr[:200])


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]
