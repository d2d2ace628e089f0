"""Downloads of models while the server runs: started, watched, cancelled, and resumed after a break or a restart.

The work is `fathom.checkpoint.hub.pull`'s, in a thread for each download. What has arrived stays on the disk, in a
directory that no load opens before it is complete, until it is resumed or removed.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fathom.base.errors import FathomError, ModelNotFoundError
from fathom.base.progress import Report
from fathom.checkpoint.hub import registry
from fathom.checkpoint.resolve import pulled_dir

logger = logging.getLogger(__name__)

Fetch = Callable[[str, Report], Path]
NOTICE_SECONDS = 0.25
"""Progress is reported no more often."""


def fetch_from_hub(name: str, report: Report) -> Path:
    """`pull`, imported with the hub's library when the first download begins."""
    from fathom.checkpoint.hub.pull import pull  # noqa: PLC0415

    return pull(name, report)


@dataclass(frozen=True, slots=True)
class Download:
    """One download. ``fraction`` in 0…1, None while it is unknown; ``error`` once it has failed."""

    text: str
    fraction: float | None = None
    error: FathomError | None = None

    @property
    def running(self) -> bool:
        return self.error is None


class _CancelledDownloadError(Exception):
    """Raised inside the thread of a download that is to stop."""


class Downloads:
    """The downloads of one server. ``fetch`` fetches a model by its name; ``on_change`` is called, on the event loop,
    with the name of a model whose download goes on, fails, or ends."""

    def __init__(self, fetch: Fetch = fetch_from_hub) -> None:
        self.on_change: Callable[[str], None] | None = None
        self._fetch = fetch
        self._downloads: dict[str, Download] = {}
        self._cancelled: dict[str, threading.Event] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def all(self) -> Mapping[str, Download]:
        """Those that run, and those that failed, by the model's name."""
        return self._downloads

    def start(self, name: str) -> None:
        """Begin or resume a download; one that runs goes on."""
        download = self._downloads.get(name)
        if download is not None and download.running:
            return
        self._loop = asyncio.get_running_loop()
        self._downloads[name] = Download("waiting for the hub")
        cancelled = self._cancelled[name] = threading.Event()
        # a daemon: a process that must stop does not wait for the network
        threading.Thread(target=self._run, args=(name, cancelled), name="fathom-download", daemon=True).start()
        self._notify(name)

    def cancel(self, name: str) -> bool:
        """Stop a download, or forget a failure; whether there was one. What has arrived stays, to be resumed."""
        if name in self._cancelled:
            self._cancelled.pop(name).set()
        existed = self._downloads.pop(name, None) is not None
        if existed:
            self._notify(name)
        return existed

    def close(self) -> None:
        """Stop all downloads."""
        for cancelled in self._cancelled.values():
            cancelled.set()

    def _run(self, name: str, cancelled: threading.Event) -> None:
        reported = 0.0

        def report(text: str, fraction: float | None) -> None:
            nonlocal reported
            if cancelled.is_set():
                raise _CancelledDownloadError
            now = time.monotonic()
            if now >= reported + NOTICE_SECONDS or fraction is None:
                reported = now
                self._later(name, cancelled, Download(text, fraction))

        try:
            self._fetch(name, report)
            self._later(name, cancelled, None)
        except _CancelledDownloadError:
            logger.info("the download of %s was cancelled", name)
        except FathomError as error:
            self._later(name, cancelled, Download("failed", error=error))
        except Exception as error:  # a hub may answer anything
            logger.exception("the download of %s failed", name)
            failure = FathomError(f"{type(error).__name__}: {error}", "the log has the details; try again")
            self._later(name, cancelled, Download("failed", error=failure))

    def _later(self, name: str, cancelled: threading.Event, download: Download | None) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._set, name, cancelled, download)
        except RuntimeError:  # the server has stopped meanwhile: so does the download
            raise _CancelledDownloadError from None

    def _set(self, name: str, cancelled: threading.Event, download: Download | None) -> None:
        """None: it is complete. What a cancelled download still says is dropped."""
        if cancelled.is_set() or self._cancelled.get(name) is not cancelled:
            return
        if download is None:
            self._downloads.pop(name, None)
            self._cancelled.pop(name)
        else:
            self._downloads[name] = download
        self._notify(name)

    def _notify(self, name: str) -> None:
        if self.on_change is not None:
            self.on_change(name)


def remove_files(name: str) -> None:
    """Delete what was fetched of a model, complete or not. Raises ModelNotFoundError where nothing is there."""
    known = registry.RECOMMENDED.get(name.lower())
    directory = pulled_dir(known.repo if known else name)
    if not directory.is_dir():
        raise ModelNotFoundError(f"nothing of {name} was fetched by Fathom", "delete it where it was put")
    shutil.rmtree(directory)
