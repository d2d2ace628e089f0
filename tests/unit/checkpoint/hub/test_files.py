"""Which files of a repository are fetched, and how a file is known to be the right one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fathom.checkpoint.hub.files import RemoteFile, choose, split_name


def listing(*names: str) -> list[RemoteFile]:
    return [RemoteFile(name, size, "") for size, name in enumerate(names, 1)]


def chosen(variant: str | None, *names: str) -> list[str]:
    return [file.name for file in choose(listing(*names), variant, "org/model")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("org/model", ("org/model", None)), ("org/model:Q4_K_M", ("org/model", "Q4_K_M")), ("qwen3", ("qwen3", None))],
)
def test_a_variant_follows_a_colon(name: str, expected: tuple[str, str | None]) -> None:
    assert split_name(name) == expected


def test_the_identity_is_a_sha256_or_the_hash_of_a_git_blob(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert RemoteFile("file", 7, "0" * 64).digest_of(path) == hashlib.sha256(b"content").hexdigest()
    blob = hashlib.sha1(b"blob 7\0content").hexdigest()  # what `git hash-object` prints
    assert RemoteFile("file", 7, "0" * 40).digest_of(path) == blob


def test_safetensors_and_what_belongs_to_them_small_files_first() -> None:
    names = (
        "config.json",
        "model.safetensors",
        "consolidated.safetensors",
        "run.py",
        "x.bin",
        "a/b.json",
        ".hidden.json",
        "additional_chat_templates/tool_use.jinja",
        "other/tool_use.jinja",
    )
    assert chosen(None, *names) == [
        "config.json",
        "model.safetensors",
        "additional_chat_templates/tool_use.jinja",
    ]


def test_a_gguf_brings_its_parts_and_no_json() -> None:
    names = ("config.json", "LICENSE", "m-q8-00001-of-00002.gguf", "m-q8-00002-of-00002.gguf", "mmproj-m.gguf")
    assert chosen(None, *names) == ["LICENSE", "m-q8-00001-of-00002.gguf", "m-q8-00002-of-00002.gguf"]


def test_a_variant_picks_a_gguf_beside_safetensors() -> None:
    assert chosen("q4", "model.safetensors", "m-Q4_0.gguf", "m-Q8_0.gguf") == ["m-Q4_0.gguf"]
