"""The assistant's weight and pace: start, memory, pages of conversations, search, streams; beside open-webui.

One server over a database of 10 000 conversations and 100 000 messages, asked over HTTP as the page asks it. What a
browser adds is measured by ``web/scripts/measure.mjs`` against the same server. With ``--open-webui-python`` the same
figures that open-webui has (size, start, memory) are taken from it in the same run.
"""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks import harness
from benchmarks.harness import Json, median
from benchmarks.startup import get, resident, wait
from fathom.server.conversations.index import SearchText, index_texts, message_texts
from fathom.server.conversations.records import Part
from fathom.server.conversations.tree import part_row
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import conversations, messages, parts

CONVERSATIONS = 10_000
TURNS = 5
"""Questions a conversation; each has an answer, so that there are 100 000 messages."""
LONG = 500
"""Turns of the one long conversation."""
BATCH = 100
"""Conversations a transaction."""
STREAMS = 1_000
IDLE_S = 5.0
"""Rest before memory is read."""
QUERIES = ("processor", "measured beside", "灯塔", "llama", "zeppelin", "the")
WORDS = tuple(Path(__file__).with_name("README.md").read_text(encoding="utf-8").lower().split())
CHINESE = ("灯塔在海边。", "潮水每天涨落两次。", "请解释潮汐的原因。", "航海图显示水深。")


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--open-webui-python", type=Path, help="interpreter of an environment with open-webui")
    parser.add_argument("--conversations", type=int, default=CONVERSATIONS)
    options = parser.parse_args()

    harness.warn_unless_quiet()
    before = harness.environment()
    with tempfile.TemporaryDirectory(prefix="fathom-bench-") as folder:
        data = Path(folder)
        results: Json = {"fathom": start_figures(fathom_server, data / "empty", options.repeats)}
        results["fathom"]["installed_bytes"] = installed_bytes(Path(sys.prefix), without=("torch",))
        results["fathom"]["first_load"] = first_load()
        long = fill(data / "full", options.conversations)
        with fathom_server(data / "full") as (process, port):
            wait(process, lambda: get(port, "/api/conversations")[0] == 200)
            results["fathom"] |= {
                "conversations": options.conversations,
                "messages": 2 * TURNS * options.conversations + 2 * LONG,
                "list_page_ms": timed(port, "/api/conversations?limit=50", options.repeats),
                "open_long_ms": timed(port, f"/api/conversations/{long}/messages?limit=50", options.repeats),
                "search_ms": {query: timed(port, search_path(query), options.repeats) for query in QUERIES},
                "idle_streams": idle_streams(process.pid, port, STREAMS),
            }
    if options.open_webui_python:
        results["open_webui"] = open_webui(options.open_webui_python, options.repeats)
        ours, theirs = results["fathom"], results["open_webui"]
        results["ratios"] = {
            key: round(theirs[key] / ours[key], 2) for key in ("first_page_s", "idle_rss_bytes", "installed_bytes")
        }
    configuration = {"repeats": options.repeats, "streams": STREAMS, "turns": TURNS, "long": LONG}
    harness.write("assistant", configuration, results, options, before)
    print(json.dumps(results, indent=2, ensure_ascii=False))


@contextmanager
def fathom_server(data: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A server of this checkout over the data folder; no model is loaded unless ``arguments`` name one."""
    port = free_port()
    command = [sys.executable, "-m", "fathom.cli.main", "serve", "--port", str(port), "--log-level", "error"]
    command += [*(arguments or ("--model", "none"))]
    environ = {**os.environ, "PYTHONPATH": str(harness.ROOT / "src"), "FATHOM_DATA_DIR": str(data)}
    with running(command, environ) as process:
        yield process, port


@contextmanager
def running(command: list[str], environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def start_figures(data: Path, repeats: int) -> Json:
    """From the start of the process to its first page, and its memory when nothing has happened for a while."""
    pages, memory = [], []
    for number in range(repeats):
        began = time.perf_counter()
        with fathom_server(data / str(number)) as (process, port):
            wait(process, lambda: get(port, "/")[0] == 200)
            pages.append(time.perf_counter() - began)
            wait(process, lambda: get(port, "/api/conversations")[0] == 200)
            time.sleep(IDLE_S)
            memory.append(resident(process.pid))
    return {"first_page_s": round(median(pages), 3), "idle_rss_bytes": round(median(memory)), "first_page_runs": pages}


def first_load() -> Json:
    """Bytes that the page transfers before its first paint, from the build's own manifest."""
    static = harness.ROOT / "src/fathom/server/static"
    manifest = json.loads((static / "manifest.json").read_text(encoding="utf-8"))
    entry = next(key for key, value in manifest.items() if value.get("isEntry"))
    files, queue = set(), [entry]
    while queue:
        chunk = manifest[queue.pop()]
        if chunk["file"] not in files:
            files.add(chunk["file"])
            files.update(chunk.get("css", ()))
            queue += chunk.get("imports", ())
    sizes = {file: len(gzip.compress((static / file).read_bytes(), 9)) for file in files}
    return {
        "script_gzip_bytes": sum(size for file, size in sizes.items() if file.endswith(".js")),
        "style_gzip_bytes": sum(size for file, size in sizes.items() if file.endswith(".css")),
    }


def installed_bytes(prefix: Path, without: Iterable[str] = ()) -> int:
    """What an environment takes on the disk. ``without``: packages left out."""
    left_out = set(without)
    return sum(
        path.lstat().st_size
        for path in prefix.rglob("*")
        if path.is_file() and not path.is_symlink() and not left_out.intersection(path.parts)
    )


def fill(data: Path, count: int) -> str:
    """Write conversations into a new database; the id of the long one."""
    return asyncio.run(_fill(Database(f"sqlite+aiosqlite:///{data / 'fathom.db'}", data), count))


async def _fill(database: Database, count: int) -> str:
    random_source = random.Random(0)
    for start in range(0, count, BATCH):
        async with database.write() as connection:
            await _insert(connection, [_Rows(random_source, TURNS) for _ in range(start, min(start + BATCH, count))])
    long = _Rows(random_source, LONG)
    async with database.write() as connection:
        await _insert(connection, [long])
    await database.close()
    return long.id


class _Rows:
    """The rows of one conversation without branches."""

    def __init__(self, random_source: random.Random, turns: int) -> None:
        self.id, moment = new_id(), milliseconds()
        times = {"created": moment, "updated": moment}
        self.title = _sentence(random_source, 5)
        self.messages: list[Json] = []
        self.contents: list[tuple[str, list[Part]]] = []
        for turn in range(2 * turns):
            parent = self.messages[-1]["id"] if self.messages else None
            role = "assistant" if turn % 2 else "user"
            row = {
                "id": new_id(),
                "conversation_id": self.id,
                "parent_id": parent,
                "role": role,
                "state": "done",
                **times,
            }
            self.messages.append(row)
            self.contents.append((row["id"], _content(random_source, role)))
        self.conversation = {
            "id": self.id,
            "title": self.title,
            "title_source": "model",
            "pinned": False,
            "temporary": False,
            "settings": {},
            "head_id": self.messages[-1]["id"],
            **times,
        }


def _content(random_source: random.Random, role: str) -> list[Part]:
    if role == "user":
        return [{"type": "text", "text": _sentence(random_source, 12)}]
    return [
        {"type": "thinking", "text": _sentence(random_source, 60), "ms": 1000},
        {"type": "answer", "text": _sentence(random_source, 80)},
    ]


async def _insert(connection: AsyncConnection, several: Sequence[_Rows]) -> None:
    """The rows as an import would write them, in few statements."""
    await connection.execute(insert(conversations), [rows.conversation for rows in several])
    await connection.execute(insert(messages), [row for rows in several for row in rows.messages])
    contents = [(rows, message, content) for rows in several for message, content in rows.contents]
    await connection.execute(
        insert(parts),
        [
            part_row(message, position, part)
            for _, message, content in contents
            for position, part in enumerate(content)
        ],
    )
    titles = [SearchText(rows.id, None, "title", 0, rows.title) for rows in several]
    texts = [text for rows, message, content in contents for text in message_texts(rows.id, message, content)]
    await index_texts(connection, [*titles, *texts])


def _sentence(random_source: random.Random, words: int) -> str:
    chosen = random_source.choices(WORDS, k=words)
    if random_source.random() < 0.2:
        chosen.append(random_source.choice(CHINESE))
    return " ".join(chosen)


def timed(port: int, path: str, repeats: int) -> float:
    """Milliseconds of a GET over a kept connection: the median of ``repeats`` after one that warms."""
    times = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(repeats + 1):
        began = time.perf_counter()
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        times.append(time.perf_counter() - began)
        if response.status != 200:
            raise SystemExit(f"{path} answered {response.status}: {body[:500].decode(errors='replace')}")
    connection.close()
    return round(1000 * median(times[1:]), 2)


def search_path(query: str) -> str:
    return "/api/search?" + urllib.parse.urlencode({"q": query, "limit": 20})


def idle_streams(pid: int, port: int, count: int) -> Json:
    """What ``count`` open pages that wait for changes cost the server."""
    before = resident(pid)
    open_streams = []
    for _ in range(count):
        stream = socket.create_connection(("127.0.0.1", port))
        stream.sendall(b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
        stream.recv(4096)
        open_streams.append(stream)
    time.sleep(IDLE_S)
    after = resident(pid)
    for stream in open_streams:
        stream.close()
    return {"count": count, "bytes_each": round((after - before) / count)}


def open_webui(python: Path, repeats: int) -> Json:
    """open-webui's size, start and memory, without a model and without the network, as ours."""
    pages, memory = [], []
    for _ in range(repeats):
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="open-webui-") as folder:
            environ = {
                **os.environ,
                "DATA_DIR": folder,
                "WEBUI_AUTH": "False",
                "OFFLINE_MODE": "True",
                "HF_HUB_OFFLINE": "1",
                "ENABLE_OLLAMA_API": "False",
            }
            command = [str(python.parent / "open-webui"), "serve", "--host", "127.0.0.1", "--port", str(port)]
            began = time.perf_counter()
            with running(command, environ) as process:
                wait(process, lambda port=port: get(port, "/")[0] == 200)
                pages.append(time.perf_counter() - began)
                time.sleep(IDLE_S)
                memory.append(resident(process.pid))
    return {
        "version": version_in(python, "open-webui"),
        "first_page_s": round(median(pages), 3),
        "idle_rss_bytes": round(median(memory)),
        "installed_bytes": installed_bytes(python.parents[1], without=("torch",)),
        "first_page_runs": pages,
    }


def version_in(python: Path, package: str) -> str:
    command = [str(python), "-c", f"import importlib.metadata as m; print(m.version({package!r}))"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
