"""Whether a change costs speed: this checkout beside another one, on the same weights, alternating, in one run.

    git worktree add /tmp/before COMMIT
    python -m benchmarks.checkouts /tmp/before

Decoding (the embedded model on its own Q4_1 weights, and a small DeepSeek-V3), training (the small DeepSeek-V3 of
``benchmarks.training``) and a step of GRPO. Each side runs its own engine script on its own sources. They alternate
within a round and swap their order between rounds, so that what the machine does meanwhile meets both. A ratio is the
median of the rounds' ratios, beside the smallest and the largest of them: the noise.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks import grpo, harness, training, weights
from benchmarks.harness import Json

AFTER, BEFORE = "after", "before"


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("before", type=Path, help="root of the other checkout")
    parser.add_argument("--only", help="measure the workloads whose name contains this")
    parser.set_defaults(repeats=5)
    options = parser.parse_args()
    if not (options.before / "benchmarks" / "engines").is_dir():
        raise SystemExit(f"{options.before} is no checkout of Fathom")

    harness.warn_unless_quiet()
    environment = harness.environment()
    sides = {BEFORE: options.before.resolve(), AFTER: harness.ROOT}
    commits = {side: harness.commit(root) for side, root in sides.items()}
    configuration = {"threads": options.threads, "rounds": options.repeats, "commits": commits}
    results: Json = {}
    with tempfile.TemporaryDirectory(prefix="fathom-checkouts-") as folder:
        moe = training.weights(Path(folder))["moe"]
        for name, (engine, job, rates) in workloads(moe, options.threads).items():
            if options.only and options.only not in name:
                continue
            print(f"measuring {name} …", file=sys.stderr)
            rounds = [measure(engine, job, rates, sides, swap=bool(number % 2)) for number in range(options.repeats)]
            results |= {f"{name}, {what}": summary(rounds, what) for what in rounds[0][AFTER]}
            harness.write("checkouts", configuration, results, options, environment)  # a failure later loses nothing
            options.force = True
    print(show(results))


Rates = Callable[[Json], dict[str, float]]
"""An engine's answer → tokens per second, by what was measured."""


def workloads(moe: str, threads: int) -> dict[str, tuple[str, Json, Rates]]:
    """Name → engine, job, and how to read its answer."""
    speed = {"task": "speed", "repeats": 3, "batches": [1, 8], "prefill": 256, "decode": 48, "prompt": 32}
    decode = speed | {"threads": threads, "vocab": weights.vocab_size(), "device": "cpu"}
    train = {"model": moe, "rows": 8, "length": 256, "vocab": training.VOCAB, "steps": 8, "warmup": 3}
    step = {"prompts": list(grpo.PROMPTS), "group": 8, "tokens": 64, "lr": grpo.LR, "steps": 3}
    on_cpu = {"threads": threads, "device": "cpu", "precision": "float32"}
    return {
        "decode smollm2 q4_1": ("fathom", decode | {"model": str(weights.embedded()), "dtype": "auto"}, decode_rates),
        "decode deepseek float32": (
            "fathom",
            decode | {"model": str(weights.small_deepseek()), "dtype": "float32"},
            decode_rates,
        ),
        "train deepseek float32": ("fathom_training", train | on_cpu, train_rates),
        "grpo deepseek float32": (
            "fathom_grpo",
            step | on_cpu | {"model": str(weights.small_deepseek())},
            grpo_rates,
        ),
    }


def decode_rates(answer: Json) -> dict[str, float]:
    batches = {f"batch {batch}": median(runs) for batch, runs in answer["decode"].items()}
    return {"prefill": median(answer["prefill"]), **batches}


def train_rates(answer: Json) -> dict[str, float]:
    return {"step": 8 * 256 / median(answer["seconds"])}


def grpo_rates(answer: Json) -> dict[str, float]:
    tokens = len(grpo.PROMPTS) * 8 * 64
    return {"step": tokens / median(answer["steps"][1:]), "generation": tokens / median(answer["generation"][1:])}


def measure(engine: str, job: Json, rates: Rates, sides: dict[str, Path], *, swap: bool) -> dict[str, dict[str, float]]:
    """One round: both sides, one after the other."""
    order = sorted(sides, reverse=swap)
    return {side: rates(harness.ask_engine(engine, job, root=sides[side])) for side in order}


def summary(rounds: list[dict[str, dict[str, float]]], what: str) -> Json:
    ratios = [one[AFTER][what] / one[BEFORE][what] for one in rounds]
    return {
        BEFORE: round(median(one[BEFORE][what] for one in rounds), 1),
        AFTER: round(median(one[AFTER][what] for one in rounds), 1),
        "ratio": round(median(ratios), 3),
        "range": [round(min(ratios), 3), round(max(ratios), 3)],
        "runs": {side: [round(one[side][what], 1) for one in rounds] for side in (BEFORE, AFTER)},
    }


def show(results: Json) -> str:
    rows = [["workload", "before tok/s", "after tok/s", "ratio", "range over the rounds"]]
    for name, entry in results.items():
        low, high = entry["range"]
        rows.append(
            [name, f"{entry[BEFORE]:.0f}", f"{entry[AFTER]:.0f}", f"{entry['ratio']:.3f}", f"{low:.3f} to {high:.3f}"]
        )
    return harness.table(rows)


if __name__ == "__main__":
    main()
