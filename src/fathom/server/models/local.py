"""The models on this machine: the embedded one, what was pulled, what other programs fetched, what was trained here.

Each is listed only where its files are complete, of a family that we load, and not being fetched at the moment. Nothing
is loaded for the list, and it needs no torch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from huggingface_hub.constants import HF_HUB_CACHE

from fathom.base.errors import FathomError
from fathom.base.paths import models_dir
from fathom.checkpoint.hub import registry
from fathom.checkpoint.resolve import find_embedded, from_path, is_incomplete, name_of_pulled
from fathom.server.models.model_files import FileFacts, read_facts

Origin = Literal["embedded", "pulled", "own", "hub_cache", "run"]
"""Comes with the installation; fetched by Fathom; put into the data folder by the user; in the cache of Hugging Face's
own tools; the result of a training run."""

_PROCESS_BYTES = 400_000_000
"""What a model takes beside its weights: the cache of a conversation of a few thousand tokens, activations."""

_RUN_DEPTH = 3


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model whose files are here. ``id`` is the name that clients ask for, ``path`` what ``open_bundle`` opens."""

    id: str
    path: Path
    origin: Origin
    facts: FileFacts

    @property
    def memory_bytes(self) -> int:
        """About what running it takes."""
        return round(self.facts.memory_bytes * 1.05) + _PROCESS_BYTES


@dataclass(frozen=True, slots=True)
class LocalRoots:
    """Directories in which models are looked for."""

    pulled: Path
    own: Path
    hub_cache: Path
    runs: Path

    @classmethod
    def of_machine(cls, data_dir: Path, runs: Path) -> LocalRoots:
        return cls(models_dir(), data_dir / "models", Path(HF_HUB_CACHE), runs)


def find_local(roots: LocalRoots) -> Mapping[str, LocalModel]:
    """The models of this machine by id. Of two with the same id the first counts, in the order of `Origin`."""
    models: dict[str, LocalModel] = {}
    for origin, name, path in _candidates(roots):
        if name in models:
            continue
        facts = read_facts(path)
        if facts is not None:
            models[name] = LocalModel(name, path, origin, facts)
    return models


def _candidates(roots: LocalRoots) -> Iterator[tuple[Origin, str, Path]]:
    with suppress(FathomError):  # not installed
        yield "embedded", registry.EMBEDDED, find_embedded()
    for directory in _entries(roots.pulled):
        if directory.is_dir() and not is_incomplete(directory):
            yield "pulled", name_of_pulled(directory), _openable(directory)
    for entry in _entries(roots.own):
        yield "own", entry.stem if entry.suffix == ".gguf" else entry.name, _openable(entry)
    for repository in _entries(roots.hub_cache):
        kind, _, name = repository.name.partition("--")
        snapshot = _snapshot(repository)
        if kind == "models" and snapshot is not None:
            yield "hub_cache", name.replace("--", "/"), _openable(snapshot)
    for directory in _final_models(roots.runs, _RUN_DEPTH):
        yield "run", directory.as_posix(), directory


def _openable(path: Path) -> Path:
    """The GGUF file where a directory holds just one, else ``path`` itself."""
    try:
        return from_path(path).path or path
    except FathomError:  # some other file
        return path


def _snapshot(repository: Path) -> Path | None:
    """The newest revision of a repository in the cache of ``huggingface_hub``."""
    reference = repository / "refs" / "main"
    try:
        named = repository / "snapshots" / reference.read_text(encoding="utf-8").strip()
    except OSError:
        return next(iter(_entries(repository / "snapshots")), None)
    return named if named.is_dir() else None


def _final_models(runs: Path, depth: int) -> Iterator[Path]:
    """Every ``final`` directory at most ``depth`` levels below ``runs``."""
    for entry in _entries(runs):
        if not entry.is_dir() or entry.is_symlink():
            continue
        if entry.name == "final":
            yield entry
        elif depth > 0:
            yield from _final_models(entry, depth - 1)


def _entries(directory: Path) -> list[Path]:
    """What is in a directory, by name; nothing where it is not there or closed to us."""
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    return [directory / name for name in names if not name.startswith(".")]
