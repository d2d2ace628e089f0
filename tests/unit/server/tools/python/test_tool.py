"""Python as a model calls it."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tool_calls import call_context

from fathom.server.tools.python import tool as module
from fathom.server.tools.python.program import MadeFile, ProgramRun
from fathom.server.tools.python.tool import PythonTool, is_available
from fathom.server.tools.tool import ProducedFile, ToolError
from fathom.tasks.sandbox.sandbox import SandboxError, SandboxResult

needs_sandbox = pytest.mark.skipif(not is_available(), reason="this machine cannot confine programs fully")


class Shelf:
    """Files of one conversation, and what was kept."""

    def __init__(self, *given: tuple[str, Path]) -> None:
        self.files = given
        self.kept: list[tuple[str, str, bytes]] = []

    async def files_of(self, conversation: str) -> Sequence[tuple[str, Path]]:
        return self.files if conversation == "conversation" else ()

    async def keep(self, name: str, media_type: str, data: bytes) -> ProducedFile:
        self.kept.append((name, media_type, data))
        return ProducedFile(f"id{len(self.kept)}", name, media_type)


@needs_sandbox
async def test_files_of_the_conversation_and_new_ones(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("7")
    shelf = Shelf(("../odd:name.txt", tmp_path / "x"))
    code = "import os\nprint(os.listdir('.'))\nopen('out.txt', 'w').write('y')"
    result = await PythonTool(shelf).call({"code": code}, call_context())
    assert result.text == "['_odd_name.txt']\n\n1\n\nMade out.txt (1 bytes).".replace("\n\n1", "\n1")
    assert result.files == (ProducedFile("id1", "out.txt", "text/plain"),)
    assert shelf.kept == [("out.txt", "text/plain", b"y")]


@needs_sandbox
async def test_a_failing_program_is_a_result_that_the_model_can_mend() -> None:
    result = await PythonTool().call({"code": "print('a')\n1/0"}, call_context())
    assert result.text.startswith("a\n\nTraceback")
    assert result.text.endswith("ZeroDivisionError: division by zero")


@pytest.mark.parametrize("arguments", [{}, {"code": " "}, {"code": 3}, {"code": "x" * 100_001}])
async def test_what_is_no_program_says_so(arguments: dict[str, object]) -> None:
    with pytest.raises(ToolError):
        await PythonTool().call(arguments, call_context())


@pytest.mark.parametrize(
    ("run", "text"),
    [
        (ProgramRun(SandboxResult("finished", 0, "", "")), "The program printed nothing."),
        (ProgramRun(SandboxResult("time", -9, "a\n", "")), "a\n\nThe program was stopped after 30 seconds."),
        (ProgramRun(SandboxResult("failed", -9, "", "")), "The program ended with status -9: out of memory or time?"),
        (
            ProgramRun(SandboxResult("finished", 0, "a", ""), (MadeFile("p.png", "image/png", b"xx"),), ("z",)),
            "a\n\nMade p.png (2 bytes).\n\nNot kept, too many files: z.",
        ),
    ],
)
async def test_reports(run: ProgramRun, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def result(*_: object) -> ProgramRun:
        return run

    monkeypatch.setattr(module, "run_program", result)
    assert (await PythonTool().call({"code": "x"}, call_context())).text == text


async def test_long_output_keeps_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def result(*_: object) -> ProgramRun:
        return ProgramRun(SandboxResult("finished", 0, "a" * 50_000 + "end", ""))

    monkeypatch.setattr(module, "run_program", result)
    text = (await PythonTool().call({"code": "x"}, call_context())).text
    assert len(text) < 13_000
    assert text.endswith("aend")
    assert "38003 characters left out" in text


async def test_a_machine_without_a_sandbox_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> ProgramRun:
        raise SandboxError("no files", "use Linux")

    monkeypatch.setattr(module, "run_program", refuse)
    with pytest.raises(ToolError, match="no files; use Linux"):
        await PythonTool().call({"code": "x"}, call_context())
