"""Training throughput: Fathom and transformers, on the same weights and batch, in one run.

A small DeepSeek-V3 (hidden 256, 6 layers, 16 routed experts) and a dense model of equal active parameters, 8 rows of
256 tokens, fused AdamW, without multi-token prediction, which transformers does not train. Every engine has a process
of its own, the same threads and the same random weights; unless the losses of the first step agree, there is no result.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from benchmarks import harness
from benchmarks.harness import Json, median
from fathom.checkpoint.hf.export import save_directory
from fathom.model.config import MLAConfig, ModelConfig, MoEConfig, RopeConfig
from fathom.model.transformer import Transformer

VOCAB = 4096
MOE = MoEConfig(
    num_experts=16,
    experts_per_token=4,
    num_shared_experts=1,
    intermediate_size=128,
    num_groups=4,
    topk_groups=2,
    first_dense_layers=1,
    scoring="sigmoid",
    selection="noaux_tc",
    normalize=True,
    routed_scaling_factor=1.0,
)
AGREED = {"float32": 1e-4, "bfloat16": 2e-2}
"""How far apart the losses of the first step may be, nats."""


def config(*, routed: bool) -> ModelConfig:
    """The model; its dense counterpart has an MLP as wide as the experts of one token."""
    active = (MOE.experts_per_token + MOE.num_shared_experts) * MOE.intermediate_size
    return ModelConfig(
        family="deepseek_v3",
        vocab_size=VOCAB,
        hidden_size=256,
        intermediate_size=active,
        num_layers=6,
        attention=MLAConfig(
            num_heads=4, q_lora_rank=96, kv_lora_rank=64, qk_nope_head_dim=32, qk_rope_head_dim=16, v_head_dim=32
        ),
        moe=MOE if routed else None,
        rope=RopeConfig(theta=10_000, interleaved=True),
        max_position=512,
        init_std=0.02,
    )


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--warmup", type=int, default=3, help="steps that are not measured, compilation among them")
    parser.add_argument("--precisions", nargs="+", choices=AGREED, default=list(native(harness.environment())))
    parser.add_argument("--only", help="measure the engines whose name contains this")
    parser.set_defaults(repeats=10)
    options = parser.parse_args()

    harness.warn_unless_quiet()
    before = harness.environment()
    configuration = {
        "threads": options.threads,
        "device": options.device,
        "rows": options.rows,
        "length": options.length,
        "vocab": VOCAB,
        "steps": options.repeats,
        "warmup": options.warmup,
        "model": config(routed=True).model_dump(mode="json"),
        "dense_intermediate_size": config(routed=False).intermediate_size,
    }
    measured: Json = {}
    with tempfile.TemporaryDirectory(prefix="fathom-training-") as folder:
        directories = weights(Path(folder))
        for name, engine, job in contenders(directories, options.precisions):
            if options.only and options.only not in name:
                continue
            print(f"measuring {name} …", file=sys.stderr)
            answer = harness.ask_engine(engine, configuration | job)
            measured[name] = summary(answer, options.rows * options.length) | {"precision": job["precision"]}
            print(show({name: measured[name]}), file=sys.stderr)
    check_equal(measured)
    harness.write("training", configuration, {"engines": measured, "ratios": ratios(measured)}, options, before)
    print(show(measured))


def weights(folder: Path) -> dict[str, str]:
    """Both models with random weights, as directories that every engine reads."""
    directories = {}
    for name, routed in (("moe", True), ("dense", False)):
        torch.manual_seed(0)
        save_directory(folder / name, Transformer(config(routed=routed)))
        directories[name] = str(folder / name)
    return directories


def native(environment: Json) -> Iterator[str]:
    """The precisions worth a comparison: bfloat16 is emulated, ten times slower, where the processor lacks it."""
    yield "float32"
    if environment["hardware"]["gpu"] or {"avx512_bf16", "amx_bf16", "bf16"} & set(environment["hardware"]["features"]):
        yield "bfloat16"


def contenders(directories: dict[str, str], precisions: Sequence[str]) -> Iterator[tuple[str, str, Json]]:
    """Name, engine and the part of its job that differs."""
    for precision in precisions:
        for kind, directory in directories.items():
            job = {"model": directory, "precision": precision}
            yield f"fathom {kind} {precision}", "fathom_training", job
        job = {"model": directories["moe"], "precision": precision}
        yield f"transformers moe {precision}, eager", "transformers_training", job | {"experts": "eager"}
        yield f"transformers moe {precision}, grouped_mm", "transformers_training", job | {"experts": "grouped_mm"}
        compiled = job | {"experts": "grouped_mm", "compiled": True}
        yield f"transformers moe {precision}, compiled", "transformers_training", compiled


def summary(answer: Json, tokens: int) -> Json:
    """Medians beside what they come from."""
    return {
        "version": answer["version"],
        "parameters": answer["parameters"],
        "ready_s": round(answer["ready_s"], 1),
        "tokens_per_s": round(tokens / median(answer["seconds"]), 1),
        "first_loss": answer["losses"][0],
        "last_loss": answer["losses"][-1],
        "peak_rss_bytes": answer["peak_rss"],
        "runs": answer["seconds"],
    }


def check_equal(measured: Json) -> None:
    """Raises SystemExit where engines with the same weights begin at different losses."""
    for kind in ("moe", "dense"):
        entries = {name: entry for name, entry in measured.items() if f" {kind} " in name}
        exact = [entry["first_loss"] for entry in entries.values() if entry["precision"] == "float32"]
        for name, entry in entries.items():
            first = entry["first_loss"]
            if exact and abs(first - exact[0]) > AGREED[entry["precision"]]:
                raise SystemExit(f"{name} begins at a loss of {first}, others at {exact[0]}: no comparison")


def ratios(measured: Json) -> Json:
    """Of each precision: ours over transformers' fastest, over our dense model, and memory over that of the fastest."""
    compared: Json = {}
    for precision in AGREED:
        ours, dense = measured.get(f"fathom moe {precision}"), measured.get(f"fathom dense {precision}")
        theirs = [
            entry
            for name, entry in measured.items()
            if name.startswith("transformers") and entry["precision"] == precision
        ]
        if not ours or not dense or not theirs:
            continue
        fastest = max(theirs, key=lambda entry: float(entry["tokens_per_s"]))
        compared[precision] = {
            "over_transformers_fastest": round(ours["tokens_per_s"] / fastest["tokens_per_s"], 2),
            "over_own_dense": round(ours["tokens_per_s"] / dense["tokens_per_s"], 2),
            "peak_memory_over_transformers_fastest": round(ours["peak_rss_bytes"] / fastest["peak_rss_bytes"], 2),
        }
    return compared


def show(measured: Json) -> str:
    head = ["engine", "tokens/s", "ready s", "peak MB", "first loss"]
    rows = [
        [
            name,
            f"{entry['tokens_per_s']:.0f}",
            f"{entry['ready_s']:.1f}",
            f"{entry['peak_rss_bytes'] / 1e6:.0f}",
            f"{entry['first_loss']:.4f}",
        ]
        for name, entry in measured.items()
    ]
    return harness.table([head, *rows])


if __name__ == "__main__":
    main()
