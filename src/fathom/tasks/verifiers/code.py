r"""Whether a program passes its tests: programs that read and print, and functions that are called.

A program that shares a process with its tests can pass them without solving anything: leave with ``sys.exit(0)``,
return an object that equals everything, replace ``assert``'s exception, print what the harness prints. So it never
shares one. Printed output is compared here, outside; the expected output never enters the sandbox. Functions are
called by a second confined process that holds the tests and receives plain values only.

Limits of this: arguments and results must be plain values (numbers, texts, bytes, built-in containers), and state
inside an object does not last from call to call.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fathom.tasks.grading import RIGHT
from fathom.tasks.sandbox.code import run_tests
from fathom.tasks.sandbox.sandbox import Jail, Sandbox, SandboxResult

MAX_PROGRAM = 100_000
"""Characters of a program."""

_BLOCK = re.compile(r"```(?:python|py|Python)?[ \t]*\n(.*?)\n?```", re.DOTALL)
_PASSED = re.compile(re.escape(run_tests.PASSED).replace(r"\{calls\}", r"[1-9][0-9]*"))


@dataclass(frozen=True, slots=True)
class Example:
    """Standard input and the standard output that belongs to it."""

    stdin: str
    stdout: str


def program(answer: str) -> str | None:
    """The code of an answer: its only fenced block, or all of it where there is no fence. None where there are
    several.
    """
    blocks = _BLOCK.findall(answer)
    if "```" not in answer:
        return answer
    return blocks[0] if len(blocks) == 1 and answer.count("```") == 2 else None


def last_program(answer: str) -> str | None:
    """As `program`, but the last block where there are several; for lenient grading."""
    blocks = _BLOCK.findall(answer)
    return blocks[-1] if blocks else program(answer)


def check_output(code: str | None, examples: Sequence[Example], sandbox: Sandbox) -> str:
    """What is wrong with a program that reads and prints; empty where every example comes out.

    Lines are compared without the white space at their ends; blank lines at the end do not count.
    """
    if code is None or len(code) > MAX_PROGRAM:
        return _no_program(code)
    for number, example in enumerate(examples, 1):
        done = sandbox.run(code, example.stdin)
        if done.status != "finished":
            return f"example {number}: {_failure_reason(done)}"
        if _lines(done.stdout) != _lines(example.stdout):
            return f"example {number}: wrong output"
    return RIGHT if examples else "there are no examples"


def check_tests(code: str | None, tests: str, names: Sequence[str], sandbox: Sandbox) -> str:
    """What is wrong with functions by these names (``Class.method`` too), which ``tests`` call; empty where all
    pass.
    """
    if code is None or len(code) > MAX_PROGRAM:
        return _no_program(code)
    done = _converse(code, tests, ",".join(names), sandbox)
    last = done.stderr.rstrip("\n").rpartition("\n")[2]
    if done.status == "finished" and _PASSED.fullmatch(last):
        return RIGHT
    return (last or _failure_reason(done))[:200] if done.status in ("failed", "refused") else _failure_reason(done)


def _converse(code: str, tests: str, names: str, sandbox: Sandbox) -> SandboxResult:
    """Two processes, each in its own jail, and two pipes between them."""
    calls_out, calls_in = os.pipe()
    replies_out, replies_in = os.pipe()
    ends = [calls_out, calls_in, replies_out, replies_in]
    try:
        with Jail(sandbox) as theirs, Jail(sandbox) as ours:
            solution = _place(theirs, "serve_program", "program.py", code, [])
            theirs.start(solution, stdin=calls_out, stdout=replies_in, stderr=subprocess.DEVNULL)
            exam = _place(ours, "run_tests", "tests.py", tests, [names])
            process = ours.start(exam, stdin=replies_out, stdout=calls_in, stderr=subprocess.PIPE)
            while ends:  # or neither process would see the other go
                os.close(ends.pop())
            return ours.watch(process)
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
    return "there is not one program" if code is None else f"more than {MAX_PROGRAM:,} characters"


def _failure_reason(done: SandboxResult) -> str:
    reasons = {"time": "it ran out of time", "output": "it printed too much", "finished": "it ended before its tests"}
    if done.status == "failed":
        return done.stderr.rstrip("\n").rpartition("\n")[2][:200] or f"it ended with status {done.exit_status}"
    return reasons.get(done.status, done.stderr[:200])


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]
