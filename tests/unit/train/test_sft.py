from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from tiny_runs import tiny_config, tiny_model

from fathom.base.errors import ConfigError
from fathom.checkpoint.bundle import open_bundle
from fathom.train.display import Display
from fathom.train.sft import sft
from fathom.train.supervised import SFTConfig

TALK = (
    '{"messages": [{"role": "user", "content": "hi"},'
    ' {"role": "assistant", "content": "ho", "reasoning_content": "hm"}]}\n'
)


def config(tmp_path: Path, **changes: object) -> SFTConfig:
    (tmp_path / "talks.jsonl").write_text(TALK * 8)
    values = tiny_config().model_dump(exclude={"stage", "packing"})
    values["model"] = tiny_model().model_copy(update={"vocab_size": 320})
    values["data"] = {"kind": "files", "files": [str(tmp_path / "talks.jsonl")]}
    return SFTConfig.model_validate({**values, "steps": 2, **changes})


def run(settings: SFTConfig, out: Path) -> None:
    with Display(Console(file=io.StringIO())) as display:
        assert sft(settings, out, display)


def test_samples_are_packed_whole(tmp_path: Path) -> None:
    assert config(tmp_path).packing == "best_fit"


def test_a_template_of_ones_own_is_learned_and_saved(tmp_path: Path) -> None:
    (tmp_path / "own.jinja").write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:")
    run(config(tmp_path, template=str(tmp_path / "own.jinja")), tmp_path / "out")
    template = open_bundle(str(tmp_path / "out/final"), dtype="float32").template
    assert template is not None
    assert template.source.endswith("assistant:")


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.jinja cannot be read"):
        run(config(tmp_path, template=str(tmp_path / "none.jinja")), tmp_path / "out")
