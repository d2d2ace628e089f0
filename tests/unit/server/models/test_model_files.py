"""What the files of a model say, without torch; and what incomplete and broken ones do not."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from made_models import make_directory, write_safetensors

from fathom.checkpoint.resolve import find_embedded
from fathom.server.models.model_files import FileFacts, can_think, read_facts, weight_files
from fathom.text.template.template import ChatTemplate


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_directory(tmp_path / "model")


def test_a_directory(model: Path):
    (model / "chat_template.jinja").write_text("{% if enable_thinking %}<think>{% endif %}{{ messages }}")
    (model / "README.md").write_text("---\nlicense: 'apache-2.0'\nlanguage: en\n---\nlicense: none\n")
    size = (model / "model.safetensors").stat().st_size
    assert read_facts(model) == FileFacts(size, 200, 400, 2048, chats=True, thinking=True, license="apache-2.0")


@pytest.mark.parametrize(("dtype", "memory"), [("BF16", 400), ("F16", 800), ("F32", 800), ("F8_E4M3", 400)])
def test_numbers_take_the_memory_of_the_type_that_they_are_loaded_in(model: Path, dtype: str, memory: int):
    write_safetensors(model / "model.safetensors", dtype)
    facts = read_facts(model)
    assert facts is not None
    assert facts.memory_bytes == memory


def test_the_embedded_model():
    path = find_embedded()
    facts = read_facts(path)
    assert facts is not None
    assert facts.bytes == path.stat().st_size
    assert 134_000_000 < facts.parameters < 136_000_000
    assert facts.bytes * 0.9 < facts.memory_bytes < facts.bytes * 1.2
    assert (facts.context, facts.chats, facts.thinking) == (8192, True, False)


def test_parts_that_are_missing(tmp_path: Path, model: Path):
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (model / "model.safetensors.index.json").write_text(json.dumps(index))
    (model / "model.safetensors").rename(model / "model-1.safetensors")
    assert read_facts(model) is None
    write_safetensors(model / "model-2.safetensors")
    facts = read_facts(model)
    assert facts is not None
    assert facts.parameters == 400
    first = tmp_path / "x-00001-of-00002.gguf"
    first.touch()
    assert weight_files(first) == []
    (tmp_path / "x-00002-of-00002.gguf").touch()
    assert len(weight_files(first)) == 2
    assert weight_files(tmp_path / "x-00001-of-99999.gguf") == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b'{"architectures": ["BertModel"]}'),
        ("config.json", b"[]"),
        ("config.json", b"{"),
        ("config.json", b'{"architectures": 5}'),
        ("model.safetensors", b""),
        ("model.safetensors", b"\xff" * 8),
        ("model.safetensors", struct.pack("<Q", 2) + b"[]"),
        ("model.safetensors", struct.pack("<Q", 9) + b'{"w": {}}'),
        ("model.safetensors.index.json", b'{"weight_map": []}'),
        ("model.safetensors.index.json", b'{"weight_map": {"a": 5}}'),
        ("tokenizer_config.json", b"{"),
    ],
)
def test_what_is_no_model_of_ours(model: Path, name: str, content: bytes):
    (model / name).write_bytes(content)
    assert read_facts(model) is None


def test_other_files(tmp_path: Path):
    (tmp_path / "notes.txt").touch()
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    for name in ("notes.txt", "broken.gguf", "gone", "gone.gguf", "."):
        assert read_facts(tmp_path / name) is None, name


def test_which_templates_let_a_model_think():
    assert can_think(ChatTemplate("{% if thinking %}{% endif %}"))
    assert can_think(ChatTemplate("{{ messages[0].content }}<think>\n"))
    assert not can_think(ChatTemplate("{{ messages[0].content }}"))
    assert not can_think(ChatTemplate("{{ raise_exception('no') }}"))
    assert not can_think(ChatTemplate("{% broken"))
