"""Where templates are stored, and under which names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fathom.base.errors import TokenizerError
from fathom.text.template.files import gguf_metadata, templates_from_directory, templates_from_gguf, write_templates

BOTH = {"default": "one", "tool_use": "two"}


@pytest.mark.parametrize(
    ("listed", "texts"),
    [
        ("one", {"default": "one"}),
        ([{"name": "default", "template": "one"}, {"name": "tool_use", "template": "two"}], BOTH),
        (BOTH, BOTH),
        ([{"name": "tool_use", "template": "two"}], {"default": "two"}),  # the only one
        ([{"name": "default", "template": None}, "nonsense"], {}),
        (None, {}),
        (7, {}),
    ],
)
def test_entries_of_tokenizer_config(listed: Any, texts: dict[str, str], tmp_path: Path) -> None:
    assert templates_from_directory(tmp_path, {"chat_template": listed}) == texts


def test_files_take_precedence_as_in_transformers(tmp_path: Path) -> None:
    config = {"chat_template": {"default": "old", "tool_use": "old tools", "rag": "old rag"}}
    write_templates(tmp_path, BOTH)
    assert (tmp_path / "additional_chat_templates" / "tool_use.jinja").read_text() == "two"
    assert templates_from_directory(tmp_path, config) == BOTH
    (tmp_path / "chat_template.jinja").unlink()
    assert templates_from_directory(tmp_path, config) == {"default": "old", "tool_use": "two", "rag": "old rag"}


def test_other_places(tmp_path: Path) -> None:
    (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": "one"}))
    (tmp_path / "chat_templates").mkdir()
    (tmp_path / "chat_templates" / "tool_use.jinja").write_text("two")
    assert templates_from_directory(tmp_path, {}) == BOTH


def test_metadata_of_gguf_files() -> None:
    metadata = gguf_metadata(BOTH)
    assert metadata == {
        "tokenizer.chat_template": "one",
        "tokenizer.chat_templates": ["tool_use"],
        "tokenizer.chat_template.tool_use": "two",
    }
    assert templates_from_gguf(metadata) == BOTH
    assert gguf_metadata({"default": "one"}) == {"tokenizer.chat_template": "one"}
    assert templates_from_gguf({}) == {}


def test_of_several_one_must_be_the_default(tmp_path: Path) -> None:
    several = {"tool_use": "one", "rag": "two"}
    with pytest.raises(TokenizerError, match="2 chat templates, none called 'default': tool_use, rag; save the one"):
        templates_from_directory(tmp_path, {"chat_template": several})


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_bytes(b"\xff\xfe{")
    with pytest.raises(TokenizerError, match="cannot be read"):
        templates_from_directory(tmp_path, {})
