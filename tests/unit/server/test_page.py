"""Files of the page: lookup, caching, confinement to their folder."""

from __future__ import annotations

import httpx
import pytest

from fathom.server.app import create_app
from fathom.server.models.runtime import Runtime
from fathom.server.page import Page
from fathom.server.settings import Settings

BROWSER = {"accept": "text/html,application/xhtml+xml"}
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types fathom-worker; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def static(tmp_path):
    root = tmp_path / "static"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<p>page</p>")
    (root / "assets" / "main-abc.js").write_text("let a")
    (root / "mark.svg").write_text("<svg/>")
    (root / "worker.js").write_text("let w")
    (root / "app.webmanifest").write_text("{}")
    (root / "frames").mkdir()
    (root / "frames" / "preview.html").write_text("<p>frame</p>")
    (tmp_path / "secret").write_text("secret")
    return root


def client_of(static) -> httpx.AsyncClient:
    app = create_app(Settings(static_dir=static), Runtime(lambda progress: pytest.fail("not started")))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


@pytest.mark.parametrize(
    ("path", "text", "caching"),
    [
        ("/", "<p>page</p>", "no-cache"),
        ("/c/some-conversation", "<p>page</p>", "no-cache"),
        ("/mark.svg", "<svg/>", "no-cache"),
        ("/assets/main-abc.js", "let a", "public, max-age=31536000, immutable"),
    ],
)
async def test_files(static, path, text, caching):
    async with client_of(static) as client:
        answer = await client.get(path, headers=BROWSER)
        assert (answer.status_code, answer.text) == (200, text)
        assert answer.headers["cache-control"] == caching
        assert answer.headers["content-security-policy"] == STRICT
        again = await client.get(path, headers=BROWSER | {"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = await client.head(path, headers=BROWSER)
        assert (head.status_code, head.content) == (200, b"")


async def test_the_worker_serves_its_folder_and_is_asked_for_anew(static):
    async with client_of(static) as client:
        answer = await client.get("/worker.js")
    assert (answer.headers["service-worker-allowed"], answer.headers["cache-control"]) == ("./", "no-cache")


async def test_the_manifest_has_its_type(static):
    async with client_of(static) as client:
        answer = await client.get("/app.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"


async def test_a_frame_has_its_own_policy_in_place_of_the_page_s(static):
    async with client_of(static) as client:
        answer = await client.get("/frames/preview.html")
        again = await client.get("/frames/preview.html", headers={"if-none-match": answer.headers["etag"]})
    for headers in (answer.headers, again.headers):
        assert headers["content-security-policy"].startswith("sandbox allow-scripts; default-src 'none'; ")
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/old-hash.js",
        "/v1/nothing",
        "/../secret",
        "/%2e%2e/secret",
        "/assets/..%2f..%2fsecret",
        "/a%00",
        "/" + "a" * 999,
    ],
)
async def test_what_is_not_there(static, path):
    async with client_of(static) as client:
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_a_link_out_of_the_folder_is_not_followed(static):
    (static / "out").symlink_to(static.parent / "secret")
    async with client_of(static) as client:
        assert (await client.get("/out")).status_code == 404


async def test_without_a_built_page_a_notice_is_served(tmp_path):
    async with client_of(tmp_path / "nothing") as client:
        answer = await client.get("/")
        assert answer.status_code == 200
        assert "make web" in answer.text


async def test_only_get_and_head_reach_the_page(static):
    async with client_of(static) as client:
        assert (await client.post("/")).status_code == 404
    assert isinstance(create_app(Settings(static_dir=static)).router.default, Page)


async def test_text_goes_compressed_to_those_who_accept_it(static):
    script = static / "assets" / "main-abc.js"
    script.write_text("let a = 1;\n" * 1000)
    async with client_of(static) as client:
        plain = await client.get("/assets/main-abc.js", headers={"accept-encoding": "identity"})
        answer = await client.get("/assets/main-abc.js", headers={"accept-encoding": "br, gzip"})
        assert answer.text == plain.text == script.read_text()
        assert (answer.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)
        assert int(answer.headers["content-length"]) < 200 < int(plain.headers["content-length"])
        assert answer.headers["etag"] != plain.headers["etag"]
        assert answer.headers["vary"] == plain.headers["vary"] == "Accept-Encoding, Origin"
        for name in ("content-type", "cache-control", "content-security-policy", "last-modified"):
            assert answer.headers[name] == plain.headers[name]
        again = await client.get(
            "/assets/main-abc.js", headers={"accept-encoding": "gzip", "if-none-match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
        part = await client.get("/assets/main-abc.js", headers={"accept-encoding": "gzip", "range": "bytes=0-2"})
        assert (part.status_code, part.text, "content-encoding" in part.headers) == (206, "let", False)
        script.write_text("let b = 2;\n" * 1500)
        changed = await client.get("/assets/main-abc.js", headers={"accept-encoding": "gzip"})
        assert changed.text == script.read_text()


async def test_small_files_and_pictures_go_as_they_are(static):
    (static / "mark.png").write_bytes(b"\0" * 5000)
    async with client_of(static) as client:
        for path in ("/mark.svg", "/mark.png"):
            answer = await client.get(path, headers={"accept-encoding": "gzip"})
            assert (answer.status_code, "content-encoding" in answer.headers) == (200, False)
