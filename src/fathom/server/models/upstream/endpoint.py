"""The HTTP side of an upstream server: its list of models, its streams, and what its failures mean.

Redirects are not followed: the key would be sent along. Nothing that an upstream sends is trusted to end, to be JSON,
or to be free of the key: sizes are bounded, and the key is cut out of its messages.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from fathom.base.errors import FathomError, OverloadedError, RequestError
from fathom.base.retry_after import retry_after
from fathom.server.errors import UnavailableError

LONGEST_LINE = 4 << 20
"""Bytes of one event; the largest known hold a whole answer."""

LONGEST_REPLY = 256 << 20
_LONGEST_COMPLAINT = 1 << 16
_MESSAGE_CHARACTERS = 500

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 300.0
"""An upstream may think that long before its first token, or between two; those that queue send comments meanwhile."""


class UpstreamError(FathomError):
    """An upstream that fails or answers nonsense, after the request was accepted."""


class KeyRefusedError(UnavailableError):
    """The upstream does not take the key."""


class NoSuchPathError(UnavailableError):
    """The upstream has no such model, or no such path."""


class FieldRefusedError(RequestError):
    """The upstream refuses the request as it is: a field that it does not know, or a prompt that is too long."""


class UpstreamEndpoint:
    """One server. ``base_url`` ends where ``/chat/completions`` begins; ``key`` None: it needs none."""

    def __init__(self, name: str, base_url: str, key: str | None, transport: httpx.AsyncBaseTransport | None = None):
        self.name = name
        self.base_url = base_url.rstrip("/")
        self._key = key
        headers = {"User-Agent": "fathom"} | ({"Authorization": f"Bearer {key}"} if key else {})
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout, transport=transport, follow_redirects=False)
        self._uses = 0
        self._retired = False

    @property
    def closed(self) -> bool:
        """Whether it holds no connection, and can be used no more."""
        return self._client.is_closed

    async def close(self) -> None:
        """End its connections, also those that are at work."""
        await self._client.aclose()

    async def retire(self) -> None:
        """Close it once nothing is read from it: an answer that is under way comes to its end."""
        self._retired = True
        if not self._uses:
            await self.close()

    async def models(self) -> list[dict[str, Any]]:
        """The entries of its list of models. Raises FathomError as `chunks` does."""
        async with self._response("GET", "/models", None, timeout=CONNECT_SECONDS) as response:
            body = _json(await self._read(response, LONGEST_LINE))
        listed = body.get("data") if isinstance(body, dict) else body
        if not isinstance(listed, list):
            raise self._no_api("its list of models is none")
        entries = [entry for entry in listed if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
        return [_abilities_of(entry["id"], body) | entry for entry in entries]

    async def chunks(self, body: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """The JSON of each event of a streamed chat completion, or of the one body where the server does not stream.

        Raises FathomError: before the first chunk, the request's or the upstream's fault in plain words; later an
        UpstreamError where the stream was cut off.
        """
        async with self._response("POST", "/chat/completions", body) as response:
            if "text/event-stream" not in response.headers.get("content-type", ""):
                whole = _json(await self._read(response, LONGEST_REPLY))
                if not isinstance(whole, dict):
                    raise self._no_api("its answer is no JSON")
                yield self._check_chunk(whole)
                return
            async for line in self._lines(response):
                if not line.startswith(b"data:"):
                    continue
                data = line.removeprefix(b"data:").strip()
                if data == b"[DONE]":
                    return
                chunk = _json(data)
                if isinstance(chunk, dict):
                    yield self._check_chunk(chunk)
                else:
                    raise UpstreamError(
                        f"{self.name} sent an event that is no JSON", "try again, or choose another model"
                    )
        raise UpstreamError(f"the connection to {self.name} ended before its answer did", "continue or regenerate it")

    @asynccontextmanager
    async def _response(
        self, method: str, path: str, body: Mapping[str, Any] | None, timeout: float | None = None
    ) -> AsyncIterator[httpx.Response]:
        """An accepted request."""
        started = False
        if self.closed:
            raise UnavailableError(f"{self.name} was changed or removed", "ask again")
        self._uses += 1
        try:
            request = self._client.build_request(method, self.base_url + path, json=body)
            if timeout is not None:
                request.extensions["timeout"] = httpx.Timeout(timeout).as_dict()
            response = await self._client.send(request, stream=True)
            try:
                if not response.is_success:
                    raise self._error_of(response, await self._complaint(response))
                started = True
                yield response
            finally:
                await response.aclose()
        except httpx.ConnectError as error:
            raise UnavailableError(
                f"{self.name} cannot be reached at {self.base_url} ({error})",
                "check that it runs, its address, and the network",
            ) from None
        except httpx.TimeoutException:
            raise UpstreamError(f"{self.name} was silent for too long", "try again, or choose another model") from None
        except httpx.HTTPError as error:
            what = "broke off" if started else "failed"
            detail = self._redact(str(error)) or type(error).__name__
            raise UpstreamError(f"the connection to {self.name} {what} ({detail})", "try again") from None
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise UnavailableError(f"{self.base_url} is no address: {error}", "correct it in the settings") from None
        finally:
            self._uses -= 1
            if self._retired and not self._uses:
                await self.close()

    async def _lines(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """Lines of bounded length, of a body of bounded length."""
        rest, total = b"", 0
        async for piece in response.aiter_bytes():
            total += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > LONGEST_LINE or total > LONGEST_REPLY:
                raise UpstreamError(f"{self.name} sends more than an answer can be", "choose another model")
            for line in lines:
                yield line
        yield rest

    async def _read(self, response: httpx.Response, limit: int) -> bytes:
        data = bytearray()
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > limit:
                raise UpstreamError(f"{self.name} sends more than an answer can be", "choose another model")
        return bytes(data)

    async def _complaint(self, response: httpx.Response) -> str:
        """The upstream's own words on a failure."""
        data = b""
        try:
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > _LONGEST_COMPLAINT:
                    break
        except httpx.HTTPError:
            return ""
        return self._redact(_words(_json(data)))

    def _check_chunk(self, chunk: dict[str, Any]) -> dict[str, Any]:
        """``chunk``, unless it reports a failure."""
        error = chunk.get("error")
        if error:
            words = self._redact(_words({"error": error})) or "without a reason"
            raise UpstreamError(f"{self.name} failed: {words}", "try again, or choose another model")
        return chunk

    def _error_of(self, response: httpx.Response, words: str) -> FathomError:
        code, name = response.status_code, self.name
        said = f" ({words})" if words else ""
        if code in (401, 403):
            return KeyRefusedError(f"{name} does not accept the key{said}", "enter a valid key in its settings")
        if code == 402:
            return UnavailableError(f"the account at {name} is empty{said}", "top it up")
        if code in (404, 405):
            return NoSuchPathError(
                f"{name} has no such model or path{said}",
                "check its address, which often ends in /v1, and which models it offers",
            )
        if code == 429:
            after = retry_after(response.headers.get("retry-after"))
            wait = f"try again in {after:.0f} s" if after else "try again later"
            return OverloadedError(f"{name} limits how much may be asked{said}", wait)
        if 300 <= code < 400:
            to = response.headers.get("location", "elsewhere")
            return UnavailableError(f"{name} redirects to {self._redact(to)}", "enter that address in its settings")
        if code >= 500:
            return UpstreamError(f"{name} failed with {code}{said}", "try again later, or choose another model")
        return FieldRefusedError(f"{name} refuses the request with {code}{said}", "shorten it, or change its options")

    def _no_api(self, why: str) -> UnavailableError:
        return UnavailableError(
            f"{self.base_url} does not speak OpenAI's API: {why}", "check the address, which often ends in /v1"
        )

    def _redact(self, text: str) -> str:
        """Some servers repeat the key that they reject, or the first and last letters of it."""
        return text.replace(self._key, "…") if self._key else text


def _abilities_of(model: str, body: Any) -> dict[str, Any]:
    """What llama-server says of a model in a second list, ``models``, beside OpenAI's."""
    beside = body.get("models") if isinstance(body, dict) else None
    for entry in beside if isinstance(beside, list) else ():
        if isinstance(entry, dict) and entry.get("model") == model and "capabilities" in entry:
            return {"capabilities": entry["capabilities"]}
    return {}


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _words(body: Any) -> str:
    """The message in an error body, whatever its shape; "" where there is none."""
    for key in ("error", "detail", "message"):
        if isinstance(body, dict) and body.get(key):
            body = body[key]
    if isinstance(body, list) and body:
        return _words(body[0])
    text = body if isinstance(body, str) else ""
    return " ".join(text.split())[:_MESSAGE_CHARACTERS]
