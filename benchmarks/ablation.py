"""Ablation: each choice of the architecture at equal wall-clock, at the size of the laptop's R1-Zero.

Every variant (``benchmarks/variants.py``) trains for the same minutes on the same corpus, each in a process of its own,
with a schedule that ends when its time does: one after the other, or ``--at-a-time`` some, on ``--threads`` each. Then:
the loss on traces of problems that no corpus holds, and how many of these problems it solves. The page in the
documentation is written from the stored result: ``--page`` writes it anew and measures nothing.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.harness import RESULTS, ROOT, Json
from benchmarks.tables import newest, place
from benchmarks.variants import Variant, active, variants

PAGE = ROOT / "docs" / "concepts" / "ablation.md"
HEAD = """# What each choice is worth on a laptop

Written by `python -m benchmarks.ablation --page` from `benchmarks/results`. The question is narrow: a model of about
a million active parameters, a corpus of solver's traces, two processor cores, a few minutes. DeepSeek made its
choices for models ten thousand times as large, and for machines that talk to each other; what wins here may lose
there.
"""
CHOICES = {
    "experts": ("a mixture of experts", ["dense"]),
    "attention": ("latent attention", ["gqa", "mha"]),
    "prediction": ("multi-token prediction", ["no-mtp"]),
    "optimizer": ("Muon", ["adamw"]),
}
"""What the speedrun has, and the variants that do without."""


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--minutes", type=float, default=2.0, help="training time of each variant")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--problems", type=int, default=128, help="held-out problems")
    parser.add_argument("--samples", type=int, default=8, help="sampled attempts at each, beside the greedy one")
    parser.add_argument("--at-a-time", type=int, default=1, help="variants that train beside each other, all alike")
    parser.add_argument("--note", default="", help="what else the machine did all the while, for the page to say")
    parser.add_argument("--only", nargs="+", help="train the variants of these names")
    parser.add_argument("--page", action="store_true", help="write the page from the newest result, and do no more")
    options = parser.parse_args()
    if options.page:
        PAGE.write_text(page(RESULTS), encoding="utf-8")
        return

    harness.warn_unless_quiet()
    before = harness.environment()
    configuration = {
        "threads": options.threads,
        "minutes": options.minutes,
        "seeds": options.seeds,
        "problems": options.problems,
        "samples": options.samples,
        "at_a_time": options.at_a_time,
        "note": options.note,
    }
    results: Json = {}
    jobs = [
        (seed, variant)
        for seed in options.seeds
        for variant in variants(options.minutes, seed)
        if not options.only or variant.name in options.only
    ]
    with ThreadPoolExecutor(options.at_a_time) as pool:
        answers = pool.map(lambda job: train(*job, configuration), jobs)
        for (seed, variant), answer in zip(jobs, answers, strict=True):
            assert variant.config.model is not None
            about = {"instead": variant.instead, "active_parameters": active(variant.config.model), "runs": []}
            entry = results.setdefault(variant.name, about)
            entry["runs"].append({"seed": seed, **answer})
            harness.write("ablation", configuration, results, options, before)  # kept if interrupted
            options.force = True
    if options.out == RESULTS:
        PAGE.write_text(page(RESULTS), encoding="utf-8")
    print(table(results))


def train(seed: int, variant: Variant, configuration: Json) -> Json:
    """Train and measure one variant, in a process of its own."""
    print(f"training {variant.name}, seed {seed}, for {configuration['minutes']:g} minutes …", file=sys.stderr)
    return harness.ask_engine("ablation", configuration | {"config": variant.config.model_dump(mode="json")})


def page(folder: Path) -> str:
    """The whole page, as Markdown."""
    documents = newest(folder, "ablation")
    if not documents:
        return HEAD + "\nNothing has been measured yet.\n"
    document = documents[0]
    configuration, results = document["configuration"], document["results"]
    seeds = len(configuration["seeds"])
    how = (
        f"{configuration['minutes']:g} minutes of training each, {beside(configuration)}, "
        f"{'one seed' if seeds == 1 else f'{seeds} seeds, of which the mean is shown'} ({place(document)}). Solved: of "
        f"{configuration['problems']} held-out problems, the greedy attempt, and each of {configuration['samples']} at "
        "temperature 1. Below, the lower loss on held-out traces decides which choice wins; the solved problems may "
        "say otherwise."
    )
    verdicts = "\n".join(f"- {line}" for line in sentences(results, configuration))
    return f"{HEAD}\n{how}\n\n{table(results)}\n\n{verdicts}\n{_caution(seeds)}"


def beside(configuration: Json) -> str:
    threads, several = configuration["threads"], configuration.get("at_a_time", 1)
    each = "one thread" if threads == 1 else f"{threads} threads"
    how = each if several == 1 else f"{each} and {several} variants beside each other"
    note = configuration.get("note")
    return f"{how}, {note}" if note else how


def table(results: Json) -> str:
    head = (
        "| | loss | solved, sampled | greedy | pass@8 | tokens | active parameters | cache a token |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|\n"
    )
    return head + "\n".join(_row(name, entry) for name, entry in results.items())


def _row(name: str, entry: Json) -> str:
    first = entry["runs"][0]
    what = f"**{name}**" if not entry["instead"] else f"{name}: {entry['instead']}"
    return (
        f"| {what} | {mean(entry, 'validation_loss'):.3f} | {100 * mean(entry, 'sampled', 'pass@1'):.1f} % "
        f"| {100 * mean(entry, 'greedy'):.1f} % | {_percent(entry, 'pass@8')} | {mean(entry, 'tokens') / 1e6:.2f} M "
        f"| {entry['active_parameters'] / 1e6:.2f} M | {first['kv_bytes_per_token']} B |"
    )


def _percent(entry: Json, name: str) -> str:
    return f"{100 * mean(entry, 'sampled', name):.1f} %" if name in entry["runs"][0]["sampled"] else ""


def mean(entry: Json, *path: str) -> float:
    """Over seeds."""
    values: list[Any] = entry["runs"]
    for name in path:
        values = [one[name] for one in values]
    return sum(values) / len(values)


def sentences(results: Json, configuration: Json) -> list[str]:
    """A sentence for each choice that was measured: what the plain way does better or worse, and how sure that is."""
    if "speedrun" not in results:
        return []
    ours = results["speedrun"]
    lines = []
    for what, plain in CHOICES.values():
        for name in plain:
            if name in results:
                lines.append(verdict(what, name, ours, results[name], configuration))
    return lines


def verdict(what: str, name: str, ours: Json, other: Json, configuration: Json) -> str:
    """Loss decides, unless the difference is within the spread of the seeds; of a single seed there is no spread."""
    loss = mean(other, "validation_loss") - mean(ours, "validation_loss")
    solved = 100 * (mean(other, "sampled", "pass@1") - mean(ours, "sampled", "pass@1"))
    spread = max(_spread(ours), _spread(other))
    read = 100 * (mean(other, "tokens") / mean(ours, "tokens") - 1)
    if abs(loss) <= spread:
        winner = "No difference beyond the spread of the seeds"
    else:
        winner = f"The plain choice wins: {name}" if loss < 0 else f"It pays: {what} against {name}"
    unsure = "" if len(configuration["seeds"]) > 1 else ", one seed"
    figures = f"loss of {name} {loss:+.3f}, solved {solved:+.1f} points, tokens read {read:+.0f} %{unsure}"
    return f"**{what[0].upper()}{what[1:]}.** {winner} ({figures})."


def _spread(entry: Json) -> float:
    """Between the best and the worst seed."""
    losses = [run["validation_loss"] for run in entry["runs"]]
    return float(max(losses) - min(losses))


def _caution(seeds: int) -> str:
    if seeds > 1:
        return ""
    return "\nOne seed each: small differences mean nothing. `--seeds 0 1 2` takes three times the time.\n"


if __name__ == "__main__":
    main()
