"""Whole Hugging Face directories: round trips, and every way in which one can be incomplete."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import tiny_model, write_tokenizer

from fathom.base.errors import CheckpointError, FathomError, ModelNotFoundError, TokenizerError
from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.hf.directory import INDEX, HFDirectory
from fathom.checkpoint.hf.export import save_directory
from fathom.checkpoint.load import load
from fathom.model.transformer import Transformer
from fathom.quant.fp8 import quantize_fp8
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer


def read(path: Path) -> Transformer:
    directory = HFDirectory(path)
    model = Transformer(directory.model_config).requires_grad_(False)
    load(model, directory.weights, directory.table, where=path)
    return model


def test_a_bundle_holds_all_that_belongs_to_the_model(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    tokenizer = Tokenizer.from_directory(tmp_path)
    template = ChatTemplate("{{ messages[0].content }}<|end|>")
    generation = {"do_sample": True, "temperature": 0.6, "top_p": 0.95, "eos_token_id": [7, 9]}
    save_directory(
        tmp_path / "saved", tiny_model("tiny-qwen3"), tokenizer=tokenizer, template=template, generation=generation
    )
    said: list[float | None] = []

    bundle = open_bundle(tmp_path / "saved", dtype="float32", progress=lambda _, fraction: said.append(fraction))

    assert bundle.name == "saved"
    assert bundle.tokenizer.encode("the end<|end|>") == tokenizer.encode("the end<|end|>")
    assert bundle.template is not None
    assert bundle.template.text == template.text
    assert bundle.generation.eos_ids == tokenizer.eos_ids | {7, 9}
    assert (bundle.generation.temperature, bundle.generation.top_p, bundle.generation.top_k) == (0.6, 0.95, None)
    assert not any(parameter.requires_grad for parameter in bundle.model.parameters())
    assert said[-1] == 1.0


def test_promised_mtp_modules_may_be_absent_but_not_in_part(tmp_path: Path) -> None:
    save_directory(tmp_path, tiny_model("tiny-deepseek-v3"))
    stored = load_file(tmp_path / "model.safetensors")
    layer = "model.layers.3."
    save_file({n: t for n, t in stored.items() if not n.startswith(layer)}, tmp_path / "model.safetensors")
    assert read(tmp_path).config.num_mtp_layers == 0

    save_file({n: t for n, t in stored.items() if n != layer + "eh_proj.weight"}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"1 missing: model.layers.3.eh_proj.weight; use the configuration"):
        read(tmp_path)


def test_copies_beside_an_mtp_module_are_known(tmp_path: Path) -> None:
    save_directory(tmp_path, tiny_model("tiny-deepseek-v3"))
    stored = load_file(tmp_path / "model.safetensors")
    stored["model.layers.3.embed_tokens.weight"] = stored["model.embed_tokens.weight"].clone()
    stored["model.layers.3.shared_head.head.weight"] = stored["lm_head.weight"].clone()
    save_file(stored, tmp_path / "model.safetensors")
    assert read(tmp_path).config.num_mtp_layers == 1


@pytest.mark.parametrize("scales", [torch.float32, torch.float8_e8m0fnu], ids=["float32", "ue8m0"])
def test_fp8_blocks_are_decoded(scales: torch.dtype, tmp_path: Path) -> None:
    save_directory(tmp_path, tiny_model("tiny-deepseek-v3"))
    stored = load_file(tmp_path / "model.safetensors")
    expected: dict[str, torch.Tensor] = {}
    for name in [n for n in stored if "experts" in n or "_proj" in n]:
        weight, scale = quantize_fp8(stored[name], (16, 32))
        stored[name], stored[name + "_scale_inv"] = weight, scale.to(scales)
        factors = scale.to(scales).float().repeat_interleave(16, 0).repeat_interleave(32, 1)
        expected[name] = weight.float() * factors[: weight.shape[0], : weight.shape[1]]
    save_file(stored, tmp_path / "model.safetensors")
    config = json.loads((tmp_path / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [16, 32]}
    (tmp_path / "config.json").write_text(json.dumps(config))

    weights = HFDirectory(tmp_path).weights
    for name, tensor in expected.items():
        assert torch.equal(weights.read(name), tensor), name
    up = expected["model.layers.1.mlp.experts.3.up_proj.weight"]
    assert torch.equal(read(tmp_path).state_dict()["layers.1.mlp.experts.up"][3], up)

    config["quantization_config"]["weight_block_size"] = [128, 128]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"FP8 tensors cannot be decoded: .*\(scales .* instead of .*; download"):
        HFDirectory(tmp_path)


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    save_directory(tmp_path, tiny_model("tiny-llama"), shard_bytes=200_000)
    return tmp_path


def first_shard(path: Path) -> Path:
    return sorted(path.glob("model-*.safetensors"))[0]


def remove_shard(path: Path) -> None:
    first_shard(path).unlink()


def remove_index_and_shard(path: Path) -> None:
    (path / INDEX).unlink()
    sorted(path.glob("model-*.safetensors"))[-1].unlink()


def cut_shard(path: Path) -> None:
    content = first_shard(path).read_bytes()
    first_shard(path).write_bytes(content[:-7])


def misplace(path: Path) -> None:
    index = json.loads((path / INDEX).read_text())
    index["weight_map"]["model.norm.weight"] = first_shard(path).name
    (path / INDEX).write_text(json.dumps(index))


def point_outside(path: Path) -> None:
    (path / INDEX).write_text(json.dumps({"weight_map": {"x": "../../secret.safetensors"}}))


def spoil_index(path: Path) -> None:
    (path / INDEX).write_text("{")


def only_pickles(path: Path) -> None:
    for file in path.glob("*.safetensors*"):
        file.unlink()
    (path / "pytorch_model.bin").write_bytes(b"x")


def no_weights(path: Path) -> None:
    for file in path.glob("*.safetensors*"):
        file.unlink()


def no_config(path: Path) -> None:
    (path / "config.json").unlink()


def spoil_config(path: Path) -> None:
    (path / "config.json").write_text('{"architectures": ')


def empty(path: Path) -> None:
    for file in path.iterdir():
        file.unlink()


def only_ggufs(path: Path) -> None:
    empty(path)
    (path / "a.gguf").touch()
    (path / "b.gguf").touch()


def other_quantization(path: Path) -> None:
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"quantization_config": {"quant_method": "gptq"}}))


@pytest.mark.parametrize(
    ("spoil", "kind", "message"),
    [
        (
            remove_shard,
            CheckpointError,
            r"lacks 1 of \d shards: model-00001-of.*; the download is incomplete: fathom pull",
        ),
        (
            remove_index_and_shard,
            CheckpointError,
            r"lacks 1 shards: model-0000\d-of.*; download them: fathom pull NAME",
        ),
        (
            cut_shard,
            CheckpointError,
            r"model-00001-of-\d+.safetensors is truncated: tensor .* lacks 7 bytes; the file is",
        ),
        (misplace, CheckpointError, "places 1 tensors where they are not: model.norm.weight; download the index and"),
        (point_outside, CheckpointError, "names files elsewhere: ../../secret.safetensors; download the model again"),
        (spoil_index, CheckpointError, "model.safetensors.index.json cannot be read: .*; download the file again"),
        (
            only_pickles,
            CheckpointError,
            r"only pickled \(pytorch_model.bin\), and loading those can run any code; convert",
        ),
        (no_weights, CheckpointError, r"holds no \*.safetensors; the download is incomplete"),
        (no_config, ModelNotFoundError, "has no config.json; name a directory that holds config.json and"),
        (spoil_config, CheckpointError, "config.json cannot be read: .*; download the file again"),
        (empty, ModelNotFoundError, "is empty; fetch a model: fathom pull NAME"),
        (only_ggufs, ModelNotFoundError, "holds GGUF files and no config.json; name the .gguf file itself"),
        (other_quantization, CheckpointError, "quantised by 'gptq', which we do not read; choose the bfloat16"),
    ],
    ids=lambda value: value.__name__ if callable(value) and not isinstance(value, type) else "",
)
def test_an_incomplete_directory_says_so(
    spoil: Callable[[Path], None], kind: type[FathomError], message: str, sharded: Path
) -> None:
    spoil(sharded)
    with pytest.raises(kind, match=message):
        open_bundle(sharded)


def test_the_index_decides_which_copy_of_a_tensor_is_read(sharded: Path) -> None:
    """A stale copy in a later shard (vLLM PR#54230)."""
    expected = read(sharded).embed.weight
    last = sorted(sharded.glob("model-*.safetensors"))[-1]
    stored = load_file(last)
    save_file(stored | {"model.embed_tokens.weight": torch.zeros_like(expected)}, last)
    assert torch.equal(read(sharded).embed.weight, expected)


def test_copies_that_no_index_decides_between_are_refused(sharded: Path) -> None:
    index = json.loads((sharded / INDEX).read_text())
    del index["weight_map"]["model.embed_tokens.weight"]
    (sharded / INDEX).write_text(json.dumps(index))
    last = sorted(sharded.glob("model-*.safetensors"))[-1]
    save_file(load_file(last) | {"model.embed_tokens.weight": torch.zeros(4, 4)}, last)
    with pytest.raises(CheckpointError, match=r"1 tensors in more than one file .* does not list, model.embed_tokens"):
        read(sharded)


@pytest.mark.parametrize("change", [0.0, 1.0])
def test_a_stored_head_is_used_where_it_is_not_the_embedding(change: float, tmp_path: Path) -> None:
    """As transformers 5 does; an equal copy stays tied."""
    model = tiny_model("tiny-llama", tie_embeddings=True)
    save_directory(tmp_path, model)
    stored = load_file(tmp_path / "model.safetensors")
    head = stored["model.embed_tokens.weight"] + change
    save_file(stored | {"lm_head.weight": head}, tmp_path / "model.safetensors")
    again, notes = read(tmp_path), HFDirectory(tmp_path).notes
    assert again.config.tie_embeddings == (change == 0)
    assert [note.partition(",")[0] for note in notes] == ["config.json ties the head to the embedding"] * bool(change)
    hidden = torch.ones(1, 1, model.config.hidden_size)
    torch.testing.assert_close(again.logits(hidden), hidden @ head.T)


@pytest.mark.parametrize("name", ["model.rotary_emb.inv_freq", "model.layers.1.self_attn.rotary_emb.inv_freq"])
def test_stored_rotary_tables_are_ignored(name: str, tmp_path: Path) -> None:
    """Llama 2 and its descendants store them; they follow from the configuration."""
    model = tiny_model("tiny-llama")
    save_directory(tmp_path, model)
    stored = load_file(tmp_path / "model.safetensors")
    save_file(stored | {name: torch.ones(8)}, tmp_path / "model.safetensors")
    assert torch.equal(read(tmp_path).embed.weight, model.embed.weight)


def test_added_tokens_without_an_embedding_are_noted(tmp_path: Path) -> None:
    """A tokenizer with an added [PAD] that the model was not resized for (transformers#24899)."""
    write_tokenizer(tmp_path)
    size = Tokenizer.from_directory(tmp_path).vocab_size
    save_directory(tmp_path, tiny_model("tiny-llama", vocab_size=size - 1))
    notes: list[str] = []
    bundle = open_bundle(tmp_path, dtype="float32", progress=lambda what, _: notes.append(what))
    assert bundle.config.vocab_size == size - 1
    expected = "note: the tokenizer has 1 added tokens without an embedding, which are never produced: '<|end|>'"
    assert expected in notes


def test_a_missing_tokenizer(sharded: Path) -> None:
    with pytest.raises(TokenizerError, match=r"there is no tokenizer.json in"):
        open_bundle(sharded)


def test_a_tokenizer_larger_than_the_model(tmp_path: Path) -> None:
    save_directory(tmp_path, tiny_model("tiny-llama", vocab_size=32))
    write_tokenizer(tmp_path)
    with pytest.raises(CheckpointError, match=r"has .* tokens, the model only 32; use the tokenizer that belongs"):
        open_bundle(tmp_path)
