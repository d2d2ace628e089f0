"""Vocabularies written from a tokenizer.json tokenize equally; what GGUF cannot say is refused."""

import json
from pathlib import Path

import pytest
from tiny_models import tiny_model, write_tokenizer

from fathom.base.errors import TokenizerError
from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.gguf.export import save_gguf
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.gguf.vocabulary import vocabulary_from_directory
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer


@pytest.mark.parametrize(
    "cut", ["llama-bpe", "qwen2", "smollm", "gpt-2", "deepseek-llm", "deepseek-coder", "deepseek-v3"]
)
def test_a_vocabulary_written_from_a_directory_cuts_text_equally(cut: str, tmp_path: Path) -> None:
    write_tokenizer(tmp_path, cut)
    original = Tokenizer.from_directory(tmp_path)
    vocabulary = vocabulary_from_directory(tmp_path, 320)
    template = ChatTemplate("{{ messages[0].content }}")
    save_gguf(tmp_path / "m.gguf", tiny_model("tiny-llama"), vocabulary, template=template, license_="mit")

    bundle = open_bundle(tmp_path / "m.gguf", dtype="float32")

    assert vocabulary["tokenizer.ggml.pre"] == cut
    text = "the other 1234 words, ça va?\n\n  日本 they'LL<|end|>"
    assert bundle.tokenizer.encode(text) == original.encode(text)
    assert bundle.tokenizer.eos_ids == original.eos_ids
    assert bundle.template is not None
    assert bundle.template.text == template.text
    assert GGUFModel(tmp_path / "m.gguf").metadata["general.license"] == "mit"


def test_a_way_of_cutting_without_a_name(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    described = json.loads((tmp_path / "tokenizer.json").read_text())
    described["pre_tokenizer"] = {"type": "Whitespace"}
    (tmp_path / "tokenizer.json").write_text(json.dumps(described))
    with pytest.raises(TokenizerError, match=r"splits text into words in a way that has no name in GGUF; convert"):
        vocabulary_from_directory(tmp_path, 320)


def test_a_vocabulary_beyond_the_model(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    with pytest.raises(TokenizerError, match=r"has the token id \d+, the model only 100; use the tokenizer"):
        vocabulary_from_directory(tmp_path, 100)
