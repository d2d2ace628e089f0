"""The state of a run on disk: whole or not there, whatever happens to the machine.

    DIR/checkpoints/step-00000100/    state.safetensors   every tensor, by its path in the state
                                      state.json          everything else, with a mark where a tensor belongs
                                      manifest.json       what this is, and the size and hash of both
                                      tokenizer/          what wrote the tokens, where the run has one

A checkpoint is written under another name, flushed to the disk and renamed, and only then are older ones removed. So
a kill, a power cut or a full disk leaves the previous one as it was. Which is the latest is not written anywhere: it is
the highest step whose manifest and hashes hold. A pointer file was refused, because it can point at half a checkpoint.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

import fathom
from fathom.base.errors import CheckpointError
from fathom.base.progress import Report, silent
from fathom.checkpoint.hf.safetensors_file import write_safetensors
from fathom.checkpoint.store.tree import join, split

FORMAT = 1
MANIFEST, VALUES, TENSORS = "manifest.json", "state.json", "state.safetensors"
_NAME = re.compile(r"step-(\d{8,})")
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint on disk whose hashes held when it was found. ``config`` is that of the run that wrote it."""

    path: Path
    step: int
    config: Mapping[str, Any]
    version: str

    def read(self) -> dict[str, Any]:
        """The state, tensors on the CPU. Raises CheckpointError where the disk fails."""
        try:
            tensors = load_file(self.path / TENSORS)
            skeleton = json.loads((self.path / VALUES).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{self.path} cannot be read: {error}", "check the disk") from error
        state = join(skeleton, tensors)
        assert isinstance(state, dict)  # write takes nothing else
        return state


class Store:
    """The checkpoints of one run in ``directory``, which is made when the first is written.

    ``report`` is called for checkpoints that are skipped. ``beside`` writes what else belongs into the folder of a
    checkpoint. Raises ValueError where ``keep`` is below 1.
    """

    def __init__(
        self,
        directory: Path,
        keep: int = 2,
        report: Report = silent,
        beside: Callable[[Path], None] = lambda _folder: None,
    ) -> None:
        if keep < 1:
            raise ValueError("at least one checkpoint is kept")
        self.directory = directory / "checkpoints"
        self._keep = keep
        self._report = report
        self._beside = beside

    def save(self, step: int, config: Mapping[str, Any], state: Mapping[str, Any]) -> Saved:
        """Write ``state`` (nested tensors and plain values) as that of ``step``, then remove all but the newest
        ``keep``.

        Raises CheckpointError where the disk refuses; the earlier checkpoints are then as they were.
        """
        final = self.directory / f"step-{step:08d}"
        partial = self.directory / f"{_UNFINISHED}{step:08d}-{os.getpid()}"
        try:
            partial.mkdir(parents=True, exist_ok=True)
            self._beside(partial)
            manifest = _write(partial, step, config, state)
            shutil.rmtree(final, ignore_errors=True)  # a damaged one of this name, or one of a run that was taken back
            partial.rename(final)
            _flush(self.directory)
        except (OSError, CheckpointError) as error:
            kept = max((step for step, _ in self._step_directories()), default=None)
            what = error.message if isinstance(error, CheckpointError) else str(error)
            remains = "there is no earlier one" if kept is None else f"that of step {kept} is intact"
            raise CheckpointError(
                f"the checkpoint of step {step} cannot be written: {what}; {remains}",
                "free some space and run the same command again",
            ) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        self._remove_older(step)
        return _read_manifest(final, manifest)

    def latest(self) -> Saved | None:
        """The newest checkpoint that is whole; None where there is none. Damaged ones are reported and passed over."""
        for _, path in sorted(self._step_directories(), reverse=True):
            try:
                return check(path)
            except CheckpointError as error:
                self._report(f"passed over: {error.message}", None)
        return None

    def clean(self) -> None:
        """Remove what a killed run left half written. Only for the one run that owns the directory."""
        for path in self.directory.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(path, ignore_errors=True)

    def _step_directories(self) -> Iterator[tuple[int, Path]]:
        if self.directory.is_dir():
            for path in self.directory.iterdir():
                if named := _NAME.fullmatch(path.name):
                    yield int(named[1]), path

    def _remove_older(self, step: int) -> None:
        older = sorted(((number, path) for number, path in self._step_directories() if number < step), reverse=True)
        for _, path in older[self._keep - 1 :]:
            shutil.rmtree(path, ignore_errors=True)


def check(path: Path) -> Saved:
    """The checkpoint at ``path``; raises CheckpointError that says what is wrong with it."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        described = manifest["files"]
        for name in (VALUES, TENSORS):
            expected, actual = described[name]["bytes"], (path / name).stat().st_size
            if actual != expected:
                raise CheckpointError(f"{path / name} has {actual} bytes of {expected}")
            if _hash(path / name) != described[name]["sha256"]:
                raise CheckpointError(f"{path / name} was changed or damaged")
        if manifest["format"] != FORMAT:
            raise CheckpointError(f"{path} has format {manifest['format']}, and this version reads {FORMAT}")
        return _read_manifest(path, manifest)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} lacks {Path(error.filename).name}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path / MANIFEST} is damaged: {error}") from error


def _read_manifest(path: Path, manifest: Mapping[str, Any]) -> Saved:
    return Saved(path, int(manifest["step"]), manifest["config"], manifest["version"])


def _write(folder: Path, step: int, config: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    skeleton, tensors = split(dict(state))
    write_safetensors(folder / TENSORS, {name: _plain(tensor) for name, tensor in tensors.items()})
    _write_text(folder / VALUES, json.dumps(skeleton))
    manifest = {
        "format": FORMAT,
        "step": step,
        "version": fathom.__version__,
        "torch": torch.__version__,
        "config": dict(config),
        "files": {
            name: {"bytes": (folder / name).stat().st_size, "sha256": _hash(folder / name)}
            for name in (VALUES, TENSORS)
        },
    }
    _write_text(folder / MANIFEST, json.dumps(manifest, indent=2))
    for name in (TENSORS, VALUES, MANIFEST):
        _flush(folder / name)
    _flush(folder)
    return manifest


def _plain(tensor: Tensor) -> Tensor:
    """On the CPU, in memory of its own: safetensors refuses views that share."""
    held = tensor.detach().cpu().contiguous()
    return held.clone() if held.untyped_storage().nbytes() != held.nbytes else held


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """To the disk itself. Some systems cannot open a directory; there the rename is all there is."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
