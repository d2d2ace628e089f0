"""Python as a tool: programs of a model, in the sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fathom.server.tools.python.program import LIMITS, ProgramRun, run_program
from fathom.server.tools.tool import CallContext, ProducedFile, ToolError, ToolResult
from fathom.tasks.sandbox.sandbox import LAYERS, SandboxError, available_layers

LONGEST_CODE = 100_000
_SHOWN = 12_000


class FileShelf(Protocol):
    """Where the files of conversations are: those that a program may read, and those that it makes."""

    async def files_of(self, conversation: str) -> Sequence[tuple[str, Path]]:
        """Name and path of the files of a conversation, the newest last."""
        ...

    async def keep(self, name: str, media_type: str, data: bytes) -> ProducedFile:
        """Store a file."""
        ...


@dataclass(frozen=True)
class PythonTool:
    """Runs one program. Without ``shelf``, a program sees no files, and those that it makes are only named."""

    shelf: FileShelf | None = None

    name = "python"
    title = "Python"
    description = (
        "Runs one Python 3 program and returns what it prints; the value of its last line is printed as well. "
        "Use it for calculations, data and plots. numpy and matplotlib may be imported if they are installed. Files of "
        "the conversation are in the current folder, by their names; files that the program writes there, and open "
        "figures of matplotlib, are shown to the reader. There is no network. "
        f"A program may run for {LIMITS.wall_seconds:g} seconds. Nothing is kept between calls: each begins anew."
    )
    parameters: Mapping[str, Any] = None  # type: ignore[assignment]
    repeatable = True
    effects = False
    seconds = LIMITS.wall_seconds + 30

    def __post_init__(self) -> None:
        code = {"type": "string", "description": "the whole program", "maxLength": LONGEST_CODE}
        schema = {"type": "object", "properties": {"code": code}, "required": ["code"], "additionalProperties": False}
        object.__setattr__(self, "parameters", schema)

    async def call(self, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
        code = arguments.get("code")
        if not isinstance(code, str) or not code.strip():
            raise ToolError("there is no program", 'call it with {"code": "print(1 + 2)"}')
        if len(code) > LONGEST_CODE:
            raise ToolError(f"the program has {len(code)} characters", f"write at most {LONGEST_CODE}")
        given = await self.shelf.files_of(context.conversation) if self.shelf else ()
        try:
            run = await run_program(code, _distinct(given))
        except SandboxError as error:
            raise ToolError(error.message, error.remedy) from None
        kept = (
            [await self.shelf.keep(file.name, file.media_type, file.data) for file in run.files] if self.shelf else []
        )
        return ToolResult(_report(run), tuple(kept))


def is_available() -> bool:
    """Whether this machine can confine a program fully; where it cannot, there is no such tool."""
    try:
        return set(LAYERS) <= available_layers()
    except SandboxError:
        return False


def _distinct(given: Sequence[tuple[str, Path]]) -> dict[str, Path]:
    """Files by a name that is safe in a folder; of two with one name, the newer."""
    names = {}
    for name, path in given:
        safe = "".join(
            character if character.isprintable() and character not in '/\\:*?"<>|' else "_" for character in name
        )
        names[safe.lstrip(".")[:120] or "file"] = path
    return names


def _report(run: ProgramRun) -> str:
    """What a model, and a reader, are shown of a run."""
    result = run.result
    endings = {
        "finished": "",
        "failed": ""
        if result.stderr
        else f"The program ended with status {result.exit_status}: out of memory or time?",
        "time": f"The program was stopped after {LIMITS.wall_seconds:g} seconds.",
        "output": "The program was stopped: it printed or wrote too much.",
        "refused": "The program could not be confined on this machine, and was not run.",
    }
    blocks = [
        _shorten(result.stdout.rstrip()),
        _shorten(result.stderr.rstrip()),
        endings[result.status],
        "\n".join(f"Made {file.name} ({len(file.data):,} bytes)." for file in run.files),
        f"Not kept, too many files: {', '.join(run.left_out[:20])}." if run.left_out else "",
    ]
    return "\n\n".join(block for block in blocks if block) or "The program printed nothing."


def _shorten(text: str) -> str:
    """The beginning and the end of a long output."""
    if len(text) <= _SHOWN:
        return text
    half = _SHOWN // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"
