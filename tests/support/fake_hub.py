"""A model hub on 127.0.0.1 that speaks as much of the real one's API as a pull needs, and can break on request."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """``repos`` maps a repository to its files. ``cut_after`` breaks each transfer of a file after so many bytes."""

    repos: dict[str, dict[str, bytes]]
    gated: set[str] = field(default_factory=set)
    cut_after: int | None = None
    garble: bool = False
    ignore_ranges: bool = False
    url: str = ""
    ranges: list[tuple[str, str | None]] = field(default_factory=list)

    def listing(self, repo: str) -> dict[str, object]:
        siblings = []
        for name, content in self.repos[repo].items():
            entry: dict[str, object] = {"rfilename": name, "size": len(content)}
            if name.endswith((".safetensors", ".gguf", ".bin")):
                digest = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"size": len(content), "sha256": digest, "pointerSize": 128}
            entry["blobId"] = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            siblings.append(entry)
        return {"id": repo, "modelId": repo, "sha": COMMIT, "siblings": siblings, "tags": [], "private": False}


@contextmanager
def serve(hub: FakeHub) -> Iterator[FakeHub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            """Tests are quiet."""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if listed := re.fullmatch(r"/api/models/([^/]+/[^/]+?)(?:/revision/([^/]+))?", path):
                self._list(listed[1], listed[2] or COMMIT)
            elif found := re.fullmatch(rf"/([^/]+/[^/]+)/resolve/{COMMIT}/(.+)", path):
                self._send_file(found[2], hub.repos[found[1]][found[2]])
            else:
                self._refuse(404, "EntryNotFound")

        def _list(self, repo: str, revision: str) -> None:
            if repo in hub.gated:
                self._refuse(403, "GatedRepo")
            elif repo not in hub.repos:
                self._refuse(401, "RepoNotFound")
            elif revision != COMMIT:
                self._refuse(404, "RevisionNotFound")
            else:
                self._send(200, json.dumps(hub.listing(repo)).encode(), {"Content-Type": "application/json"})

        def _send_file(self, name: str, content: bytes) -> None:
            asked = self.headers.get("Range")
            hub.ranges.append((name, asked))
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and not hub.ignore_ranges else 0
            body = bytes(len(content) - start) if hub.garble else content[start:]
            self._send(206 if start else 200, body, {})

        def _refuse(self, status: int, code: str) -> None:
            self._send(status, b"{}", {"X-Error-Code": code, "Content-Type": "application/json"})

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            if (
                hub.cut_after is not None
                and "json" not in headers.get("Content-Type", "")
                and len(body) > hub.cut_after
            ):
                self.wfile.write(body[: hub.cut_after])
                self.close_connection = True
                return
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
