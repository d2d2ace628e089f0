"""OpenAI-compatible endpoint as a teacher: requests, retries, and which failures end the run.

Three kinds of failure. Transient ones (429, 5xx, a broken connection) are tried again, later each time, or when
``Retry-After`` says. One that concerns a single problem (too long, filtered, an endless reply) is that problem's
answer: refused. One that concerns all problems (the key, the address, the model) ends the run at once. Until the
endpoint has answered for the first time, a refusal or a failed connection is taken to concern all.

Redirects are not followed: the key would be sent along.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import httpx

from fathom.base.errors import ConfigError, GenerationError
from fathom.base.retry_after import retry_after
from fathom.train.distill.config import EndpointConfig
from fathom.train.distill.parallel import imap_unordered
from fathom.train.distill.response import UnreadableReplyError, error_message, fields, read
from fathom.train.distill.teacher import Ask, TeacherAnswer
from fathom.types import Message

MAX_REPLY = 32 << 20
"""Bytes of a reply that are read; a longer one is the answer of a model that never ends."""

MAX_WAIT = 600.0  # seconds
_MAX_COMPLAINT = 1 << 16  # bytes
_TRANSIENT = frozenset({408, 409, 425, 429, *range(500, 600)})
_TIMEOUTS = 2


class _TransientError(Exception):
    """A failure that may pass: in ``after`` seconds, where the endpoint says so."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.after = after


class _UnreachableError(Exception):
    """No connection."""


class _TimeoutError(Exception):
    """No whole reply within the time that it may take."""


class _RefusedError(Exception):
    """The request was understood and declined."""


class _StoppedError(Exception):
    """The run was asked to stop during a wait."""


class Endpoint:
    """The teacher that ``config`` names. ``pause`` sleeps and ``clock`` measures it, in seconds."""

    def __init__(
        self,
        config: EndpointConfig,
        *,
        max_tokens: int,
        temperature: float,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ConfigError where the environment has no key."""
        self._config = config
        self._key = key_of(config)
        self._common = {"model": config.model, "max_tokens": max_tokens, "temperature": temperature, "stream": False}
        self._pause = pause
        self._clock = clock
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "fathom"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)  # an answer takes seconds
        self._client = httpx.Client(headers=headers, timeout=config.timeout, limits=limits)
        self._has_answered = threading.Event()
        self._random = random.Random()  # of its own: the run's generators decide what is learned

    def answers(self, asks: Sequence[Ask], stopping: Callable[[], bool]) -> Iterator[tuple[Ask, TeacherAnswer]]:
        def call(ask: Ask) -> TeacherAnswer | None:
            try:
                return self.answer(ask, stopping)
            except _StoppedError:
                return None

        for ask, answer in imap_unordered(call, asks, self._config.concurrency, stopping):
            if answer is not None:
                yield ask, answer

    def answer(self, ask: Ask, stopping: Callable[[], bool] = lambda: False) -> TeacherAnswer:
        """Raises ConfigError where every other problem would fail too, GenerationError where retries do not help."""
        body = self._body(ask)
        timeouts = 0
        for attempt in range(1, self._config.attempts + 1):
            after = None
            try:
                answer = read(self._request(body))
                self._has_answered.set()
                return answer
            except _RefusedError as error:
                if self._has_answered.is_set():
                    return _refusal(str(error))
                raise ConfigError(
                    f"the teacher at {self._config.base_url} refuses the request: {error}",
                    "correct data.max_tokens, data.temperature or data.teacher.extra, or choose shorter problems",
                ) from None
            except _TimeoutError as error:
                timeouts += 1
                last: Exception = error
                if timeouts == _TIMEOUTS:
                    return _refusal(str(error))
            except (_UnreachableError, UnreadableReplyError) as error:
                if not self._has_answered.is_set():
                    raise self._first_contact_error(error) from None
                last = error
            except _TransientError as error:
                last, after = error, error.after
            if attempt < self._config.attempts:
                self._wait(attempt, after, stopping)
        raise GenerationError(
            f"the teacher at {self._config.base_url} failed {self._config.attempts} times in a row: {last}",
            "run the same command again when the endpoint works again: what it has answered so far is kept",
        )

    def _body(self, ask: Ask) -> bytes:
        prompt = ask.item.prompt
        messages = (Message("user", prompt),) if isinstance(prompt, str) else prompt
        listed = [{"role": message.role, "content": message.content} for message in messages]
        fields = {**self._common, "messages": listed, **self._config.extra}
        return json.dumps({key: value for key, value in fields.items() if value is not None}).encode()

    def _request(self, body: bytes) -> bytes:
        """The body of a successful reply; a failure as an exception."""
        deadline = self._clock() + self._config.timeout
        url, headers = f"{self._config.base_url}/chat/completions", {"Content-Type": "application/json"}
        try:
            with self._client.stream("POST", url, content=body, headers=headers) as response:
                if response.is_success:
                    return self._read(response, deadline)
                error = self._error_for_status(response)
        except httpx.TimeoutException:
            raise self._timeout() from None
        except httpx.ConnectError as failure:
            raise _UnreachableError(str(failure)) from None
        except httpx.RequestError as failure:
            raise _TransientError(f"the connection broke off ({str(failure) or type(failure).__name__})") from None
        raise error

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        """Endpoints keep the connection of a slow answer open with blanks, so time is measured over the whole."""
        data = bytearray()
        for piece in response.iter_bytes(1 << 16):
            data += piece
            if len(data) > MAX_REPLY:
                raise _RefusedError(f"its reply is longer than {MAX_REPLY >> 20} MiB")
            if self._clock() > deadline:
                raise self._timeout()
        return bytes(data)

    def _error_for_status(self, response: httpx.Response) -> Exception:
        base_url, code = self._config.base_url, response.status_code
        try:
            reason = self._redact(error_message(next(response.iter_bytes(_MAX_COMPLAINT), b"")))
        except httpx.RequestError:
            reason = "without a reason"
        if code in _TRANSIENT:
            return _TransientError(f"{code}: {reason}", retry_after(response.headers.get("Retry-After")))
        if code in (401, 403):
            key = self._config.key_variable
            remedy = f"put a valid key into {key}" if key else "name the key's environment variable in key_variable"
            return ConfigError(f"the teacher at {base_url} does not accept the key ({code}: {reason})", remedy)
        if code == 402:
            return ConfigError(
                f"the account at {base_url} is empty ({reason})", "top it up and run the same command again"
            )
        if code == 404:
            return self._unknown_model_error(reason)
        if 300 <= code < 400:
            to = response.headers.get("Location", "elsewhere")
            return ConfigError(f"{base_url} redirects to {to}", "set data.teacher.base_url to where it leads")
        return _RefusedError(f"{code}: {reason}")

    def _unknown_model_error(self, reason: str) -> ConfigError:
        names = self._models()
        what = f"{self._config.base_url} knows no model {self._config.model!r} ({reason})"
        if names and self._config.model not in names:
            return ConfigError(what, f"set data.teacher.model to one of {', '.join(names[:20])}")
        return ConfigError(what, "check data.teacher.base_url, which often ends in /v1, and data.teacher.model")

    def _models(self) -> list[str]:
        """Models on offer; asked only in order to help with another error, so its own failures are ignored."""
        try:
            with self._client.stream("GET", f"{self._config.base_url}/models") as response:
                listed = fields(self._read(response, self._clock() + self._config.timeout)).get("data")
        except (httpx.RequestError, UnreadableReplyError, _TimeoutError, _RefusedError):
            return []
        names = [entry.get("id") for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
        return [name for name in names if isinstance(name, str)]

    def _first_contact_error(self, error: Exception) -> ConfigError:
        base_url = self._config.base_url
        if isinstance(error, _UnreachableError):
            return ConfigError(f"{base_url} cannot be reached: {error}", "check data.teacher.base_url and the network")
        return ConfigError(
            f"{base_url} does not speak OpenAI's protocol: {self._redact(str(error))}",
            "check data.teacher.base_url, which often ends in /v1",
        )

    def _timeout(self) -> _TimeoutError:
        return _TimeoutError(f"no answer within {self._config.timeout:g} seconds")

    def _redact(self, text: str) -> str:
        """Some endpoints repeat the key that they reject."""
        return text.replace(self._key, "…") if self._key else text

    def _wait(self, attempt: int, after: float | None, stopping: Callable[[], bool]) -> None:
        """Exponential backoff, at random up to half less, so that callers do not come back together."""
        left = min(60.0, 2.0**attempt) * (0.5 + self._random.random() / 2) if after is None else after
        left = min(left, MAX_WAIT)
        while left > 0:
            if stopping():
                raise _StoppedError
            self._pause(min(left, 0.25))
            left -= 0.25


def key_of(config: EndpointConfig) -> str | None:
    """The key, from the environment; None where none is needed. Raises ConfigError where it is missing."""
    if config.key_variable is None:
        return None
    key = os.environ.get(config.key_variable, "").strip()
    if not key:
        raise ConfigError(
            f"the environment has no {config.key_variable}, which is to hold the teacher's key",
            f"set {config.key_variable}, or data.teacher.key_variable=null for an endpoint without keys",
        )
    if not key.isascii() or not key.isprintable():
        raise ConfigError(f"{config.key_variable} holds characters that no key has", "set it anew")
    return key


def _refusal(why: str) -> TeacherAnswer:
    return TeacherAnswer(Message("assistant"), "refused", detail=why)
