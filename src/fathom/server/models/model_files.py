"""What the files of a model say about it, read without loading it and without torch: headers and metadata only."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fathom.base.errors import FathomError, TokenizerError
from fathom.checkpoint.gguf.reader import GGUFReader
from fathom.checkpoint.gguf.types import BlockType
from fathom.model.families.registry import FAMILIES
from fathom.text import markers
from fathom.text.template.template import SWITCHES, ChatTemplate
from fathom.types import Conversation, Message

INDEX = "model.safetensors.index.json"
_SPLIT = re.compile(r"(?P<stem>.+)-(?P<part>\d{5})-of-(?P<count>\d{5})\.gguf")
_BYTES_IN_MEMORY = {"F32": 4, "F16": 4}
"""Of a number, by its type in safetensors; others are 2: see `fathom.checkpoint.precision`."""

_LARGEST_HEADER = 64 << 20  # bytes; one of 100 000 tensors takes 12 MB
_PROBE = Conversation((Message("user", "?"),))


@dataclass(frozen=True, slots=True)
class FileFacts:
    """``bytes`` of the files with weights, ``memory_bytes`` of the weights once they are loaded. ``chats``: there is a
    chat template; ``thinking``: it opens a thinking, or lets the client switch it. None: the files do not say it."""

    bytes: int
    parameters: int
    memory_bytes: int
    context: int | None = None
    chats: bool = False
    thinking: bool = False
    license: str | None = None


def read_facts(path: Path) -> FileFacts | None:
    """The facts of a directory or a GGUF file; None where it is incomplete, damaged, or of no family that we load."""
    try:
        files = weight_files(path)
        if not files:
            return None
        stamp = tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)
        return _read(path, stamp)
    except (OSError, ValueError):  # gone since it was listed; an index that is none
        return None


def weight_files(path: Path) -> list[Path]:
    """The files of weights of a complete model; none where one of its parts is missing."""
    if path.is_file():
        return _gguf_parts(path) if path.suffix == ".gguf" else []
    if not (path / "config.json").is_file():
        return []
    if (path / INDEX).is_file():
        names = set(_mapping(_mapping(_read_json(path / INDEX)).get("weight_map")).values())
        files = [path / name for name in sorted(names) if isinstance(name, str)]
        return files if all(file.is_file() for file in files) else []
    return sorted(path.glob("*.safetensors"))


def _gguf_parts(path: Path) -> list[Path]:
    match = _SPLIT.fullmatch(path.name)
    if match is None:
        return [path]
    count = int(match["count"])
    if count > 1000:  # no model has as many, and a name can say anything
        return []
    parts = [path.with_name(f"{match['stem']}-{part:05}-of-{match['count']}.gguf") for part in range(1, count + 1)]
    return parts if all(part.is_file() for part in parts) else []


@lru_cache(maxsize=256)
def _read(path: Path, stamp: tuple[tuple[str, int, int], ...]) -> FileFacts | None:
    """The facts of ``path``, whose files of weights are, with size and time of change, in ``stamp``."""
    files = [Path(name) for name, _, _ in stamp]
    size = sum(size for _, size, _ in stamp)
    try:
        return _read_gguf(files, size) if path.is_file() else _read_directory(path, files, size)
    except (FathomError, ValueError, TypeError, KeyError):  # a file may hold anything; opening it says what is wrong
        return None


def _read_directory(path: Path, files: Iterable[Path], size: int) -> FileFacts | None:
    config = _mapping(_read_json(path / "config.json"))
    known = {name for family in FAMILIES.values() for name in (family.hf_architecture, family.hf_multimodal)}
    if not known.intersection(config.get("architectures") or ()):
        return None
    text = config.get("text_config")
    context = (text if isinstance(text, dict) else config).get("max_position_embeddings")
    template = ChatTemplate.from_directory(path)
    tensors = [tensor for file in files for tensor in _safetensors(file)]
    return FileFacts(
        bytes=size,
        parameters=sum(numbers for numbers, _ in tensors),
        memory_bytes=sum(numbers * _BYTES_IN_MEMORY.get(dtype, 2) for numbers, dtype in tensors),
        context=context if isinstance(context, int) else None,
        chats=template is not None,
        thinking=template is not None and can_think(template),
        license=_license_of_card(path / "README.md"),
    )


def _read_gguf(files: list[Path], size: int) -> FileFacts | None:
    readers = [GGUFReader(file) for file in files]
    tensors = [tensor for reader in readers for tensor in reader.tensors.values()]
    metadata = readers[0].metadata
    architecture = metadata.get("general.architecture")
    if architecture not in {family.gguf_architecture for family in FAMILIES.values()}:
        return None
    template = ChatTemplate.from_gguf(metadata)
    context, license_ = metadata.get(f"{architecture}.context_length"), metadata.get("general.license")
    return FileFacts(
        bytes=size,
        parameters=sum(math.prod(tensor.shape) for tensor in tensors),
        memory_bytes=sum(len(tensor.data) * (2 if tensor.type is BlockType.F16 else 1) for tensor in tensors),
        context=int(context) if context is not None else None,
        chats=template is not None,
        thinking=template is not None and can_think(template),
        license=license_ if isinstance(license_, str) else None,
    )


def can_think(template: ChatTemplate) -> bool:
    """Whether a client can switch the thinking, or each turn begins with it."""
    try:
        return bool(SWITCHES & template.variables) or template.render(_PROBE).rstrip().endswith(markers.THINK_OPEN)
    except TokenizerError:
        return False


def _safetensors(file: Path) -> Iterator[tuple[int, str]]:
    """How many numbers each tensor of a file has, and their type, from its header."""
    with file.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        if size > _LARGEST_HEADER:
            raise ValueError(f"a header of {size} bytes")
        header = json.loads(stream.read(size))
    for name, entry in _mapping(header).items():
        if name != "__metadata__":
            yield math.prod(entry["shape"]), entry["dtype"]


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def _license_of_card(card: Path) -> str | None:
    """The licence in the front matter of a model card."""
    if not card.is_file():
        return None
    front = re.match(r"---\n(.*?)\n---", card.read_text(encoding="utf-8", errors="replace")[:10_000], re.DOTALL)
    named = re.search(r"^license:\s*['\"]?([^'\"\n]+)", front[1], re.MULTILINE) if front else None
    return named[1].strip() if named else None
