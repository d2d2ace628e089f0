"""The servers that the assistant's benchmark starts: ours, and open-webui's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks import harness
from benchmarks.harness import Json, median
from benchmarks.startup import get, resident, wait

IDLE_S = 5.0
"""Rest before memory is read."""


class Server(NamedTuple):
    """A process that listens on a port of the loopback."""

    process: subprocess.Popen[bytes]
    port: int


Start = Callable[[Path], AbstractContextManager[Server]]
"""Starts a server over a data folder."""


@contextmanager
def fathom(data: Path, *arguments: str, threads: int | None = None) -> Iterator[Server]:
    """A server of this checkout; no model is loaded unless ``arguments`` name one."""
    command = [sys.executable, "-m", "fathom.cli.main", "serve", "--log-level", "error"]
    command += arguments or ("--model", "none")
    environ = {"PYTHONPATH": str(harness.ROOT / "src"), "FATHOM_DATA_DIR": str(data)}
    if threads is not None:
        environ["OMP_NUM_THREADS"] = str(threads)
    with _running(command, environ) as server:
        yield server


def open_webui(python: Path) -> Start:
    """open-webui of the environment of ``python``, without a model, an account or the network, as ours."""

    @contextmanager
    def start(data: Path) -> Iterator[Server]:
        command = [str(python.parent / "open-webui"), "serve", "--host", "127.0.0.1"]
        data.mkdir(parents=True)
        environ = {
            "DATA_DIR": str(data),
            "WEBUI_AUTH": "False",
            "OFFLINE_MODE": "True",
            "HF_HUB_OFFLINE": "1",
            "ENABLE_OLLAMA_API": "False",
        }
        with _running(command, environ) as server:
            yield server

    return start


def start_figures(start: Start, folder: Path, repeats: int) -> Json:
    """From the start of the process to its first page, and its memory when nothing has happened for a while."""
    pages, memory = [], []
    for number in range(repeats):
        began = time.perf_counter()
        with start(folder / str(number)) as (process, port):
            wait(process, partial(_answers, port))
            pages.append(round(time.perf_counter() - began, 3))
            time.sleep(IDLE_S)
            memory.append(resident(process.pid))
    return {"first_page_s": median(pages), "idle_rss_bytes": round(median(memory)), "first_page_runs": pages}


def _answers(port: int) -> bool:
    return get(port, "/")[0] == 200


@contextmanager
def _running(command: list[str], environ: dict[str, str]) -> Iterator[Server]:
    port = harness.free_port()
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Server(process, port)
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
