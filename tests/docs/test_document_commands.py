"""What a document tells a person to type works when it is typed.

Each document runs from top to bottom in a home of its own, with the project's files around it. ``sh`` blocks are run by
bash, ``python`` blocks by Python; an ``sh server`` block keeps running until the document ends. ``make`` targets create
environments and run for minutes, so of them only the existence is checked (``make -n``). The homes share the
compiled kernels of the person who runs the tests: to compile them again for each document would take most of the time,
and tests/unit/kernels/cpu/test_library.py does it in an empty home.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_files import REASONS, ROOT, Block, blocks, documents, name_of

from fathom.base.paths import kernels_dir

RUNNABLE = ("sh", "python")
LIMIT = 240


class Sandbox:
    """A home, a folder that looks like the project, and a free port in place of the one the documents name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.servers: list[subprocess.Popen[str]] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder.mkdir()
        for entry in ROOT.iterdir():
            if entry.name not in {".git", ".venv"}:
                (self.folder / entry.name).symlink_to(entry)
        commands = folder / "bin"
        commands.mkdir()
        for name, module in (("fathom", "-m fathom.cli.main"), ("python", "")):
            shim = commands / name
            shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
            shim.chmod(0o755)
        home = folder / "home"
        kernels = kernels_dir()
        kernels.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / ".cache" / "fathom").mkdir(parents=True)
        (home / ".cache" / "fathom" / "kernels").symlink_to(kernels)
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("FATHOM_", "XDG_"))}
        self.environ = keep | {
            "HOME": str(home),
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "OPENAI_API_KEY": "unused",
            "HF_HUB_OFFLINE": "1",
        }

    def command(self, block: Block) -> list[str]:
        code = block.code.replace("8000", str(self.port))
        if block.language == "python":
            return [sys.executable, "-c", code]
        return ["bash", "-euo", "pipefail", "-c", re.sub(r"^make ", "make -n ", code, flags=re.MULTILINE)]

    def run(self, block: Block) -> None:
        done = subprocess.run(
            self.command(block), cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False, timeout=LIMIT,
        )  # fmt: skip
        assert done.returncode == 0, f"line {block.line}:\n{block.code}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"

    def start(self, block: Block) -> None:
        """Start a server and wait until somebody listens on the port."""
        process = subprocess.Popen(
            self.command(block), cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self.servers.append(process)
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            assert process.poll() is None, f"line {block.line}: {block.code} ended: {process.communicate()[1]}"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail(f"line {block.line}: nobody listens after {LIMIT} s")

    def close(self) -> None:
        for process in self.servers:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=60)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    box = Sandbox(tmp_path)
    try:
        yield box
    finally:
        box.close()


def runnable(path: Path) -> list[Block]:
    return [block for block in blocks(path.read_text(encoding="utf-8")) if block.language in RUNNABLE]


@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands are written for bash")
@pytest.mark.parametrize("path", [path for path in documents() if runnable(path)], ids=name_of)
def test_commands_work(path: Path, sandbox: Sandbox) -> None:
    for block in runnable(path):
        if block.not_run:
            continue
        if "server" in block.info.split():
            sandbox.start(block)
        else:
            sandbox.run(block)


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_a_block_stays_unrun_only_for_a_known_reason(path: Path) -> None:
    for block in blocks(path.read_text(encoding="utf-8")):
        assert block.info, f"line {block.line}: say what language it is"
        if block.not_run:
            assert block.not_run.startswith(REASONS), f"line {block.line}: {block.not_run}"


def test_the_readme_names_the_command_that_the_checks_run() -> None:
    commands = "".join(block.code for block in runnable(ROOT / "README.md"))
    checks = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    for command in ("make check", "make test"):
        assert command in checks
    assert "make test\n" in commands
    assert "make chat\n" in commands
