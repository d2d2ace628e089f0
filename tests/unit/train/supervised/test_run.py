from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import torch
from rich.console import Console
from tiny_runs import counting, tiny_config, tiny_model

from fathom.base.errors import ConfigError, TokenizerError
from fathom.checkpoint.bundle import open_bundle
from fathom.optim.config import ScheduleConfig
from fathom.text.tokenizer import bpe
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.train.run.display import Display
from fathom.train.run.metrics import read
from fathom.train.run.trainee import load_tokenizer
from fathom.train.supervised.config import PretrainConfig
from fathom.train.supervised.run import load_trainee, train


def config(**changes: object) -> PretrainConfig:
    model = tiny_model().model_copy(update={"vocab_size": 320})
    return tiny_config(**{"model": model, "steps": 4, "checkpoint": {"every": 2, "keep": 1}, **changes})


def run(settings: PretrainConfig, out: Path) -> str:
    written = io.StringIO()
    with Display(Console(file=written)) as display:
        trainee = load_trainee(settings)
        assert train(settings, trainee, counting(), out, display)
    return written.getvalue()


def test_a_finished_run(tmp_path: Path) -> None:
    printed = run(config(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "final", "metrics.jsonl", "run.json"]
    assert f"the finished model is {tmp_path / 'final'}" in printed
    facts = json.loads((tmp_path / "run.json").read_text())
    assert (facts["stage"], facts["updates"], facts["precision"]) == ("pretrain", 4, "float32")
    assert facts["parameters"] > facts["active_parameters"] > 0
    assert facts["peak_flops"] > 0
    assert len(read(tmp_path)) == 4


def test_the_finished_model_opens(tmp_path: Path) -> None:
    run(config(), tmp_path)
    bundle = open_bundle(str(tmp_path / "final"), dtype="float32")
    assert bundle.config == config().model
    assert bundle.template is not None
    assert bundle.tokenizer.decode(bundle.tokenizer.encode("déjà vu")) == "déjà vu"


def test_transformers_opens_it_too(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    run(config(), tmp_path)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "final", dtype=torch.float32)
    ours = open_bundle(str(tmp_path / "final"), dtype="float32").model
    tokens = torch.arange(10, 20)[None]
    torch.testing.assert_close(ours(tokens), theirs(tokens).logits, atol=1e-4, rtol=1e-4)


def test_the_same_command_again_has_nothing_to_do(tmp_path: Path) -> None:
    run(config(), tmp_path)
    before = (tmp_path / "final/model.safetensors").stat().st_mtime_ns
    assert "nothing is left to do" in run(config(), tmp_path)
    assert (tmp_path / "final/model.safetensors").stat().st_mtime_ns == before


def test_another_configuration_is_refused_with_its_keys(tmp_path: Path) -> None:
    run(config(), tmp_path)
    with pytest.raises(ConfigError, match=r"another configuration \(optim.clip: 1.0 → 2.0; seed: 0 → 1\)"):
        run(config(seed=1, optim=config().optim.model_copy(update={"clip": 2.0})), tmp_path)


def test_a_checkpoint_without_a_later_setting_resumes(tmp_path: Path) -> None:
    run(config(steps=2), tmp_path)
    manifest = tmp_path / "checkpoints/step-00000002/manifest.json"
    written = json.loads(manifest.read_text())
    del written["config"]["too_long"]
    manifest.write_text(json.dumps(written))
    assert "nothing is left to do" in run(config(steps=2), tmp_path)
    with pytest.raises(ConfigError, match=r"too_long: 'split' → 'cut'"):
        run(config(steps=2, too_long="cut"), tmp_path)


def test_a_checkpoint_holds_its_tokenizer_and_refuses_another(tmp_path: Path) -> None:
    bpe.save(bpe.train(["some words"], 300), tmp_path / "vocabulary")
    settings = config(steps=2, tokenizer=str(tmp_path / "vocabulary"))
    run(settings, tmp_path / "run")
    kept = tmp_path / "run/checkpoints/step-00000002/tokenizer"
    assert Tokenizer.from_directory(kept).fingerprint == load_tokenizer(str(tmp_path / "vocabulary"))[0].fingerprint
    bpe.save(bpe.train(["other letters"], 300), tmp_path / "vocabulary")
    with pytest.raises(
        ConfigError, match=r"the tokenizer has changed since .*step-00000002 was written; restore the one"
    ):
        run(settings, tmp_path / "run")


def test_settings_without_effect_on_weights_may_change(tmp_path: Path) -> None:
    run(config(), tmp_path)
    printed = run(config(checkpoint={"every": 3, "keep": 2}, log_every=2, dollars_per_hour=3.0), tmp_path)
    assert "nothing is left to do" in printed
    with pytest.raises(ConfigError, match="another configuration"):
        run(config(validate_every=3), tmp_path)


def test_a_run_begins_with_the_weights_of_another(tmp_path: Path) -> None:
    run(config(), tmp_path / "first")
    start = tmp_path / "first" / "final"
    settings = config(model=None, tokenizer=None, start=str(start), steps=1)
    trainee = load_trainee(settings)
    assert all(parameter.requires_grad for parameter in trainee.model.parameters())
    saved = open_bundle(str(start), dtype="float32").model.state_dict()
    assert all(torch.equal(weight, saved[name]) for name, weight in trainee.model.state_dict().items())
    run(settings, tmp_path / "second")


def test_epochs_become_updates(tmp_path: Path) -> None:
    run(config(steps=None, epochs=1.5), tmp_path)
    rows = len(counting())
    assert json.loads((tmp_path / "run.json").read_text())["updates"] == -(-rows * 3 // 2 // 4)


def test_a_run_reads_no_row_more_often_than_its_epochs(tmp_path: Path) -> None:
    """32 rows an update and fewer in the data: an update takes what there is."""
    rows = len(counting())
    printed = run(config(steps=None, epochs=2, batch={"rows": 4 * rows, "length": 32}), tmp_path)
    assert f"{rows} rows of 32 tokens: 2 updates of {rows} rows, 2 epochs; peak learning rate" in printed
    lines = [line for line in read(tmp_path) if line["kind"] == "train"]
    assert [line["rows"] for line in lines] == [rows, rows]
    settings = config(steps=None, epochs=0.5, batch={"rows": 4, "length": 32, "min_updates": rows})
    run(settings, tmp_path / "half")
    assert [line["rows"] for line in read(tmp_path / "half")] == [1] * round(rows / 2)


def test_the_rate_reaches_its_peak_in_a_short_run(tmp_path: Path) -> None:
    """A newcomer's first run was one update at a twentieth of the rate, and a message that it is finished."""
    optim = config().optim.model_copy(update={"schedule": ScheduleConfig(kind="constant", warmup=20)})
    printed = run(config(optim=optim, steps=4), tmp_path)
    assert "after 2 updates of warm-up (optim.schedule.warmup is 20: half of a run is the most)" in printed
    assert [line["lr_factor"] for line in read(tmp_path)] == [0.5, 1.0, 1.0, 1.0]


def test_the_average_is_what_is_saved(tmp_path: Path) -> None:
    settings = config(optim=config().optim.model_copy(update={"ema": 0.9}))
    run(settings, tmp_path)
    run(config(), tmp_path / "plain")
    plain = open_bundle(str(tmp_path / "plain/final"), dtype="float32").model.norm.weight
    assert not torch.equal(open_bundle(str(tmp_path / "final"), dtype="float32").model.norm.weight, plain)


def test_a_vocabulary_that_does_not_fit_is_refused() -> None:
    settings = tiny_config()  # 64 ids, and a byte needs 256
    with pytest.raises(ConfigError, match=r"the tokenizer has 275 tokens, the model only 64; set model.vocab_size"):
        load_trainee(settings)


def test_another_tokenizer_than_the_checkpoints_is_refused(tmp_path: Path) -> None:
    run(config(steps=1), tmp_path / "first")
    start = str(tmp_path / "first" / "final")
    load_trainee(config(model=None, start=start))  # `bytes` is its own
    bpe.save(bpe.train(["some words of some text"], 300), tmp_path / "vocabulary")
    settings = config(model=None, start=start, tokenizer=str(tmp_path / "vocabulary"))
    with pytest.raises(ConfigError, match=r"vocabulary does not fit the checkpoint .*final.*; leave it out"):
        load_trainee(settings)


def test_rows_longer_than_the_context_are_refused() -> None:
    context = tiny_model().max_position
    settings = config(batch={"rows": 1, "length": context + 1})
    with pytest.raises(ConfigError, match=rf"rows of {context + 1} tokens exceed the model's context of {context}"):
        load_trainee(settings)


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    settings = config(tokenizer=str(tmp_path))
    with pytest.raises(TokenizerError, match=r"there is no tokenizer\.json"):
        load_trainee(settings)
