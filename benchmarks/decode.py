"""Decode and prefill throughput of Fathom, transformers and llama.cpp, on the same weights, in one run.

The weights are the embedded model's. Where an engine cannot read its Q4_1 file they are the same numbers, dequantized
and written as float32 or bfloat16; Q4_0 and Q8_0 are made from those, for speed only. Prefill is one prompt of 512
tokens; decode is the total of all sequences of a batch per second. Every engine has a process of its own and the same
number of threads.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from benchmarks import harness, weights
from benchmarks.harness import Json, median

REFERENCE = "transformers bfloat16"


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument(
        "--llama-python", help="interpreter that has llama-cpp-python; without it llama.cpp is left out"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64, help="tokens that each sequence decodes")
    parser.add_argument("--prompt", type=int, default=32, help="tokens of each prompt before decoding")
    parser.add_argument("--only", help="measure the engines whose name contains this")
    options = parser.parse_args()

    harness.warn_unless_quiet()
    before = harness.environment()
    configuration = {
        "task": "speed",
        "threads": options.threads,
        "repeats": options.repeats,
        "batches": options.batches,
        "prefill": options.prefill,
        "decode": options.decode,
        "prompt": options.prompt,
        "context": max(options.batches) * (options.prompt + 2 * options.decode) + options.prefill,
        "vocab": weights.vocab_size(),
        "device": options.device,
    }
    measured: Json = {}
    for name, engine, job in contenders(options):
        if options.only and options.only not in name:
            continue
        print(f"measuring {name} …", file=sys.stderr)
        python = options.llama_python if engine == "llama_cpp" else sys.executable
        answer = harness.ask_engine(engine, configuration | job, python)
        measured[name] = summary(answer)
    results = {"engines": measured, "ratios": ratios(measured)}
    harness.write("decode", configuration, results, options, before)
    print(show(measured, options.batches))


def contenders(options: argparse.Namespace) -> Iterator[tuple[str, str, Json]]:
    """Name, engine and the engine's own part of the job."""
    embedded, device = str(weights.embedded()), options.device
    for dtype in ("auto", "bfloat16"):
        yield f"fathom {dtype}", "fathom", {"model": embedded, "dtype": dtype, "device": device}
    for dtype in ("float32", "bfloat16"):
        dense = str(weights.hf_directory())
        yield f"fathom {dtype}, dense weights", "fathom", {"model": dense, "dtype": dtype, "device": device}
    for dtype in ("float32", "bfloat16"):
        yield f"transformers {dtype}", "transformers", {"model": str(weights.hf_directory()), "dtype": dtype}
    if not options.llama_python:
        print("llama.cpp is left out: name its interpreter with --llama-python", file=sys.stderr)
        return
    yield "llama.cpp Q4_1", "llama_cpp", {"model": embedded}
    for kind in ("Q4_0", "Q8_0", "BF16"):
        yield f"llama.cpp {kind}", "llama_cpp", {"model": str(weights.gguf(kind))}


def summary(answer: Json) -> Json:
    """Medians, and the runs that they come from."""
    return {
        "version": answer["version"],
        "load_s": round(answer["load_s"], 2),
        "prefill_tokens_per_s": round(median(answer["prefill"]), 1),
        "decode_tokens_per_s": {batch: round(median(runs), 1) for batch, runs in answer["decode"].items()},
        "rss_bytes": answer["rss"],
        "peak_rss_bytes": answer["peak_rss"],
        "runs": {"prefill": answer["prefill"], "decode": answer["decode"]},
    }


def ratios(measured: Json) -> Json:
    """Each engine's rates divided by the reference's; empty where that was not measured."""
    if REFERENCE not in measured:
        return {}
    base = measured[REFERENCE]
    return {
        name: {
            "prefill": round(entry["prefill_tokens_per_s"] / base["prefill_tokens_per_s"], 2),
            "decode": {
                batch: round(rate / base["decode_tokens_per_s"][batch], 2)
                for batch, rate in entry["decode_tokens_per_s"].items()
            },
        }
        for name, entry in measured.items()
    }


def show(measured: Json, batches: list[int]) -> str:
    head = ["engine", "prefill", *(f"decode b{batch}" for batch in batches), "resident MB"]
    rows = [
        [
            name,
            f"{entry['prefill_tokens_per_s']:.0f}",
            *(f"{entry['decode_tokens_per_s'][str(batch)]:.0f}" for batch in batches),
            f"{entry['rss_bytes'] / 1e6:.0f}",
        ]
        for name, entry in measured.items()
    ]
    return harness.table([head, *rows])


if __name__ == "__main__":
    main()
