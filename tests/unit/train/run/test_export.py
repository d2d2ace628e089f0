from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_runs import tiny_model

from fathom.checkpoint.bundle import open_bundle
from fathom.model.transformer import Transformer
from fathom.train.run.export import FINAL, replacing, save_final
from fathom.train.run.trainee import Trainee, load_tokenizer


def test_a_final_model_replaces_an_earlier_one(tmp_path: Path) -> None:
    tokenizer, template = load_tokenizer("bytes")
    for _ in range(2):
        model = Transformer(tiny_model().model_copy(update={"vocab_size": 320}))
        assert save_final(tmp_path, Trainee(model, tokenizer, template)) == tmp_path / FINAL
    saved = open_bundle(str(tmp_path / FINAL), dtype="float32").model
    assert all(torch.equal(weight, saved.state_dict()[name]) for name, weight in model.state_dict().items())
    assert [path.name for path in tmp_path.iterdir()] == [FINAL]


def test_a_final_model_may_have_half_the_size(tmp_path: Path) -> None:
    model = Transformer(tiny_model().model_copy(update={"vocab_size": 320}))
    sizes = []
    for dtype in ("float32", "bfloat16"):
        save_final(tmp_path / dtype, Trainee(model, *load_tokenizer("bytes")), dtype)
        sizes.append((tmp_path / dtype / FINAL / "model.safetensors").stat().st_size)
    assert sizes[1] < 0.6 * sizes[0]


def test_an_error_leaves_the_directory_as_it_was(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "old").write_text("old")

    def fail() -> None:
        with replacing(place) as partial:
            partial.mkdir()
            (partial / "new").write_text("half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert [path.name for path in tmp_path.rglob("*")] == ["place", "old"]
