"""A model with all that belongs to it, ready to serve: ``open_bundle`` from a name or path.

The model is built on the meta device, so that a mismatch costs nothing; then memory is allocated once, in the target
dtype, and filled tensor by tensor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from fathom.base.device import pick_device, pick_dtype
from fathom.base.errors import CheckpointError, ModelNotFoundError
from fathom.base.memory import detect, trim_heap
from fathom.base.progress import Report, human_bytes, silent
from fathom.checkpoint.generation import GenerationDefaults, from_generation_config, from_gguf
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.gguf.quantized import is_quantized, take_quantized
from fathom.checkpoint.hf.directory import HFDirectory
from fathom.checkpoint.hub.registry import RECOMMENDED
from fathom.checkpoint.load import checked_plan, fill
from fathom.checkpoint.resolve import ModelLocation, resolve
from fathom.kernels.cpu.library import status
from fathom.kernels.formats.matrix import Matrix
from fathom.model.config import ModelConfig
from fathom.model.transformer import Transformer
from fathom.quant.prepare import prepare
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.special import end_ids_from_gguf
from fathom.text.tokenizer.tokenizer import Tokenizer


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

    ``dtype`` is float32, bfloat16 or auto (``fathom.base.device``), whatever the file stores. ``optimize`` gives the
    weights the form that the kernels of the processor read, in the blocks of a GGUF file where it has them, and fuses
    layers; the model then only infers. It changes nothing on other devices than the CPU. Of such blocks ``auto`` means
    activations in float32: exact on the file's numbers, at a price in speed that ``benchmarks/results`` tells. Raises
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
    bundle, weights = opened(source, source.path, dtype, target, report, optimize)
    if optimize:
        report("preparing the kernels (the first time, building them)", None)
        status()  # here, where it can be shown, and not within the first answer
        report("preparing the weights", None)
        prepare(bundle.model, "none", next(bundle.model.parameters()).dtype, weights)
    trim_heap()
    return bundle


def _open_directory(
    source: ModelLocation,
    path: Path,
    dtype: str,
    device: torch.device,
    report: Report,
    in_blocks: bool,  # noqa: ARG001 - safetensors hold no blocks
) -> tuple[Bundle, dict[str, Matrix]]:
    directory = HFDirectory(path)
    tokenizer = Tokenizer.from_directory(path)  # before the weights: a missing file should not cost a minute
    template = ChatTemplate.from_directory(path)
    for note in (*directory.notes, *_check_vocabulary(tokenizer, directory.model_config, path)):
        report(f"note: {note}", None)
    eos_ids = tokenizer.eos_ids | frozenset(directory.config.eos_ids)
    generation = _with_model_card_defaults(source, from_generation_config(directory.generation_config(), eos_ids))
    model = build(directory.model_config, pick_dtype(dtype, device))
    plan = checked_plan(model, directory.weights, directory.table, where=path)
    allocate(model, device)
    fill(model, directory.weights, plan.steps, where=path, report=report)
    return Bundle(source.name, path, directory.model_config, model, tokenizer, template, generation), {}


def _open_gguf(
    source: ModelLocation, path: Path, dtype: str, device: torch.device, report: Report, in_blocks: bool
) -> tuple[Bundle, dict[str, Matrix]]:
    file = GGUFModel(path)
    tokenizer = Tokenizer.from_gguf(file.metadata)
    template = ChatTemplate.from_gguf(file.metadata)
    for note in (*_check_pre_tokenizer(file), *_check_vocabulary(tokenizer, file.model_config, path)):
        report(f"note: {note}", None)
    ends = tokenizer.eos_ids | end_ids_from_gguf(file.metadata)
    generation = _with_model_card_defaults(source, from_gguf(file.metadata, ends))
    exact = in_blocks and dtype == "auto" and is_quantized(file)
    number = torch.float32 if exact else pick_dtype(dtype, device)
    model = build(file.model_config, number)
    plan = checked_plan(model, file.weights, file.table, where=path)
    weights: dict[str, Matrix] = {}
    if in_blocks:
        require(file.weights.nbytes, device, "in the blocks of the file")
        report("reading quantized weights", None)
        weights = take_quantized(model, file)
    allocate(model, device)
    steps = [(stored, place) for stored, place in plan.steps if place.name not in weights]
    fill(model, file.weights, steps, where=path, report=report)
    return Bundle(source.name, path, file.model_config, model, tokenizer, template, generation), weights


def build(config: ModelConfig, dtype: torch.dtype) -> Transformer:
    """A model for inference on the meta device: shapes, no memory."""
    with torch.device("meta"):
        return Transformer(config).to(dtype).eval().requires_grad_(False)


def allocate(model: Transformer, device: torch.device) -> None:
    """Give a model memory without content. CheckpointError where the machine is too small."""
    dtype = next(model.parameters()).dtype
    needed = sum(tensor.nbytes for tensor in model.state_dict().values())
    smaller = "choose --dtype bfloat16 or a smaller model" if dtype == torch.float32 else "choose a smaller model"
    require(needed, device, f"in {str(dtype).removeprefix('torch.')}", smaller)
    model.to_empty(device=device)


def require(needed: int, device: torch.device, form: str, remedy: str = "choose a smaller model") -> None:
    """CheckpointError where ``device`` has less memory than ``needed`` bytes of weights of that ``form``."""
    total = detect().total if device.type == "cpu" else torch.cuda.get_device_properties(device).total_memory
    if 0 < total < needed:
        raise CheckpointError(
            f"the weights take {human_bytes(needed)} {form}, and {device} has {human_bytes(total)}", remedy
        )


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
