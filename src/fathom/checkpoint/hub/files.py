"""Which files of a repository are fetched, and how each is known to be the right one. Free of any network."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fathom.base.errors import CheckpointError, ModelNotFoundError
from fathom.base.progress import human_bytes

BESIDE_WEIGHTS = ("*.json", "*.jinja", "tokenizer.model", "merges.txt", "vocab.txt", "README.md", "LICENSE*", "NOTICE*")
"""What is fetched beside weights. No Python file is among it."""

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".msgpack", ".h5")
"""Endings of weight files that are refused, wherever they come from."""

_NAMED_TEMPLATE = re.compile(r"(additional_chat_templates|chat_templates)/[\w-]+\.jinja")
_VARIANT = re.compile(r"(?P<repo>[^:]+/[^:]+):(?P<variant>[\w.-]+)")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """``identity`` is the sha256 of a large file, or git's own blob hash of a small one."""

    name: str
    size: int
    identity: str

    @classmethod
    def from_sibling(cls, sibling: Any) -> RemoteFile:
        """From an entry of the hub's listing (``RepoSibling`` with its metadata)."""
        large = sibling.lfs.sha256 if sibling.lfs else None
        return cls(sibling.rfilename, sibling.size or 0, large or sibling.blob_id or "")

    def digest_of(self, path: Path) -> str:
        """The hash of the file at ``path``, of the kind that ``identity`` is."""
        digest = hashlib.sha256()
        if len(self.identity) != 64:
            digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
        with path.open("rb") as file:
            while chunk := file.read(1 << 22):
                digest.update(chunk)
        return digest.hexdigest()


def split_name(name: str) -> tuple[str, str | None]:
    """``ORGANIZATION/MODEL:VARIANT`` → repository and variant (None where none is named)."""
    match = _VARIANT.fullmatch(name)
    return (match["repo"], match["variant"]) if match else (name, None)


def choose(files: Sequence[RemoteFile], variant: str | None, repo: str) -> list[RemoteFile]:
    """What to fetch, small files first: safetensors if there are, else one GGUF model; ``variant`` picks a GGUF.

    Raises CheckpointError for a repository with pickled weights only, ModelNotFoundError where a variant must be named
    or does not exist.
    """
    top = [file for file in files if Path(file.name).name == file.name and not file.name.startswith(".")]
    beside = [file for file in top if any(fnmatch.fnmatch(file.name, pattern) for pattern in BESIDE_WEIGHTS)]
    beside += [file for file in files if _NAMED_TEMPLATE.fullmatch(file.name)]
    tensors = [file for file in top if file.name.endswith(".safetensors") and not file.name.startswith("consolidated")]
    ggufs = [file for file in top if file.name.endswith(".gguf") and "mmproj" not in file.name.lower()]
    if variant is None and tensors:
        return _small_first([*beside, *tensors])
    models = _by_model(ggufs)
    if variant is not None:
        models = {stem: parts for stem, parts in models.items() if variant.lower() in stem.lower()}
        if not models:
            raise ModelNotFoundError(f"{repo} has no GGUF file for {variant!r}", _offer(repo, _by_model(ggufs)))
    if len(models) == 1:
        return _small_first(
            [*(file for file in beside if not file.name.endswith(".json")), *next(iter(models.values()))]
        )
    if models:
        raise ModelNotFoundError(f"{repo} has {len(models)} GGUF models", _offer(repo, models))
    pickled = [file.name for file in top if file.name.endswith(PICKLED)]
    if pickled:
        raise CheckpointError(
            f"{repo} has only pickled weights ({', '.join(pickled[:3])}), and loading those can run any code",
            "choose an edition in safetensors or GGUF",
        )
    raise ModelNotFoundError(f"{repo} holds neither safetensors nor GGUF", "choose another repository")


def _by_model(files: Iterable[RemoteFile]) -> dict[str, list[RemoteFile]]:
    """Parts of a split model belong together."""
    models: dict[str, list[RemoteFile]] = {}
    for file in files:
        stem = re.sub(r"-\d{5}-of-\d{5}$", "", file.name.removesuffix(".gguf"))
        models.setdefault(stem, []).append(file)
    return models


def _offer(repo: str, models: dict[str, list[RemoteFile]]) -> str:
    """Name the variants: what the models' names do not have in common, with sizes."""
    if not models:
        return f"fetch {repo} without a variant"
    stems = sorted(models, key=lambda stem: sum(file.size for file in models[stem]))
    listed = ", ".join(f"{stem} ({human_bytes(sum(file.size for file in models[stem]))})" for stem in stems)
    return f"add a part of a name behind a colon, as in {repo}:{stems[0].rpartition('-')[2]}; there are {listed}"


def _small_first(files: list[RemoteFile]) -> list[RemoteFile]:
    return sorted(files, key=lambda file: (file.size, file.name))
