"""The chat templates that a model's files hold, by name.

Most models have one. Some have several: ``default``, ``tool_use`` for conversations with tools, ``rag``… They are in
chat_template.jinja and the folder additional_chat_templates (chat_templates in some repositories), in
tokenizer_config.json or chat_template.json as a list or an object, or in the metadata of a GGUF file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fathom.base.errors import TokenizerError
from fathom.text.tokenizer.special import read_json

DEFAULT, TOOL_USE = "default", "tool_use"
FILE = "chat_template.jinja"
FOLDER = "additional_chat_templates"

_FOLDERS = (FOLDER, "chat_templates")
_KEY = "tokenizer.chat_template"


def templates_from_directory(directory: Path, config: Mapping[str, Any]) -> dict[str, str]:
    """The templates of a Hugging Face directory; ``config`` is its tokenizer_config.json. As in transformers, the files
    take precedence. Raises TokenizerError where there are several and none of them is the default."""
    texts = {file.stem: _read(file) for folder in _FOLDERS for file in sorted((directory / folder).glob("*.jinja"))}
    if (directory / FILE).is_file():
        texts[DEFAULT] = _read(directory / FILE)
    if DEFAULT not in texts:
        listed = config.get("chat_template") or read_json(directory / "chat_template.json").get("chat_template")
        texts = _by_name(listed) | texts
    return _with_default(texts)


def templates_from_gguf(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The templates of a GGUF file. Raises TokenizerError where there are several and none of them is the default."""
    named = {key.removeprefix(f"{_KEY}."): text for key, text in metadata.items() if key.startswith(f"{_KEY}.")}
    return _with_default(_by_name({DEFAULT: metadata.get(_KEY), **named}))


def gguf_metadata(texts: Mapping[str, str]) -> dict[str, Any]:
    """The metadata of a GGUF file for templates by name, as llama.cpp's converter writes it."""
    named = {name: text for name, text in texts.items() if name != DEFAULT}
    metadata: dict[str, Any] = {_KEY: texts[DEFAULT]}
    if named:
        metadata |= {f"{_KEY}s": list(named), **{f"{_KEY}.{name}": text for name, text in named.items()}}
    return metadata


def write_templates(directory: Path, texts: Mapping[str, str]) -> None:
    """Write templates by name as transformers does."""
    (directory / FILE).write_text(texts[DEFAULT], encoding="utf-8")
    for name, text in texts.items():
        if name != DEFAULT:
            (directory / FOLDER).mkdir(exist_ok=True)
            (directory / FOLDER / f"{name}.jinja").write_text(text, encoding="utf-8")


def _by_name(listed: Any) -> dict[str, str]:
    """A template, a list of names and texts, or an object of them."""
    if isinstance(listed, list):
        listed = {entry.get("name"): entry.get("template") for entry in listed if isinstance(entry, Mapping)}
    if not isinstance(listed, Mapping):
        listed = {DEFAULT: listed}
    return {str(name): text for name, text in listed.items() if isinstance(text, str) and text}


def _with_default(texts: dict[str, str]) -> dict[str, str]:
    if len(texts) > 1 and DEFAULT not in texts:
        raise TokenizerError(
            f"the model has {len(texts)} chat templates, none called 'default': {', '.join(texts)}",
            f"save the one to use as {FILE} in the model's directory",
        )
    return texts if DEFAULT in texts or not texts else {DEFAULT: next(iter(texts.values()))}


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TokenizerError(f"{file} cannot be read: {error}", "download the file again") from error
