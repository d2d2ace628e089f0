"""Programs in the sandbox: files in and out, limits, and an end by cancellation."""

import asyncio
from pathlib import Path

import pytest

from fathom.server.tools.python.program import MadeFile, run_program
from fathom.server.tools.python.tool import is_available
from fathom.tasks.sandbox.sandbox import Limits

pytestmark = pytest.mark.skipif(not is_available(), reason="this machine cannot confine programs fully")

LIMITS = Limits(wall_seconds=20, cpu_seconds=10, memory_bytes=2**31, output_bytes=10_000, file_bytes=2**20)


async def test_files_in_and_out(tmp_path: Path) -> None:
    (tmp_path / "stored").write_text("a,b\n1,2\n")
    code = "data = open('table.csv').read()\nopen('out.txt', 'w').write(data.upper())\nprint('done')"
    run = await run_program(code, {"table.csv": tmp_path / "stored"}, LIMITS)
    assert (run.result.status, run.result.stdout) == ("finished", "done\n")
    assert run.files == (MadeFile("out.txt", "text/plain", b"A,B\n1,2\n"),)
    assert (tmp_path / "stored").read_text() == "a,b\n1,2\n"


async def test_a_changed_file_comes_back_and_an_unchanged_or_empty_one_does_not(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    code = (
        "open('a', 'w').write('new')\nopen('empty', 'w')\nimport os; os.mkdir('inner'); open('.hidden', 'w').write('x')"
    )
    run = await run_program(code, {"a": tmp_path / "a", "b": tmp_path / "b"}, LIMITS)
    assert [file.name for file in run.files] == ["a"]


@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/passwd').read()",
        "import os; os.listdir('/root')",
        "import socket; socket.create_connection(('127.0.0.1', 80))",
        "import subprocess; subprocess.run(['/bin/ls'])",
        "import os; os.symlink('/etc/passwd', 'link')",
        "open('/tmp/outside', 'w')",
    ],
)
async def test_nothing_else_can_be_reached(code: str) -> None:
    run = await run_program(code, {}, LIMITS)
    assert run.result.status == "failed"
    assert "PermissionError" in run.result.stderr or "OSError" in run.result.stderr
    assert run.files == ()


async def test_memory_is_limited() -> None:
    run = await run_program("x = bytearray(4 * 2**30)", {}, LIMITS)
    assert "MemoryError" in run.result.stderr


@pytest.mark.parametrize("delay", [0, 0.02, 0.3])
async def test_cancelling_kills_the_program(delay: float) -> None:
    """At any moment, before it has begun too; otherwise this runs into the time limit of a test."""
    limits = Limits(wall_seconds=600, file_bytes=1)
    task = asyncio.ensure_future(run_program("import time\ntime.sleep(600)", {}, limits))
    await asyncio.sleep(delay)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.slow
async def test_plots_become_pictures() -> None:
    pytest.importorskip("matplotlib")
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.figure()\nplt.bar([1, 2], [3, 4])\nplt.show()"
    run = await run_program(code, {})
    assert run.result.status == "finished", run.result.stderr
    assert [file.name for file in run.files] == ["plot-1.png", "plot-2.png"]
    assert all(file.data.startswith(b"\x89PNG") and file.media_type == "image/png" for file in run.files)
