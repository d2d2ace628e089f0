"""A teacher behind an OpenAI-compatible endpoint: patient where waiting helps, brief where it does not.

Three kinds of failure. What passes (a full queue, a server that restarts, a broken line) is tried again, later each
time, or when ``Retry-After`` says. What concerns one problem (it is too long, it is filtered, it never ends) is that
problem's answer: refused. What concerns all (the key, the address, the model) ends the run at once. Until the endpoint
has answered for the first time, a refusal or an unreachable host is taken to concern all.

The standard library's client is enough: an answer takes seconds, a connection milliseconds. Redirects are not followed,
for the key would be sent along.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from fathom.base.errors import ConfigError, GenerationError
from fathom.train.distill.config import EndpointConfig
from fathom.train.distill.pool import in_parallel
from fathom.train.distill.response import UnreadableReplyError, complaint, fields, read
from fathom.train.distill.teacher import Ask, TeacherAnswer
from fathom.types import Message

MAX_REPLY = 32 << 20
"""Bytes of a reply that are read; a longer one is the answer of a model that never ends."""

LONGEST_WAIT = 600.0
_PASSING = frozenset({408, 409, 425, 429, *range(500, 600)})
_TIMEOUTS = 2


class _BusyError(Exception):
    """It may work later: in ``after`` seconds, where the endpoint says so."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.after = after


class _UnreachableError(Exception):
    """Nobody answers, or somebody else."""


class _SilentError(Exception):
    """No whole reply within the time that it may take."""


class _RefusedError(Exception):
    """The request is understood, and declined."""


class _StoppedError(Exception):
    """Somebody asked to stop while we waited."""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


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
        self._opener = build_opener(_NoRedirects)
        self._met = threading.Event()
        self._draw = random.Random()  # of its own: the run's generators decide what is learned

    def answers(self, asks: Sequence[Ask], stopping: Callable[[], bool]) -> Iterator[tuple[Ask, TeacherAnswer]]:
        def call(ask: Ask) -> TeacherAnswer | None:
            try:
                return self.answer(ask, stopping)
            except _StoppedError:
                return None

        for ask, found in in_parallel(call, asks, self._config.concurrency, stopping):
            if found is not None:
                yield ask, found

    def answer(self, ask: Ask, stopping: Callable[[], bool] = lambda: False) -> TeacherAnswer:
        """Raises ConfigError where no other problem would fare better, GenerationError where nothing helps any more."""
        body = self._body(ask)
        silences = 0
        for attempt in range(1, self._config.attempts + 1):
            after = None
            try:
                found = read(self._post("/chat/completions", body))
                self._met.set()
                return found
            except _RefusedError as error:
                if self._met.is_set():
                    return _refusal(str(error))
                raise ConfigError(
                    f"the teacher at {self._config.base_url} refuses the request: {error}",
                    "correct data.max_tokens, data.temperature or data.teacher.extra, or choose shorter problems",
                ) from None
            except _SilentError as error:
                silences += 1
                last: Exception = error
                if silences == _TIMEOUTS:
                    return _refusal(str(error))
            except (_UnreachableError, UnreadableReplyError) as error:
                if not self._met.is_set():
                    raise self._strange(error) from None
                last = error
            except _BusyError as error:
                last, after = error, error.after
            if attempt < self._config.attempts:
                self._wait(attempt, after, stopping)
        raise GenerationError(
            f"the teacher at {self._config.base_url} failed {self._config.attempts} times in a row: {last}",
            "run the same command again when it is well: what it has answered so far is kept",
        )

    def _body(self, ask: Ask) -> bytes:
        prompt = ask.item.prompt
        messages = (Message("user", prompt),) if isinstance(prompt, str) else prompt
        listed = [{"role": message.role, "content": message.content} for message in messages]
        wanted = {**self._common, "messages": listed, **self._config.extra}
        return json.dumps({key: value for key, value in wanted.items() if value is not None}).encode()

    def _post(self, path: str, body: bytes) -> bytes:
        """The body of a good reply; a failure as what it stands for."""
        try:
            return self._exchange(path, body)
        except HTTPError as error:
            with error:
                raise self._error_for_status(error) from None
        except URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise self._silent() from None
            raise _UnreachableError(str(error.reason)) from None
        except TimeoutError:
            raise self._silent() from None
        except (OSError, http.client.HTTPException) as error:
            raise _BusyError(f"the connection broke off ({str(error) or type(error).__name__})") from None

    def _exchange(self, path: str, body: bytes | None) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "fathom"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        request = Request(self._config.base_url + path, data=body, headers=headers)
        late = self._clock() + self._config.timeout
        with self._opener.open(request, timeout=self._config.timeout) as response:
            return self._all_of(response, late)

    def _all_of(self, response: http.client.HTTPResponse, late: float) -> bytes:
        """Endpoints keep a slow answer's line open with blanks, so time is measured over the whole."""
        pieces, size = [], 0
        while piece := response.read1(1 << 16):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_REPLY:
                raise _RefusedError(f"its reply is longer than {MAX_REPLY >> 20} MiB")
            if self._clock() > late:
                raise self._silent()
        if response.length:  # of the announced bytes so many are missing
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(pieces)

    def _error_for_status(self, error: HTTPError) -> Exception:
        """The error that a status stands for."""
        try:
            said = self._discreet(complaint(error.read(1 << 16)))
        except (OSError, http.client.HTTPException):
            said = "without a word"
        place, code = self._config.base_url, error.code
        if code in _PASSING:
            return _BusyError(f"{code}: {said}", _seconds(error.headers.get("Retry-After")))
        if code in (401, 403):
            key = self._config.key_variable
            remedy = f"put a valid key into {key}" if key else "name the key's environment variable in key_variable"
            return ConfigError(f"the teacher at {place} does not accept the key ({code}: {said})", remedy)
        if code == 402:
            return ConfigError(f"the account at {place} is empty ({said})", "top it up and run the same command again")
        if code == 404:
            return self._unknown(said)
        if 300 <= code < 400:
            to = error.headers.get("Location", "elsewhere")
            return ConfigError(f"{place} redirects to {to}", "set data.teacher.base_url to where it leads")
        return _RefusedError(f"{code}: {said}")

    def _unknown(self, said: str) -> ConfigError:
        names = self._models()
        what = f"{self._config.base_url} knows no model {self._config.model!r} ({said})"
        if names and self._config.model not in names:
            return ConfigError(what, f"set data.teacher.model to one of {', '.join(names[:20])}")
        return ConfigError(what, "check data.teacher.base_url, which often ends in /v1, and data.teacher.model")

    def _models(self) -> list[str]:
        """Those on offer; asked only in order to help with another error, so no failure is told."""
        try:
            listed = fields(self._exchange("/models", None)).get("data")
        except (OSError, http.client.HTTPException, UnreadableReplyError, _SilentError, _RefusedError):
            return []
        found = [entry.get("id") for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
        return [name for name in found if isinstance(name, str)]

    def _strange(self, error: Exception) -> ConfigError:
        place = self._config.base_url
        if isinstance(error, _UnreachableError):
            return ConfigError(f"{place} cannot be reached: {error}", "check data.teacher.base_url and the network")
        return ConfigError(
            f"{place} does not speak OpenAI's protocol: {self._discreet(str(error))}",
            "check data.teacher.base_url, which often ends in /v1",
        )

    def _silent(self) -> _SilentError:
        return _SilentError(f"no answer within {self._config.timeout:g} seconds")

    def _discreet(self, text: str) -> str:
        """Some endpoints repeat the key that they do not like."""
        return text.replace(self._key, "…") if self._key else text

    def _wait(self, attempt: int, after: float | None, stopping: Callable[[], bool]) -> None:
        """Twice as long each time, at random up to half less, so that callers do not come back together."""
        left = min(60.0, 2.0**attempt) * (0.5 + self._draw.random() / 2) if after is None else after
        left = min(left, LONGEST_WAIT)
        while left > 0:
            if stopping():
                raise _StoppedError
            self._pause(min(left, 0.25))
            left -= 0.25


def key_of(config: EndpointConfig) -> str | None:
    """The key, from the environment; None where none is wanted."""
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


def _seconds(value: str | None) -> float | None:
    """How long ``Retry-After`` asks to wait: it is a number of seconds, or a date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
