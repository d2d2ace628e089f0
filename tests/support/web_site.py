"""A small web: a site whose pages a test writes down, and a SearXNG-compatible search over them, on a real socket."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class WebPage:
    """What one path answers. ``wait`` is the silence before the body, in seconds."""

    body: bytes = b""
    media_type: str | None = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0


def article(title: str, *paragraphs: str, date: str = "2026-03-01", head: str = "") -> WebPage:
    """A page as a newspaper would send it, with a menu and a footer around the text."""
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    html = (
        f"<!doctype html><html><head><title>{title}</title><meta charset='utf-8'>"
        f"<meta property='article:published_time' content='{date}'>{head}</head>"
        "<body><nav><a href='/'>Home</a> <a href='/about'>About us</a></nav>"
        f"<article><h1>{title}</h1>{text}</article><footer>Cookies and imprint</footer></body></html>"
    )
    return WebPage(html.encode())


@dataclass
class WebSite:
    """``pages`` by path. ``results`` are what ``/search`` answers, as (title, path or address, snippet)."""

    url: str
    host: str
    pages: dict[str, WebPage] = field(default_factory=dict)
    results: list[tuple[str, str, str]] = field(default_factory=list)
    search_page: WebPage | None = None
    queries: list[str] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def answer(self, target: str) -> WebPage:
        parts = urlsplit(target)
        if parts.path != "/search":
            return self.pages.get(parts.path, WebPage(b"not here", status=404))
        fields = parse_qs(parts.query)
        self.queries.append(fields["q"][0])
        if self.search_page is not None:
            return self.search_page
        assert fields["format"] == ["json"]
        entries = [
            {"title": title, "url": path if "://" in path else self.url + path, "content": text, "engine": "local"}
            for title, path, text in self.results
        ]
        body = json.dumps({"query": fields["q"][0], "results": entries, "unresponsive_engines": []})
        return WebPage(body.encode(), "application/json")


@contextmanager
def web_site(pages: dict[str, WebPage] | None = None) -> Iterator[WebSite]:
    """Serve ``pages`` on a port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.requests.append((self.path, dict(self.headers)))
            page = site.answer(self.path)
            time.sleep(page.wait)
            self.send_response(page.status)
            if page.media_type is not None:
                self.send_header("Content-Type", page.media_type)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            try:
                self.wfile.write(page.body)
            except OSError:
                return  # the client has seen enough
            finally:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = WebSite(f"http://127.0.0.1:{server.server_port}", f"127.0.0.1:{server.server_port}", pages or {})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
