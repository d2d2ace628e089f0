from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file
from tiny_runs import tiny_config, tiny_model

from fathom.base.errors import CheckpointError, ConfigError
from fathom.checkpoint.bundle import open_bundle
from fathom.train.run.display import Display
from fathom.train.supervised.config import SFTConfig
from fathom.train.supervised.run import run_supervised

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
        assert run_supervised(settings, out, display)


def test_samples_are_packed_whole(tmp_path: Path) -> None:
    assert config(tmp_path).packing == "best_fit"


def test_a_template_of_ones_own_is_learned_and_saved(tmp_path: Path) -> None:
    (tmp_path / "own.jinja").write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:")
    run(config(tmp_path, template=str(tmp_path / "own.jinja")), tmp_path / "out")
    template = open_bundle(str(tmp_path / "out/final"), dtype="float32").template
    assert template is not None
    assert template.text.endswith("assistant:")


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
    still = {"embed.weight", "norm.weight", "layers.1.mlp.experts.up", "layers.1.mlp.router.bias", "head.weight"}
    assert not still & set(changed)
    assert (tmp_path / "out/adapter/adapter_model.safetensors").is_file()
    assert not (tmp_path / "base/adapter").exists()


def test_checkpoints_of_adapters_are_small_and_resume_bit_identically(tmp_path: Path) -> None:
    run(config(tmp_path), tmp_path / "base")
    start = {"model": None, "tokenizer": None, "start": str(tmp_path / "base/final"), "checkpoint": {"every": 1}}
    settings = config(tmp_path, **start, lora={"rank": 2})
    run(settings, tmp_path / "straight")
    run(settings, tmp_path / "cut")
    states = [tmp_path / name / "checkpoints/step-00000002/state.safetensors" for name in ("base", "straight")]
    whole, little = (state.stat().st_size for state in states)
    assert little < whole / 3
    assert not [name for name in load_file(states[1]) if name.endswith("original")]

    shutil.rmtree(tmp_path / "cut/final")
    shutil.rmtree(tmp_path / "cut/checkpoints/step-00000002")
    run(settings, tmp_path / "cut")
    one, two = (load_file(tmp_path / name / "final/model.safetensors") for name in ("straight", "cut"))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_base_that_has_changed_since_is_refused(tmp_path: Path) -> None:
    run(config(tmp_path), tmp_path / "base")
    settings = config(tmp_path, model=None, tokenizer=None, start=str(tmp_path / "base/final"), lora={"rank": 2})
    run(settings, tmp_path / "out")
    run(config(tmp_path, seed=1), tmp_path / "other")
    shutil.copy(tmp_path / "other/final/model.safetensors", tmp_path / "base/final/model.safetensors")
    with pytest.raises(CheckpointError, match="have changed since; give start the model of the run"):
        run(settings, tmp_path / "out")


def test_low_rank_and_an_average_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="choose one"):
        config(tmp_path, lora={}, optim={"ema": 0.9})
