"""``/api/status``: what this server is and can do. It answers also while nothing stored can be reached."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from typing import Literal

from fastapi import APIRouter
from typing_extensions import TypedDict

from fathom import __version__
from fathom.base import memory
from fathom.server.api.assistant.common import resource_router
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.files.extraction.recognition import OCR_PACKAGES
from fathom.server.models.runtime import Ready, Runtime
from fathom.server.settings import Settings

PACKAGES = {
    "files": ("pypdfium2", "mammoth", "openpyxl", "pptx"),
    "search": ("ddgs", "trafilatura"),
    "ocr": OCR_PACKAGES,
    "mcp": ("mcp",),
    "postgres": ("asyncpg",),
}
"""What each optional feature needs to be installed."""


class Features(TypedDict):
    """Whether the packages are installed that a feature needs; `pip install 'fathom-lm[app]'` installs them.

    ``ocr``: the text of pictures and scans is recognized; `pip install 'fathom-lm[ocr]'` installs what that needs.
    """

    files: bool
    search: bool
    ocr: bool
    mcp: bool
    postgres: bool


class ServerLimits(TypedDict):
    """``body_bytes``: of a JSON body; ``file_bytes``: of an attached file.

    ``context``: tokens of the model, null while it is not loaded.
    """

    body_bytes: int
    file_bytes: int
    context: int | None


class Machine(TypedDict):
    memory_bytes: int
    cores: int


class StorageProblem(TypedDict):
    message: str
    remedy: str


class Storage(TypedDict):
    """``opening`` lasts a moment at the start. ``failed``: the routes of what is stored answer 503, and try again."""

    state: Literal["opening", "ready", "failed"]
    database: Literal["sqlite", "postgresql"]
    error: StorageProblem | None


class Status(TypedDict):
    """``model`` is null while none is ready."""

    version: str
    model: str | None
    features: Features
    data_dir: str
    storage: Storage
    limits: ServerLimits
    machine: Machine


def router(handle: AssistantHandle, runtime: Runtime, settings: Settings) -> APIRouter:
    routes = resource_router()

    async def status() -> Status:
        """Version, model, optional features, limits, and whether stored conversations can be reached."""
        model = runtime.state.model if isinstance(runtime.state, Ready) else None
        return {
            "version": __version__,
            "model": model.name if model else None,
            "features": features(),
            "data_dir": str(settings.data_dir),
            "storage": storage(handle, settings),
            "limits": {
                "body_bytes": settings.max_body_bytes,
                "file_bytes": settings.max_file_bytes,
                "context": model.max_context if model else None,
            },
            "machine": {"memory_bytes": memory.detect().total, "cores": os.cpu_count() or 1},
        }

    routes.add_api_route("/status", status, methods=["GET"])
    return routes


@cache
def features() -> Features:
    """What is installed does not change while a process lives."""
    there = {name: all(map(importlib.util.find_spec, packages)) for name, packages in PACKAGES.items()}
    return Features(**there)  # type: ignore[typeddict-item]


def storage(handle: AssistantHandle, settings: Settings) -> Storage:
    body: Storage = {
        "state": "opening",
        "database": "postgresql" if (settings.database or "").startswith("postgresql") else "sqlite",
        "error": None,
    }
    if handle.made is not None:
        problem = handle.made.database.problem
        if problem is not None:
            body["state"] = "failed"
            body["error"] = {"message": problem.message, "remedy": problem.remedy}
        elif handle.made.database.is_open:
            body["state"] = "ready"
    return body
