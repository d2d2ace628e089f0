"""The assistant's weight and pace: size, start, memory, long conversations, search, streams; beside open-webui.

One server over a database of 10 000 conversations and 100 000 messages, asked over HTTP as the page asks it and, where
Node and Chromium are at hand, by the page itself (``web/scripts/measure.mjs``). With ``--open-webui-python`` the
figures that open-webui has too (size, start, memory) are taken from it in the same run.
"""

from __future__ import annotations

import gzip
import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

from benchmarks import harness, streaming
from benchmarks.corpus import fill
from benchmarks.harness import Json, median, progress
from benchmarks.installed import installed
from benchmarks.servers import IDLE_S, Server, fathom, open_webui, start_figures
from benchmarks.startup import get, resident, wait

CONVERSATIONS = 10_000
TURNS = 5
"""Questions a conversation; each has an answer, so that there are 100 000 messages."""
LONG = 500
"""Turns of the one long conversation."""
STREAMS = 1_000
TOKENS = 200
"""Of an answer whose way to the reader is measured."""
QUERIES = ("processor", "measured beside", "灯塔", "llama", "zeppelin", "the")
SHARED = ("first_page_s", "idle_rss_bytes", "installed_bytes")
"""Figures that both have; a ratio is theirs by ours."""


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--open-webui-python", type=Path, help="interpreter of an environment with open-webui")
    parser.add_argument("--conversations", type=int, default=CONVERSATIONS)
    options = parser.parse_args()

    harness.warn_unless_quiet()
    before = harness.environment()
    with tempfile.TemporaryDirectory(prefix="fathom-bench-") as folder:
        data = Path(folder)
        results: Json = {"fathom": measure(data, options.conversations, options.repeats, options.threads)}
        if options.open_webui_python:
            progress("open-webui: size, start and memory")
            theirs = size(installed("open-webui", options.open_webui_python))
            theirs |= start_figures(open_webui(options.open_webui_python), data / "open-webui", options.repeats)
            results["open_webui"] = theirs
            results["ratios"] = {key: round(theirs[key] / results["fathom"][key], 2) for key in SHARED}
    configuration = {
        "repeats": options.repeats,
        "threads": options.threads,
        "conversations": options.conversations,
        "turns": TURNS,
        "long_turns": LONG,
        "streams": STREAMS,
        "tokens": TOKENS,
    }
    harness.write("assistant", configuration, results, options, before)
    print(json.dumps(results, indent=2, ensure_ascii=False))


def measure(data: Path, count: int, repeats: int, threads: int) -> Json:
    """Everything of ours."""
    progress("size, start and memory")
    results = size(installed("fathom-lm")) | start_figures(fathom, data / "empty", repeats)
    results |= {"first_load": first_load()}
    progress("streaming")
    with fathom(data / "streaming", "--model", "embedded", threads=threads) as server:
        wait(server.process, lambda: get(server.port, "/health")[0] == 200)
        results["streaming"] = streaming.overhead(server, repeats, TOKENS)
    full = data / "full"
    full.mkdir()
    long = fill(full, count, turns=TURNS, long=LONG)
    progress("a full database")
    with fathom(full) as server:
        wait(server.process, lambda: get(server.port, "/api/conversations")[0] == 200)
        port = server.port
        results |= {
            "messages": 2 * (TURNS * count + LONG),
            "list_page_ms": timed(port, "/api/conversations?limit=50", repeats),
            "open_long_ms": timed(port, f"/api/conversations/{long}/messages?limit=50", repeats),
            "search_ms": {query: timed(port, search_path(query), repeats) for query in QUERIES},
            "browser": browser(port, long, repeats),
            "idle_streams": idle_streams(server, STREAMS),
        }
    return results


def size(found: Json) -> Json:
    return {
        "version": found["version"],
        "packages": found["packages"],
        "installed_bytes": found["bytes"],
        "torch_bytes": found["torch_bytes"],
    }


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


def browser(port: int, chat: str, repeats: int) -> Json | None:
    """What Chromium measures over the server; None where there is no Node."""
    node = shutil.which("node")
    if node is None:
        return None
    command = [node, "scripts/measure.mjs", f"http://127.0.0.1:{port}/", chat, str(repeats)]
    done = subprocess.run(command, cwd=harness.ROOT / "web", capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    answer: Json = json.loads(done.stdout)
    return answer


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


def idle_streams(server: Server, count: int) -> Json:
    """What ``count`` open pages that wait for changes cost the server."""
    before = resident(server.process.pid)
    open_streams = []
    for _ in range(count):
        stream = socket.create_connection(("127.0.0.1", server.port))
        stream.sendall(b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
        stream.recv(4096)
        open_streams.append(stream)
    time.sleep(IDLE_S)
    after = resident(server.process.pid)
    for stream in open_streams:
        stream.close()
    return {"count": count, "bytes_each": round((after - before) / count)}


if __name__ == "__main__":
    main()
