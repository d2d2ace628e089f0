"""How long a step of GRPO takes: Fathom beside trl's GRPOTrainer, on the same weights and prompts, in one run.

Both sample a group of completions of one forced length for each prompt, reward them with the same function, compare
them within their group, and take one update of AdamW over all of them, without a KL term. trl generates with
transformers and takes everything as one batch; gradient checkpointing, its default, is off, because it only saves
memory. Each has a process of its own. The first step warms up and does not count; the tokens of Fathom's first step are
scored by trl as well, so that it is one model that is compared.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks import harness, weights
from benchmarks.harness import Json, median

PROMPTS = (
    "Natalia sold clips to 48 of her friends in April, and half as many in May. How many did she sell altogether?",
    "A robe takes 2 bolts of blue fiber and half that much white fiber. How many bolts does it take in total?",
    "Weng earns 12 dollars an hour for babysitting. Yesterday she worked for 50 minutes. How much did she earn?",
    "James runs 3 sprints of 60 meters 3 times a week. How many meters does he run in a week, all in all?",
)
LR = 1e-6
OURS, THEIRS = "fathom", "trl"


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--trl-python", help="interpreter that has trl; without it Fathom is measured alone")
    parser.add_argument("--models", nargs="+", choices=("smollm2", "deepseek"), default=["deepseek", "smollm2"])
    parser.add_argument("--precisions", nargs="+", choices=("float32", "bfloat16"), default=["float32"])
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=64, help="tokens of every completion")
    options = parser.parse_args()

    harness.warn_unless_quiet()
    before = harness.environment()
    configuration = {
        "threads": options.threads,
        "repeats": options.repeats,
        "prompts": list(PROMPTS),
        "group": options.group,
        "tokens": options.tokens,
        "lr": LR,
        "steps": options.repeats + 1,
    }
    results: Json = {}
    for model in options.models:
        for precision in options.precisions:
            job = configuration | {"model": path_of(model), "precision": precision}
            results[f"{model} {precision}"] = compare(job, options)
            harness.write("grpo", configuration, results, options, before)  # kept if interrupted
            options.force = True
    print(show(results))


def path_of(model: str) -> str:
    return str(weights.hf_directory() if model == "smollm2" else weights.small_deepseek())


def compare(job: Json, options: argparse.Namespace) -> Json:
    """Both sides of one model."""
    print(f"measuring fathom on {job['model']}, {job['precision']} …", file=sys.stderr)
    ours = harness.ask_engine("fathom_grpo", job)
    sides: Json = {OURS: summary(ours, job)}
    sides[OURS]["engine_gap"] = max(ours["gap"])
    if not options.trl_python:
        return sides
    print("measuring trl …", file=sys.stderr)
    theirs = harness.ask_engine("trl_grpo", job | {"first": ours["first"]}, options.trl_python)
    if theirs["prompt_tokens"] != ours["prompt_tokens"]:
        raise SystemExit("the prompts have other tokens for trl than for Fathom")
    sides[THEIRS] = summary(theirs, job)
    sides["logprob_difference"] = theirs["difference"]
    sides["ratios"] = ratios(sides)
    return sides


def summary(answer: Json, job: Json) -> Json:
    """Medians, without the first step, beside what they come from."""
    step, generation = median(answer["steps"][1:]), median(answer["generation"][1:])
    tokens = len(job["prompts"]) * job["group"] * job["tokens"]
    return {
        "version": answer["version"],
        "step_s": round(step, 3),
        "generation_s": round(generation, 3),
        "generated_tokens_per_s": round(tokens / generation, 1),
        "peak_rss_bytes": answer["peak_rss"],
        "gradient_norms": answer["norm"],
        "runs": {"steps": answer["steps"], "generation": answer["generation"]},
    }


def ratios(sides: Json) -> Json:
    """How many times as fast we are, and what share of their memory we take."""
    ours, theirs = sides[OURS], sides[THEIRS]
    return {
        "step": round(theirs["step_s"] / ours["step_s"], 2),
        "generation": round(theirs["generation_s"] / ours["generation_s"], 2),
        "update": round(
            (theirs["step_s"] - theirs["generation_s"]) / (ours["step_s"] - ours["generation_s"]),
            2,
        ),
        "memory": round(ours["peak_rss_bytes"] / theirs["peak_rss_bytes"], 2),
    }


def show(results: Json) -> str:
    rows = [["model", "trainer", "s/step", "of it generation", "generated tok/s", "peak MB"]]
    for model, sides in results.items():
        rows += [
            [
                model,
                side,
                f"{sides[side]['step_s']:.1f}",
                f"{sides[side]['generation_s']:.1f}",
                f"{sides[side]['generated_tokens_per_s']:.0f}",
                f"{sides[side]['peak_rss_bytes'] / 1e6:.0f}",
            ]
            for side in (OURS, THEIRS)
            if side in sides
        ]
    return harness.table(rows)


if __name__ == "__main__":
    main()
