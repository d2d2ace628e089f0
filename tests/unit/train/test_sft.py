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
    values["data"] = {"kind": "files", "sources": [str(tmp_path / "talks.jsonl")], "chat": True}
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


def test_low_rank_updates_are_merged_into_an_ordinary_model(tmp_path: Path) -> None:
    run(config(tmp_path), tmp_path / "base")
    start = {"model": None, "tokenizer": None, "start": str(tmp_path / "base/final")}
    run(config(tmp_path, **start, lora={"rank": 2}), tmp_path / "out")
    before, after = (open_bundle(str(tmp_path / run / "final"), dtype="float32").model for run in ("base", "out"))
    changed = [name for name, weight in after.state_dict().items() if not weight.equal(before.state_dict()[name])]
    assert "layers.0.attention.o_proj.weight" in changed
    assert not {"embed.weight", "norm.weight", "layers.1.mlp.experts.up", "head.weight"} & set(changed)


def test_low_rank_and_an_average_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="choose one"):
        config(tmp_path, lora={}, optim={"ema": 0.9})
