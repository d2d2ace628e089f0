"""What a token costs on its way: the same answer whole, streamed, and as a run that is stored and followed."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.harness import Json, median
from benchmarks.servers import Server

QUESTION = "Write a long story about a lighthouse."
OPTIONS = {"seed": 1, "temperature": 0.8}
Answer = TypeVar("Answer")
TICKS = os.sysconf("SC_CLK_TCK")


def overhead(server: Server, repeats: int, tokens: int) -> Json:
    """Milliseconds a token of each way, by the clock and of the server's processor time, medians of ``repeats``.

    The ways alternate within each repeat. ``tokens``: at most so many an answer; all ways give the same ones.
    """
    ways = {"whole": whole, "streamed": streamed, "stored": stored}
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, way in ways.items():
            began, used = time.perf_counter(), processor_seconds(server.process.pid)
            count = way(server.port, tokens)
            row = (time.perf_counter() - began) / count, (processor_seconds(server.process.pid) - used) / count
            if repeat:  # the first one warms
                rows[name].append(row)
    return {
        name: {
            "ms_per_token": round(1000 * median(clock for clock, _ in several), 3),
            "processor_ms_per_token": round(1000 * median(used for _, used in several), 3),
        }
        for name, several in rows.items()
    }


def whole(port: int, tokens: int) -> int:
    """The answer in one piece; its tokens."""
    answer = _request(port, "/v1/chat/completions", _chat(tokens))
    return int(answer["usage"]["completion_tokens"])


def streamed(port: int, tokens: int) -> int:
    """The answer as the OpenAI client streams it; its tokens."""
    body = {**_chat(tokens), "stream": True, "stream_options": {"include_usage": True}}
    usage = None
    for event in _events(port, "POST", "/v1/chat/completions", body):
        usage = event.get("usage") or usage
    if usage is None:
        raise SystemExit("the stream ended without its usage")
    return int(usage["completion_tokens"])


def stored(port: int, tokens: int) -> int:
    """The answer as the page has it: a run whose events are stored, and read as they come; its tokens."""
    conversation = _request(port, "/api/conversations", {"title": "streaming"})["id"]
    body = {"parent": None, "text": QUESTION, "run": {**OPTIONS, "max_tokens": tokens}}
    sent = _request(port, f"/api/conversations/{conversation}/messages", body)
    for _ in _events(port, "GET", f"/api/conversations/{conversation}/runs/{sent['run']['id']}/events"):
        pass
    message = _request(port, f"/api/messages/{sent['answer']['id']}")
    if message["state"] != "done":
        raise SystemExit(f"the answer ended as {message['state']}: {message['error']}")
    return int(message["usage"]["completion_tokens"])


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _chat(tokens: int) -> Json:
    return {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": tokens, **OPTIONS}


def _request(port: int, path: str, body: Json | None = None) -> Json:
    return _open(port, "GET" if body is None else "POST", path, body, lambda answer: json.loads(answer.read()))


def _events(port: int, method: str, path: str, body: Json | None = None) -> list[Json]:
    """All events of a stream; the server has sent them as it made them, and they are read as they come."""

    def read(answer: http.client.HTTPResponse) -> list[Json]:
        return [json.loads(line[6:]) for line in answer if line.startswith(b"data: {")]

    return _open(port, method, path, body, read)


def _open(
    port: int, method: str, path: str, body: Json | None, read: Callable[[http.client.HTTPResponse], Answer]
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        if answer.status >= 400:
            raise SystemExit(
                f"{method} {path} answered {answer.status}: {answer.read()[:500].decode(errors='replace')}"
            )
        return read(answer)
    finally:
        connection.close()
