"""Durability: kills a server in mid-answer, as often as asked, and counts the tokens that were lost.

Each round asks a question with a seed, follows the events, and kills the server's process (SIGKILL) at a random moment.
The server is started again on the same folder and port; the answer goes on by itself. What is compared: the text that a
reader had seen when the server died must be a beginning of the final text (tokens lost), and the final text must be
that of a run which nothing interrupted (texts that differ).
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from benchmarks import harness
from benchmarks.harness import Json, progress

QUESTION = "Write a long story about a lighthouse."
TIMEOUT_S = 300.0


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--model", help="name or path; default: the embedded model")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=200, help="of each answer")
    options = parser.parse_args()
    before = harness.environment()
    command = [sys.executable, "-m", "fathom.cli.main", "serve", "--log-level", "error"]
    command += ["--model", options.model] if options.model else []
    results = measure(command, kills=options.kills, tokens=options.tokens, threads=options.threads)
    configuration = {"model": options.model, "kills": options.kills, "tokens": options.tokens}
    harness.write("durability", configuration, results, options, before)
    print(harness.table([[key, str(value)] for key, value in results.items()]))


def measure(command: Sequence[str], *, kills: int, tokens: int, threads: int = 1, seed: int = 0) -> Json:
    """Kill the server that ``command`` starts (it takes ``--port``) that often; what was lost.

    Ctrl-C ends it early, with what was counted by then.
    """
    draw = random.Random(seed)
    lost = different = resumed = done = 0
    with tempfile.TemporaryDirectory(prefix="fathom-durability-") as folder, Server(command, folder, threads) as server:
        reference, seconds = server.time_answer(tokens)
        with suppress(KeyboardInterrupt):
            while done < kills:
                progress(f"{done} of {kills} kills: {lost} characters lost, {different} texts that differ")
                conversation, run, message = server.ask(tokens)
                reader = Reader(server, conversation, run)
                time.sleep(draw.uniform(0.0, 0.9 * seconds))
                server.kill()
                seen = reader.text()
                server.start()
                under_way = server.message(message)["state"] not in ("done", "failed", "stopped")
                final = server.wait_for(message)
                resumed += under_way
                lost += seen != final[: len(seen)] and len(seen)
                different += final != reference
                done += 1
    return {
        "kills": done,
        "resumed": resumed,
        "characters_lost": lost,
        "texts_that_differ": different,
        "answer_s": round(seconds, 3),
    }


class Reader(threading.Thread):
    """Reads the events of a run until the connection breaks."""

    def __init__(self, server: Server, conversation: str, run: str) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._path = f"/api/conversations/{conversation}/runs/{run}/events"
        self._text: list[str] = []
        self.start()

    def text(self) -> str:
        """What came, once the connection is broken."""
        self.join(TIMEOUT_S)
        return "".join(self._text)

    def run(self) -> None:
        with suppress(OSError, http.client.HTTPException):
            for event in self._server.events(self._path):
                if event.get("kind") is not None:
                    self._text.append(event["text"])


class Server:
    """A server process over one folder and port, which can be killed and started again."""

    def __init__(self, command: Sequence[str], folder: str, threads: int) -> None:
        self._port = harness.free_port()
        self._command = [*command, "--port", str(self._port)]
        self._environ = {
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "PYTHONPATH": os.pathsep.join([str(harness.ROOT / "src"), os.environ.get("PYTHONPATH", "")]),
            "FATHOM_DATA_DIR": folder,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start the process, and wait until what is stored can be read."""
        self._process = subprocess.Popen(self._command, env=self._environ, stdout=subprocess.DEVNULL)
        began = time.monotonic()
        while True:
            with suppress(OSError, http.client.HTTPException, ValueError):
                if self.request("GET", "/api/status")["storage"]["state"] == "ready":
                    return
            if self._process.poll() is not None or time.monotonic() > began + TIMEOUT_S:
                raise RuntimeError(f"the server did not start: {' '.join(self._command)}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End the process without notice."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def ask(self, tokens: int) -> tuple[str, str, str]:
        """Ask the question in a new conversation, with a seed: ids of conversation, run and answer."""
        conversation = self.request("POST", "/api/conversations", {"title": "durability"})["id"]
        options = {"seed": 1, "temperature": 0.8, "max_tokens": tokens}
        body = {"parent": None, "text": QUESTION, "run": options}
        sent = self.request("POST", f"/api/conversations/{conversation}/messages", body)
        return conversation, sent["run"]["id"], sent["answer"]["id"]

    def time_answer(self, tokens: int) -> tuple[str, float]:
        """An answer that nothing interrupts, and its seconds. The first one waits for the model, and is not timed."""
        self.wait_for(self.ask(tokens)[2])
        began = time.perf_counter()
        text = self.wait_for(self.ask(tokens)[2])
        return text, time.perf_counter() - began

    def message(self, message: str) -> Json:
        return self.request("GET", f"/api/messages/{message}")

    def wait_for(self, message: str) -> str:
        """The text of a message, thinking and answer, once it has ended."""
        began = time.monotonic()
        while (body := self.message(message))["state"] in ("waiting", "streaming"):
            if time.monotonic() > began + TIMEOUT_S:
                raise RuntimeError(f"the answer did not end: {body['state']}")
            time.sleep(0.02)
        if body["state"] != "done":
            raise RuntimeError(f"the answer ended as {body['state']}: {body['error']}")
        return "".join(part["text"] for part in body["parts"])

    def request(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            content = json.loads(answer.read())
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {content}")
            return content
        finally:
            connection.close()

    def events(self, path: str) -> Iterator[Json]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path)
            for line in connection.getresponse():
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
        finally:
            connection.close()


if __name__ == "__main__":
    main()
