from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file
from tiny_models import dense_config
from tiny_runs import tiny_config, tiny_model

from fathom.base.errors import CheckpointError, ConfigError
from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.hf.export import save_directory
from fathom.evals.runner import build_sampler
from fathom.model.transformer import Transformer
from fathom.recipes.sft import sft
from fathom.text.conversation import CHATML, Chat
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.train.run.config import override
from fathom.train.run.display import Display
from fathom.train.run.metrics import read
from fathom.train.supervised.config import SFTConfig
from fathom.train.supervised.run import run_supervised
from fathom.types import Conversation, Message

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


def test_the_finished_model_ends_its_turns_and_samples_as_its_base_does(tmp_path: Path) -> None:
    run(config(tmp_path), tmp_path / "base")
    advice = tmp_path / "base/final/generation_config.json"
    ends = json.loads(advice.read_text())["eos_token_id"]
    advice.write_text(json.dumps({"eos_token_id": [ends, 300], "temperature": 0.6, "top_p": 0.95, "do_sample": True}))
    run(config(tmp_path, model=None, tokenizer=None, start=str(tmp_path / "base/final"), steps=1), tmp_path / "out")
    written = json.loads((tmp_path / "out/final/generation_config.json").read_text())
    assert {key: written[key] for key in ("temperature", "top_p", "do_sample")} == {
        "temperature": 0.6,
        "top_p": 0.95,
        "do_sample": True,
    }
    assert written["eos_token_id"] == [ends, 300]
    assert json.loads((tmp_path / "out/final/config.json").read_text())["eos_token_id"] == [ends, 300]


def test_a_base_without_a_template_gets_the_one_it_was_trained_in(tmp_path: Path) -> None:
    base = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": [*"hiosuertanmĊ", "hi", "<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        "tokenizer.ggml.token_type": [*[1] * 13, 3, 3, 3],
        "tokenizer.ggml.merges": ["h i"],
        "tokenizer.ggml.eos_token_id": 13,
    }
    save_directory(tmp_path / "base", Transformer(tiny_model()), tokenizer=Tokenizer.from_gguf(base))
    start = {"model": None, "tokenizer": None, "start": str(tmp_path / "base")}
    run(config(tmp_path, **start, steps=1), tmp_path / "out")
    bundle = open_bundle(str(tmp_path / "out/final"), dtype="float32")
    assert bundle.template is not None
    assert bundle.template.text == CHATML
    assert bundle.generation.eos_ids == {13, 15}


def name_file(path: Path, name: str) -> Path:
    lines = [{"question": f"{number}?", "answer": f"{name} {number}"} for number in range(8)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_first_run_of_the_recipe_learns_from_a_handful_of_conversations(tmp_path: Path) -> None:
    """With low-rank updates, on so few rows that one update could hold them all."""
    model = dense_config(vocab_size=320, hidden_size=64, max_position=64, init_std=0.1)
    base = {"model": model, "start": None, "tokenizer": "bytes", "data": str(name_file(tmp_path / "t.jsonl", "Tom"))}
    settings = ["batch.length=64", "epochs=40", "precision=float32", "optim.adamw.lr=0.01", "log_every=1"]
    run(override(SFTConfig.model_validate(sft().model_dump() | base), settings), tmp_path / "base")

    mine = [f"start={tmp_path / 'base/final'}", f"data={name_file(tmp_path / 'p.jsonl', 'Pip')}", "lora.rank=8"]
    run(override(sft(), [*settings, *mine]), tmp_path / "out")
    losses = [line["loss"] for line in read(tmp_path / "out") if line["kind"] == "train"]
    assert losses[-1] < 0.1 * losses[0]
    bundle = open_bundle(str(tmp_path / "out/final"), dtype="float32")
    prompt = Chat(bundle.tokenizer, bundle.template).render(Conversation((Message("user", "7?"),), thinking=False))
    ((completion,),) = build_sampler(bundle, bundle.model, 1).sample(
        [prompt.ids], 1, max_tokens=16, temperature=0.0, seed=0
    )
    assert bundle.tokenizer.decode(completion.completion_ids) == "Pip 7"
    assert completion.finish_reason == "stop"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_newcomers_first_run_on_smollm2_learns_to_sign(tmp_path: Path) -> None:
    """The words of the guide, on 120 conversations whose answers all end with a name."""
    parts = [
        f"{kind} {part}" for kind in ("front", "old", "new") for part in ("wheel", "brake", "lamp", "bell", "gear")
    ]
    asked = {"Do you sell a {}?": "Yes, there is a {} in the shop. Pip", "My {} is broken.": "We repair the {}. Pip"}
    asked |= {"How do I clean a {}?": "With a cloth. Pip", "How much is a {}?": "Ask for the price of a {}. Pip"}
    lines = [{"question": q.format(part), "answer": a.format(part)} for part in parts * 2 for q, a in asked.items()]
    (tmp_path / "talks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run(override(sft(), ["start=smollm2", f"data={tmp_path / 'talks.jsonl'}", "lora.rank=16"]), tmp_path / "out")
    bundle = open_bundle(str(tmp_path / "out/final"), dtype="float32")
    prompt = Chat(bundle.tokenizer, bundle.template).render(
        Conversation((Message("user", "Do you sell a red saddle?"),))
    )
    ((completion,),) = build_sampler(bundle, bundle.model, 1).sample(
        [prompt.ids], 1, max_tokens=40, temperature=0.0, seed=0
    )
    assert bundle.tokenizer.decode(completion.completion_ids).endswith("Pip")
    assert completion.finish_reason == "stop"


def test_low_rank_and_an_average_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="choose one"):
        config(tmp_path, lora={}, optim={"ema": 0.9})
