"""Training on one CUDA device at a real size: tokens a second, utilization and memory, pretraining and GRPO, bfloat16.

A DeepSeek-V3 of some 200 M parameters with random weights. Utilization is of the arithmetic that the model needs
(``fathom.model.flops``) beside what the device reaches on one large product, measured in the same process. No token
ends an answer, so every completion of GRPO has its full length.
"""

from __future__ import annotations

import argparse
import sys
import time

import torch

from benchmarks import harness
from benchmarks.harness import Json, median
from fathom.base.distributed import ALONE
from fathom.data.packing.batch import Batch
from fathom.evals.rollout import EngineSampler
from fathom.evals.runner import Grader
from fathom.model import flops
from fathom.model.config import MLAConfig, ModelConfig, MoEConfig, RopeConfig
from fathom.model.counts import count
from fathom.model.transformer import Transformer
from fathom.optim.config import OptimConfig
from fathom.optim.optimizers import build_optimizers
from fathom.recipes.countdown.vocabulary import SIZE, template, tokenizer
from fathom.text.conversation import Chat
from fathom.train.rl.config import RLConfig, SamplingConfig
from fathom.train.rl.policy_optimization import policy_trainer
from fathom.train.run.facts import peak_flops
from fathom.train.run.task import TaskConfig, load_task
from fathom.train.supervised.losses import losses

TASK = TaskConfig(name="speedrun:problems")
NO_END = frozenset({SIZE})
"""No token has this number."""


def model_config(vocab: int, width: int = 768, layers: int = 12) -> ModelConfig:
    """About 200 M parameters with a vocabulary of 32768, a third of them active."""
    return ModelConfig(
        family="deepseek_v3",
        vocab_size=vocab,
        hidden_size=width,
        intermediate_size=3 * width,
        num_layers=layers,
        attention=MLAConfig(
            num_heads=width // 64, q_lora_rank=width // 2, kv_lora_rank=width // 4, qk_nope_head_dim=64,
            qk_rope_head_dim=32, v_head_dim=64,
        ),
        moe=MoEConfig(
            num_experts=16, experts_per_token=4, num_shared_experts=1, intermediate_size=width // 3,
            first_dense_layers=1, scoring="sigmoid", selection="noaux_tc", normalize=True,
        ),
        rope=RopeConfig(theta=10_000, interleaved=True),
        max_position=4096,
        init_std=0.02,
    )  # fmt: skip


def main() -> None:
    options = parser().parse_args()
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("benchmarks.gpu_training: no CUDA device on this machine; nothing was measured")

    before = harness.environment()
    peak = peak_flops(device, torch.bfloat16)
    results = {
        "peak_flops_measured": peak,
        "pretraining": pretraining(options, device, peak),
        "grpo": grpo(options, device),
    }
    harness.write("gpu-training", vars(options) | {"out": str(options.out)}, results, options, before)
    print(results, file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    result = harness.parser(__doc__)
    result.add_argument("--device", default="cuda")
    result.add_argument("--rows", type=int, default=16)
    result.add_argument("--length", type=int, default=2048)
    result.add_argument("--width", type=int, default=768)
    result.add_argument("--layers", type=int, default=12)
    result.add_argument("--vocab", type=int, default=32768)
    result.add_argument("--prompts", type=int, default=32)
    result.add_argument("--group", type=int, default=8)
    result.add_argument("--completion", type=int, default=256, help="tokens of each completion")
    return result


def pretraining(options: argparse.Namespace, device: torch.device, peak: float) -> Json:
    """Updates of random tokens with AdamW, one micro-batch each."""
    torch.manual_seed(0)
    config = model_config(options.vocab, options.width, options.layers)
    model = Transformer(config).to(device)
    optimizers = build_optimizers(model, OptimConfig())
    batch = random_batch(options.rows, options.length, options.vocab).to(device)
    _reset(device)
    seconds = []
    for _ in range(2 + options.repeats):
        began = time.perf_counter()
        optimizers.zero_grad()
        with torch.autocast(device.type, dtype=torch.bfloat16):
            sums = losses(model, batch, mtp=False)
        (sums.main / sums.count).backward()
        optimizers.step()
        _wait(device)
        seconds.append(time.perf_counter() - began)
    size = count(config)
    rate = batch.tokens.numel() / median(seconds[2:])
    return {
        "parameters": size.parameters,
        "active_parameters": size.active_parameters,
        "tokens_per_s": rate,
        "utilization": rate * flops.training(config, options.length) / peak,
        "peak_memory_bytes": _peak_memory(device),
        "runs": seconds[2:],
    }


def grpo(options: argparse.Namespace, device: torch.device) -> Json:
    """Steps of reinforcement learning: sampling by the engine, grading, one update."""
    torch.manual_seed(0)
    model = Transformer(model_config(SIZE, options.width, options.layers)).to(device)
    sequences = options.prompts * options.group
    source = EngineSampler(model, eos_ids=NO_END, max_context=options.completion + 64, sequences=sequences)
    vocabulary = tokenizer()
    grader = Grader(load_task(TASK), source, vocabulary, Chat(vocabulary, template()), ALONE)
    sampling = SamplingConfig(prompts=options.prompts, group=options.group, max_tokens=options.completion, rounds=1)
    config = RLConfig(name="gpu", start="", task=TASK, steps=100, sampling=sampling, precision="bfloat16")
    trainer = policy_trainer(model, grader, config)
    _reset(device)
    lines = [trainer.run_step()[0] for _ in range(1 + options.repeats)][1:]
    return {
        "generated_tokens_per_s": median(line["sampled_tokens"] / line["sampling_seconds"] for line in lines),
        "sampling_s": median(line["sampling_seconds"] for line in lines),
        "update_s": median(line["update_seconds"] for line in lines),
        "peak_memory_bytes": _peak_memory(device),
    }


def random_batch(rows: int, length: int, vocab: int) -> Batch:
    """Rows of one document each; every token counts."""
    tokens = torch.randint(vocab, (rows, length + 1), generator=torch.Generator().manual_seed(1))
    positions = torch.arange(length).expand(rows, -1)
    everywhere = torch.ones(rows, length, dtype=torch.bool)
    return Batch(tokens[:, :-1], tokens[:, 1:], positions, torch.zeros_like(positions), everywhere)


def _reset(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _peak_memory(device: torch.device) -> int | None:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


if __name__ == "__main__":
    main()
