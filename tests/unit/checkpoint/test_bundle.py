"""Opening models: the embedded one for real, presets, memory that never holds the model twice."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_models import VOCABULARY, tiny_model, write_tokenizer

from fathom.base.errors import ConfigError, ModelNotFoundError
from fathom.checkpoint import bundle as bundle_module
from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.gguf.export import save_gguf
from fathom.checkpoint.gguf.vocabulary import vocabulary_from_directory
from fathom.checkpoint.hf.export import save_directory
from fathom.text.conversation import Chat
from fathom.types import Conversation, Message


@torch.no_grad()
def test_the_embedded_model_knows_the_capital_of_france() -> None:
    bundle = open_bundle(None, dtype="float32")
    prompt = Chat(bundle.tokenizer, bundle.template).render(
        Conversation((Message("user", "What is the capital of France?"),))
    )
    ids = list(prompt.ids)
    for _ in range(7):
        ids.append(int(bundle.model(torch.tensor([ids]))[0, -1].argmax()))

    assert bundle.tokenizer.decode(ids[len(prompt.ids) :]) == "The capital of France is Paris."
    assert (bundle.generation.temperature, bundle.generation.top_p) == (0.2, 0.9)


def test_a_gguf_file_ends_at_each_of_its_end_tokens_and_says_what_it_lacks(tmp_path: Path) -> None:
    write_tokenizer(tmp_path, "qwen2")
    vocabulary = vocabulary_from_directory(tmp_path, VOCABULARY)
    del vocabulary["tokenizer.ggml.pre"]
    vocabulary["tokenizer.ggml.tokens"][7] = "<|endoftext|>"
    vocabulary["tokenizer.ggml.token_type"][7] = 3
    save_gguf(tmp_path / "m.gguf", tiny_model("tiny-qwen2"), vocabulary)
    notes: list[str] = []
    bundle = open_bundle(tmp_path / "m.gguf", dtype="float32", progress=lambda what, _: notes.append(what))
    assert bundle.generation.eos_ids == bundle.tokenizer.eos_ids | {7}
    assert [note for note in notes if note.startswith("note: the file names no pre-tokenizer")]


def test_a_preset_has_no_weights() -> None:
    with pytest.raises(ModelNotFoundError, match=r"without weights; fetch the weights first: fathom pull deepseek-v3"):
        open_bundle("deepseek-v3")
    with pytest.raises(ModelNotFoundError, match=r"fathom pull ORGANIZATION/MODEL"):
        open_bundle("qwen2.5-72b")


def test_unknown_dtypes_and_devices() -> None:
    with pytest.raises(ConfigError, match="there is no dtype called 'int3'"):
        open_bundle(None, dtype="int3")
    with pytest.raises(ConfigError, match="there is no device called 'abacus'"):
        open_bundle(None, device="abacus")


MEASURE = """
import sys
from fathom.checkpoint.bundle import open_bundle

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

open_bundle(sys.argv[1], dtype="float32")
before = peak()
bundle = open_bundle(sys.argv[2], dtype="float32")
print(peak() - before, sum(p.nbytes for p in bundle.model.parameters()))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to measure memory")
def test_loading_holds_the_model_and_one_tensor(tmp_path: Path) -> None:
    """Peak resident memory of a process that loads 200 MB beside what loading a tiny model takes."""
    large = {"hidden_size": 1024, "intermediate_size": 4096, "num_layers": 3, "vocab_size": 320}
    for name, changes in (("tiny", {}), ("large", large)):
        save_directory(tmp_path / name, tiny_model("tiny-llama", **changes), shard_bytes=10**9)
        write_tokenizer(tmp_path / name)
    source = str(Path(bundle_module.__file__).parents[2])
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "tiny"), str(tmp_path / "large")]

    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": source, "HOME": "/"})

    peak, model = map(int, done.stdout.split())
    tensor = 4 * 1024 * 4096
    assert model > 8 * tensor
    assert peak < model + 3 * tensor
