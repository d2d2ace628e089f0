"""A Hugging Face directory: ``config.json`` and safetensors, in one file or in shards with an index.

Opening it reads headers only, and everything that can be wrong with the files is said then. Pickled weights are
refused, whatever else the directory contains: loading one runs the code inside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fathom.base.errors import CheckpointError, ModelNotFoundError
from fathom.checkpoint.hf.config import HFConfig, read_config
from fathom.checkpoint.hf.fp8 import SCALE, FP8Blocks
from fathom.checkpoint.hf.multimodal import text_name
from fathom.checkpoint.hf.safetensors_file import Entry, SafetensorsFile, find_repeated
from fathom.checkpoint.hub.files import PICKLED
from fathom.checkpoint.names import NameTable, hf_table
from fathom.model.config import ModelConfig
from fathom.model.families.registry import FAMILIES

INDEX = "model.safetensors.index.json"
_SHARD = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.safetensors")


class SafetensorsWeights:
    """The tensors of all shards; FP8 is decoded as it is read. A ``Weights``.

    ``index`` says which file holds a tensor that more than one contains. ``rename`` gives a stored tensor the name that
    it is known by here; None: it is none of ours.
    """

    def __init__(
        self,
        files: list[SafetensorsFile],
        fp8: FP8Blocks | None = None,
        index: Mapping[str, SafetensorsFile] | None = None,
        rename: Callable[[str], str | None] = str,
    ) -> None:
        self.files = files
        self._fp8 = fp8
        file_of = {name: file for file in files for name in file.entries} | dict(index or {})
        self._stored = {new: (name, file) for name, file in file_of.items() if (new := rename(name)) is not None}
        scales = {name for name in self._stored if name.endswith(SCALE) and name.removesuffix(SCALE) in self._stored}
        self.shapes: dict[str, tuple[int, ...]] = {
            name: self._entry(name).shape for name in self._stored if name not in scales
        }
        self._check_scales()

    @property
    def nbytes(self) -> int:
        """Bytes of the stored tensors, scales included."""
        return sum(entry.size for file in self.files for entry in file.entries.values())

    def dtypes(self) -> dict[torch.dtype, int]:
        """Stored number types and how many bytes each takes."""
        sizes: dict[torch.dtype, int] = {}
        for file in self.files:
            for entry in file.entries.values():
                sizes[entry.dtype] = sizes.get(entry.dtype, 0) + entry.size
        return sizes

    def are_equal(self, name: str, other: str) -> bool:
        """Whether two stored tensors have the same bytes."""
        first, second = self._read(name), self._read(other)
        return first.dtype == second.dtype and first.shape == second.shape and bool(torch.equal(first, second))

    def read(self, name: str) -> Tensor:
        stored = self._read(name)
        if stored.dtype not in _FP8:
            return stored
        assert self._fp8 is not None  # _check_scales has seen to it
        return self._fp8.decode(stored, self._read(name + SCALE))

    def _read(self, name: str) -> Tensor:
        stored, file = self._stored[name]
        return file.read(stored)

    def _entry(self, name: str) -> Entry:
        stored, file = self._stored[name]
        return file.entries[stored]

    def _check_scales(self) -> None:
        wrong: list[str] = []
        for name, shape in self.shapes.items():
            if self._entry(name).dtype not in _FP8:
                continue
            scale = self._entry(name + SCALE) if name + SCALE in self._stored else None
            expected = self._fp8.scale_shape(shape) if self._fp8 else None
            if self._fp8 is None or scale is None or len(shape) != 2:
                wrong.append(f"{name} (no scales)")
            elif expected is not None and scale.shape != expected:
                wrong.append(f"{name} (scales {scale.shape} instead of {expected})")
        if wrong:
            raise CheckpointError(
                f"{len(wrong)} FP8 tensors cannot be decoded: {', '.join(wrong[:10])}",
                "download the checkpoint again, with its config.json",
            )


_FP8 = (torch.float8_e4m3fn, torch.float8_e5m2)
_HEAD, _EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"


class HFDirectory:
    """``config`` as the file says it, ``model_config`` as the weights bear it out, ``weights``, ``table``.

    Where the file promises MTP modules and no tensor of one is there (transformers drops them when it saves),
    ``model_config`` has none. Where it ties head and embedding and a head of its own is stored, ``model_config`` has
    that head, as in transformers. ``notes`` says so, a line each.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config: HFConfig = read_config(read_json(path, "config.json"))
        files, index = _open_files(path)
        rename = text_name if self.config.is_multimodal else str
        fp8 = FP8Blocks.from_config(self.config.quantization)
        self.weights = SafetensorsWeights(files, fp8, index, rename)
        self.table: NameTable = table_for(self.config.model)
        self.notes: list[str] = list(self.config.notes)
        self.model_config: ModelConfig = self._with_stored_head(self._without_absent_mtp(self.config.model))

    @property
    def dtype(self) -> torch.dtype:
        """The number type to compute in, as the file asks for it; else that in which most bytes are stored."""
        named = getattr(torch, str(self.config.dtype).removeprefix("torch."), None)
        if isinstance(named, torch.dtype):
            return named
        sizes = self.weights.dtypes()
        stored = max(sizes, key=lambda dtype: sizes[dtype]) if sizes else torch.float32
        return stored if stored in (torch.float32, torch.float16, torch.bfloat16) else torch.bfloat16

    def generation_config(self) -> dict[str, Any]:
        """``generation_config.json``; empty where there is none."""
        return read_json(self.path, "generation_config.json") if (self.path / "generation_config.json").exists() else {}

    def _without_absent_mtp(self, model: ModelConfig) -> ModelConfig:
        prefixes = tuple(f"model.layers.{model.num_layers + d}." for d in range(model.num_mtp_layers))
        if not prefixes or any(name.startswith(prefixes) for name in self.weights.shapes):
            return model
        return model.model_copy(update={"num_mtp_layers": 0})

    def _with_stored_head(self, model: ModelConfig) -> ModelConfig:
        stored = {_HEAD, _EMBEDDING} <= self.weights.shapes.keys()
        if not model.tie_embeddings or not stored or self.weights.are_equal(_HEAD, _EMBEDDING):
            return model
        self.notes.append(
            f"config.json ties the head to the embedding, and {_HEAD} is stored with other values: it is used"
        )
        return model.model_copy(update={"tie_embeddings": False})


def table_for(config: ModelConfig) -> NameTable:
    """The names in Hugging Face checkpoints of the model's family."""
    return hf_table(FAMILIES[config.family])


def read_json(directory: Path, name: str) -> dict[str, Any]:
    """An object from a JSON file of a model directory; ModelNotFoundError or CheckpointError say what is wrong."""
    if not directory.is_dir():
        raise ModelNotFoundError(
            f"{directory} is not a directory", "check the path, or fetch a model: fathom pull NAME"
        )
    file = directory / name
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _not_a_model(directory, name) from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{file} cannot be read: {error}", "download the file again") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{file} holds no JSON object", "download the file again")
    return values


def _not_a_model(directory: Path, name: str) -> ModelNotFoundError:
    names = sorted(entry.name for entry in directory.iterdir())
    if not names:
        return ModelNotFoundError(f"{directory} is empty", "fetch a model: fathom pull NAME")
    if any(entry.endswith(".partial") for entry in names):
        return ModelNotFoundError(f"{directory} was fetched in part", "fathom pull NAME continues where it stopped")
    if any(entry.endswith(".gguf") for entry in names):
        return ModelNotFoundError(f"{directory} holds GGUF files and no {name}", "name the .gguf file itself")
    return ModelNotFoundError(f"{directory} has no {name}", "name a directory that holds config.json and *.safetensors")


def _open_files(path: Path) -> tuple[list[SafetensorsFile], dict[str, SafetensorsFile]]:
    """The files of a model, and the one of each tensor by the index (empty where there is none)."""
    if (path / INDEX).exists():
        return _open_indexed(path)
    names = sorted(entry.name for entry in path.glob("*.safetensors"))
    if not names:
        raise _no_safetensors(path)
    chosen = (
        ["model.safetensors"] if "model.safetensors" in names else [n for n in names if _SHARD.fullmatch(n)] or names
    )
    if len(chosen) > 1 and (absent := _absent_shards(chosen)):
        raise CheckpointError(
            f"{path} lacks {len(absent)} shards: {', '.join(absent)}", "download them: fathom pull NAME"
        )
    files = [SafetensorsFile(path / name) for name in chosen]
    if repeated := find_repeated(files):
        raise CheckpointError(
            f"{path} holds {len(repeated)} tensors in more than one file, {repeated[0]} among them",
            f"remove the files that do not belong to the model, or add {INDEX}",
        )
    return files, {}


def _open_indexed(path: Path) -> tuple[list[SafetensorsFile], dict[str, SafetensorsFile]]:
    places = read_json(path, INDEX).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(file, str) for file in places.values()):
        raise CheckpointError(f"{path / INDEX} has no weight_map", "download the file again")
    names = sorted(set(places.values()))
    if outside := [name for name in names if Path(name).name != name]:
        raise CheckpointError(f"{path / INDEX} names files elsewhere: {', '.join(outside)}", "download the model again")
    absent = [name for name in names if not (path / name).exists()]
    if absent:
        raise CheckpointError(
            f"{path} lacks {len(absent)} of {len(names)} shards: {', '.join(absent)}",
            "the download is incomplete: fathom pull NAME continues it",
        )
    files = {name: SafetensorsFile(path / name) for name in names}
    misplaced = [name for name, file in places.items() if name not in files[file].entries]
    if misplaced:
        raise CheckpointError(
            f"{path / INDEX} places {len(misplaced)} tensors where they are not: {', '.join(misplaced[:20])}",
            "download the index and the shards again, from one revision",
        )
    unlisted = [name for name in find_repeated(list(files.values())) if name not in places]
    if unlisted:
        raise CheckpointError(
            f"{path} holds {len(unlisted)} tensors in more than one file that {INDEX} does not list, "
            f"{unlisted[0]} among them",
            "download the index and the shards again, from one revision",
        )
    return list(files.values()), {name: files[file] for name, file in places.items()}


def _absent_shards(names: list[str]) -> list[str]:
    absent: list[str] = []
    for name in names:
        if (match := _SHARD.fullmatch(name)) and match["number"] == "00001":
            expected = [
                f"{match['stem']}-{n:05d}-of-{match['count']}.safetensors" for n in range(1, int(match["count"]) + 1)
            ]
            absent += [shard for shard in expected if shard not in names]
    return absent


def _no_safetensors(path: Path) -> CheckpointError:
    pickled = sorted(entry.name for entry in path.iterdir() if entry.suffix in PICKLED and entry.is_file())
    if pickled:
        return CheckpointError(
            f"{path} holds its weights only pickled ({', '.join(pickled[:5])}), and loading those can run any code",
            "convert them to safetensors where you trust them, or choose an edition that ships *.safetensors",
        )
    return CheckpointError(
        f"{path} holds no *.safetensors", "the download is incomplete: fathom pull NAME continues it"
    )
