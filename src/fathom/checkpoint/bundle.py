"""A model with all that belongs to it, ready to serve: ``open_bundle`` from a name or path.

The model is built on the meta device, so that a mismatch costs nothing; then memory is allocated once, in the target
dtype, and filled tensor by tensor.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch

from fathom.base.device import pick_device, pick_dtype
from fathom.base.errors import CheckpointError, ModelNotFoundError
from fathom.base.memory import trim_heap
from fathom.base.progress import Report, silent
from fathom.checkpoint.generation import GenerationDefaults, from_generation_config, from_gguf
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.gguf.quantized import take_quantized
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.hf.directory import HFDirectory
from fathom.checkpoint.hub.registry import RECOMMENDED
from fathom.checkpoint.load import checked_plan, fill
from fathom.checkpoint.precision import Precision, allocate, pick_precision, require_memory
from fathom.checkpoint.resolve import ModelLocation, resolve
from fathom.kernels.cpu.library import status
from fathom.kernels.formats.matrix import Matrix
from fathom.model.config import ModelConfig
from fathom.model.transformer import Transformer
from fathom.quant.prepare import prepare
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.special import end_ids_from_gguf
from fathom.text.tokenizer.tokenizer import Tokenizer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bundle:
    """``template`` is None where the model ships none (a base model)."""

    name: str
    path: Path
    config: ModelConfig
    model: Transformer
    tokenizer: Tokenizer
    template: ChatTemplate | None
    generation: GenerationDefaults


def open_bundle(
    name_or_path: str | Path | None,
    *,
    dtype: str = "auto",
    device: str = "cpu",
    optimize: bool = False,
    progress: Report | None = None,
) -> Bundle:
    """Find a model and load it for inference; None means the embedded one.

    ``dtype`` is float32, bfloat16 or auto (`fathom.checkpoint.precision`), whatever the file stores. ``optimize`` gives
    the weights the form that the kernels of the processor read, in the blocks of a GGUF file where it has them, and
    fuses layers; the model then only infers. It changes nothing on other devices than the CPU. Raises
    ModelNotFoundError, CheckpointError, ConfigError or TokenizerError, each with its remedy.
    """
    report = progress or silent
    source = resolve(str(name_or_path) if name_or_path is not None else None)
    target = pick_device(device)
    pick_dtype(dtype, target)  # a wrong name is refused before anything is opened
    if source.kind == "preset" or source.path is None:
        what = source.name if source.name in RECOMMENDED else "ORGANIZATION/MODEL"
        raise ModelNotFoundError(
            f"{source.name} is a configuration without weights", f"fetch the weights first: fathom pull {what}"
        )
    report(f"opening {source.name}", None)
    opened = _open_gguf if source.kind == "gguf" else _open_directory
    optimize = optimize and target.type == "cpu"
    bundle, weights, precision = opened(source, source.path, dtype, target, report, optimize)
    if optimize:
        report("preparing the kernels (the first time, building them)", None)
        status()  # here, where it can be shown, and not within the first answer
        report("preparing the weights", None)
        prepare(bundle.model, "none", precision.compute, weights)
    trim_heap()
    return bundle


def _open_directory(
    source: ModelLocation,
    path: Path,
    dtype: str,
    device: torch.device,
    report: Report,
    optimize: bool,
) -> tuple[Bundle, dict[str, Matrix], Precision]:
    directory = HFDirectory(path)
    tokenizer = Tokenizer.from_directory(path)  # before the weights: a missing file should not cost a minute
    template = ChatTemplate.from_directory(path)
    for note in (*directory.notes, *_check_vocabulary(tokenizer, directory.model_config, path)):
        report(f"note: {note}", None)
    eos_ids = tokenizer.eos_ids | frozenset(directory.config.eos_ids)
    generation = _with_model_card_defaults(source, from_generation_config(directory.generation_config(), eos_ids))
    model = build(directory.model_config)
    narrow = optimize and not _is_mostly(directory.weights.dtypes(), {torch.float32, torch.float16})
    precision = pick_precision(dtype, model, device, narrow=narrow, report=report)
    plan = checked_plan(model, directory.weights, directory.table, where=path)
    allocate(model, precision, device)
    fill(model, directory.weights, plan.steps, where=path, report=report)
    return Bundle(source.name, path, directory.model_config, model, tokenizer, template, generation), {}, precision


def _open_gguf(
    source: ModelLocation, path: Path, dtype: str, device: torch.device, report: Report, optimize: bool
) -> tuple[Bundle, dict[str, Matrix], Precision]:
    file = GGUFModel(path)
    tokenizer = Tokenizer.from_gguf(file.metadata)
    template = ChatTemplate.from_gguf(file.metadata)
    for note in (*_check_pre_tokenizer(file), *_check_vocabulary(tokenizer, file.model_config, path)):
        report(f"note: {note}", None)
    ends = tokenizer.eos_ids | end_ids_from_gguf(file.metadata)
    generation = _with_model_card_defaults(source, from_gguf(file.metadata, ends))
    model = build(file.model_config)
    plan = checked_plan(model, file.weights, file.table, where=path)
    weights: dict[str, Matrix] = {}
    if optimize:
        require_memory(file.weights.nbytes, device, "in the blocks of the file")
        report("reading quantized weights", None)
        weights = take_quantized(model, file)
    narrow = optimize and not _is_mostly(file.weights.types(), {BlockType.F32, BlockType.F16})
    precision = pick_precision(dtype, model, device, narrow=narrow, report=report)
    allocate(model, precision, device)
    steps = [step for step in plan.steps if not all(place.name in weights for place in step[1])]
    fill(model, file.weights, steps, where=path, report=report)
    return Bundle(source.name, path, file.model_config, model, tokenizer, template, generation), weights, precision


def build(config: ModelConfig) -> Transformer:
    """A model for inference on the meta device: shapes, no memory."""
    with torch.device("meta"):
        return Transformer(config).eval().requires_grad_(False)


def _is_mostly(sizes: Mapping[T, int], kinds: Collection[T]) -> bool:
    """Whether at least half of the bytes are of these kinds; ``sizes`` has the bytes of each."""
    return 2 * sum(sizes.get(kind, 0) for kind in kinds) >= sum(sizes.values())


def _with_model_card_defaults(source: ModelLocation, generation: GenerationDefaults) -> GenerationDefaults:
    """Fill in the model card's advice where the files name no temperature."""
    known = RECOMMENDED.get(source.name.lower())
    if known is None or generation.temperature is not None:
        return generation
    return replace(generation, temperature=known.temperature, top_p=generation.top_p or known.top_p)


def _check_pre_tokenizer(file: GGUFModel) -> list[str]:
    """A note where the file does not say how text is split into words; llama.cpp warns there too."""
    metadata = file.metadata
    if metadata.get("tokenizer.ggml.model") != "gpt2" or metadata.get("tokenizer.ggml.pre"):
        return []
    return ["the file names no pre-tokenizer (tokenizer.ggml.pre): text is split as for GPT-2, which may be wrong"]


def _check_vocabulary(tokenizer: Tokenizer, config: ModelConfig, path: Path) -> list[str]:
    """Notes on tokens that the model has no embedding for; CheckpointError where these are not added tokens alone, so
    that the tokenizer is that of another model.

    The engine never samples such a token, and refuses prompts that hold one.
    """
    beyond = [
        token for token in range(config.vocab_size, tokenizer.vocab_size) if tokenizer.token_text(token) is not None
    ]
    if not beyond:
        return []
    if not tokenizer.added_ids.issuperset(beyond):
        raise CheckpointError(
            f"the tokenizer in {path} has {tokenizer.vocab_size} tokens, the model only {config.vocab_size}",
            "use the tokenizer that belongs to the model",
        )
    names = ", ".join(repr(tokenizer.token_text(token)) for token in beyond[:5])
    return [f"the tokenizer has {len(beyond)} added tokens without an embedding, which are never produced: {names}"]
