"""Directories as runs write them, without running anything: a laptop's R1-Zero with its seeds and controls."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MODEL = {
    "family": "deepseek_v3",
    "hidden_size": 128,
    "num_layers": 4,
    "attention": {"kind": "mla"},
    "moe": {"num_experts": 8, "experts_per_token": 2},
    "num_mtp_layers": 1,
}
SIZES = {"parameters": 2_212_480, "active_parameters": 991_744, "mtp_parameters": 310_000}
MACHINE = {
    "device": "AMD EPYC",
    "threads": 2,
    "versions": {"fathom": "0.1.0", "torch": "2.13.0", "python": "3.11.2"},
}

VARIANTS: Mapping[str, tuple[float, float, float, float]] = {
    "base": (0.371, 0.441, 0.438, 24.1),
    "zero": (0.852, 0.881, 0.887, 53.2),
    "continued": (0.342, 0.420, 0.418, 23.0),
    "rejection": (0.672, 0.790, 0.906, 38.4),
}
"""By variant: pass@1 sampled at T = 1 and .6, greedy, length."""


def write_run(directory: Path, facts: Mapping[str, Any] | None, lines: Sequence[Mapping[str, Any]]) -> Path:
    """A run of these facts and lines; None leaves run.json out."""
    directory.mkdir(parents=True, exist_ok=True)
    if facts is not None:
        (directory / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    (directory / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (directory / "final").mkdir(exist_ok=True)
    return directory


def write_pretraining(
    directory: Path, *, name: str = "speedrun", start: str | None = None, seed: int = 0, updates: int = 1200
) -> Path:
    draw = random.Random(f"{name}/{seed}")
    lines: list[dict[str, Any]] = []
    for step in range(10, updates + 1, 10):
        share = step / updates
        drift = (4.2 * math.exp(-7 * share) + 0.22) if start is None else 0.22 - 0.02 * share
        loads = [max(0, round(draw.gauss(960, 700 * (1 - share) + 60))) for _ in range(8)]
        lines.append(
            {
                "kind": "train",
                "step": step,
                "seconds": 0.3 * step,
                "loss": drift * draw.uniform(0.96, 1.04),
                "mtp_loss": 1.3 * drift * draw.uniform(0.95, 1.05),
                "mtp_acceptance": min(0.93, 0.3 + 0.6 * share) * draw.uniform(0.97, 1),
                "gradient_norm": 0.4 + 3 * math.exp(-5 * share) * draw.uniform(0.6, 1.5),
                "lr_factor": min(1.0, step / 20) * (1 - share),
                "rows": 24,
                "tokens": 3840 * step,
                "tokens_per_second": draw.gauss(12_800, 350),
                "max_violation": max(loads) / max(1, sum(loads) / 8) - 1,
                "worst_violation": 1.2,
                "router_entropy": 0.99 - 0.1 * share,
                "dead_experts": 2 if step < 60 else 0,
                "loads": {f"layers.{layer}.mlp.router": loads[layer:] + loads[:layer] for layer in (1, 2, 3)},
            }
        )
        if step % 200 == 0:
            lines.append(
                {
                    "kind": "validation",
                    "step": step,
                    "seconds": 0.3 * step,
                    "validation_loss": drift * 1.02,
                    "perplexity": math.exp(drift),
                    "counted": 9000.0,
                }
            )
    config = {
        "stage": "pretrain",
        "name": name,
        "seed": seed,
        "start": start,
        "dollars_per_hour": 0.05,
        "precision": "auto",
    }
    facts = {
        "stage": "pretrain",
        "name": name,
        "config": config,
        "model": MODEL,
        **SIZES,
        **MACHINE,
        "updates": updates,
        "precision": "bfloat16",
    }
    return write_run(directory, facts, lines)


def write_rl(directory: Path, start: str, *, seed: int = 0, steps: int = 40, solved: float = 0.371) -> Path:
    draw = random.Random(f"zero/{seed}")
    gate = {f"pass@{k}": 1 - (1 - solved) ** k for k in (1, 2, 4, 8)} | {
        "problems": 128,
        "samples": 8,
        "error": 0.021,
        "thought_right": 0.45,
        "guess_right": 0.09,
    }
    lines: list[dict[str, Any]] = [{"kind": "gate", "step": 0, "seconds": 6.1, **gate}]
    rollouts: list[dict[str, Any]] = []
    for step in range(1, steps + 1):
        share = 1 - math.exp(-4 * step / steps)
        right = solved + 0.48 * share + draw.gauss(0, 0.012)
        lines.append(
            {
                "kind": "rl",
                "step": step,
                "seconds": 6.1 + 5.5 * step,
                "reward": right,
                "right": right,
                "well_formed": 0.94 + 0.05 * share,
                "length": 25 + 28 * share + draw.gauss(0, 0.7),
                "length_max": 160,
                "truncated": 0.05 * share * draw.uniform(0.7, 1.3),
                "guesses": max(0.01, 0.26 * (1 - share)),
                "zero_variance": 0.2 + 0.2 * share,
                "sampled": 512,
                "sampled_tokens": round(512 * (25 + 28 * share)),
                "groups": 64,
                "learned_tokens": round(512 * (25 + 28 * share) * 0.7),
                "loss": draw.gauss(0, 0.01),
                "engine_gap": 10 ** draw.gauss(-5, 0.15),
                "gradient_norm": draw.uniform(0.2, 0.4),
                "lr_factor": min(1.0, step / 3) * (1 - 0.9 * step / steps),
                "ratio_mean": 1.0,
                "ratio_min": 1.0,
                "ratio_max": 1.0,
                "clip_fraction": 0.0,
                "kl": 0.0,
                "reference_kl": 0.0,
                "entropy": 0.55 - 0.3 * share,
                "max_violation": draw.uniform(0.6, 0.9),
                "dead_experts": 0,
                "loads": {
                    f"layers.{layer}.mlp.router": [round(draw.gauss(1000, 250)) for _ in range(8)]
                    for layer in (1, 2, 3)
                },
                "sampling_seconds": 2.4,
                "update_seconds": 2.6,
            }
        )
        if step % 10 == 0:
            lines.append(
                {
                    "kind": "evaluation",
                    "step": step,
                    "seconds": 6.1 + 5.5 * step,
                    "pass@1": right - 0.01,
                    "error": 0.021,
                    "temperature": 1.0,
                    "problems": 128,
                    "samples": 4,
                }
            )
        rollouts += [_group(draw, step, right) for _ in range(4)]
    config = {
        "stage": "rl",
        "name": "speedrun-zero",
        "seed": seed,
        "start": start,
        "dollars_per_hour": 0.05,
        "task": {"name": "zero-countdown-3", "options": {}},
        "gate": {"mode": "warn", "problems": 128, "samples": 8, "pass_at_1": [0.25, 0.45], "pass_at_k": 0.9},
    }
    facts = {
        "stage": "rl",
        "name": "speedrun-zero",
        "config": config,
        "model": MODEL,
        **SIZES,
        **MACHINE,
        "updates": steps,
        "findings": [],
    }
    write_run(directory, facts, lines)
    (directory / "rollouts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in rollouts), encoding="utf-8")
    return directory


def _group(draw: random.Random, step: int, right: float) -> dict[str, Any]:
    a, b, c = (draw.randint(1, 12) for _ in range(3))
    target = a * b + c
    members = []
    for _ in range(8):
        correct = draw.random() < right
        tries = draw.randint(0, 1 + step // 10)
        lines = [f" {a} + {b} = {a + b}, {c} + {a + b + c} - {abs(a + b - c)} * {(a + b) * c}" for _ in range(tries)]
        hit = f" {a} * {b} = {a * b}, {c} + {target} !" if correct else ""
        thought = "\n".join([*lines, *([hit] if hit else [])])
        answer = f"( {a} * {b} ) + {c}" if correct else f"( {a} + {b} ) * {c}"
        members.append(
            {
                "text": f"{thought}\n</think>{answer}",
                "reward": float(correct),
                "correct": correct,
                "detail": "" if correct else f"it is {(a + b) * c}, not {target}",
                "length": 12 + 14 * tries,
                "truncated": False,
            }
        )
    return {"step": step, "id": f"{a} {b} {c}", "prompt": f"{target} from {a} {b} {c}", "completions": members}


def write_measurement(directory: Path, start: str, variant: str, *, seed: int = 0, lean: float = 0.0) -> Path:
    hot, warm, greedy, length = VARIANTS[variant]
    draw = random.Random(f"{variant}/{seed}")
    off = draw.gauss(0, 0.008) + lean
    patient = (length - 20) / 35
    lines = []
    for temperature, level, samples in ((1.0, hot, 64), (0.6, warm, 8), (0.0, greedy, 1)):
        solved = level + off
        ks = [k for k in (1, 2, 4, 8, 16, 32, 64) if k <= samples]
        reach = {1: 0, 2: 0.42, 4: 0.68, 8: 0.85, 16: 0.93, 32: 0.97, 64: 0.99}
        lines.append(
            {
                "kind": "measure",
                "step": 0,
                "seconds": 20.0,
                **{f"pass@{k}": solved + (0.995 - solved) * reach[k] for k in ks},
                "problems": 256,
                "samples": samples,
                "error": 0.019,
                "reward": solved,
                "well_formed": 0.97,
                "truncated": 0.04 * patient,
                "length": length + off * 20,
                "guesses": max(0.01, 0.27 - 0.3 * patient),
                "thought_right": min(1.0, solved + 0.05),
                "guess_right": 0.09,
                "lenient": solved + 0.004,
                "traces": {
                    "guesses": 0.2,
                    "claims": min(0.97, 0.36 + 0.6 * patient),
                    "verified": 0.86 + 0.05 * patient,
                    "lines": 1.3 + 3 * patient,
                    "first_right": 0.982,
                    "leaf_right": 0.971 + off / 10,
                    "strange": 0.004,
                },
                "temperature": temperature,
                "split": "test",
            }
        )
    config = {
        "stage": "measure",
        "name": "speedrun-measure",
        "seed": 0,
        "start": start,
        "task": {"name": "zero-countdown-3", "options": {}},
        "settings": [{}, {}, {}],
        "dollars_per_hour": 0.05,
    }
    return write_run(directory, {"stage": "measure", "name": "speedrun-measure", "config": config}, lines)


def speedrun(root: Path, *, seeds: Sequence[int] = (1, 2, 3), updates: int = 1200) -> Path:
    """``root/seed-N/{base,zero,continued,rejection,test-*}``: three seeds over as many bases."""
    for seed in seeds:
        place = root / f"seed-{seed}"
        recorded = f"runs/speedrun/seed-{seed}"
        write_pretraining(place / "base", seed=seed, updates=updates)
        write_rl(place / "zero", f"{recorded}/base/final", seed=seed)
        write_pretraining(
            place / "continued",
            name="speedrun-continued",
            start=f"{recorded}/base/final",
            seed=seed,
            updates=updates // 2,
        )
        write_pretraining(
            place / "rejection",
            name="speedrun-rejection",
            start=f"{recorded}/base/final",
            seed=seed,
            updates=updates // 2,
        )
        for variant in VARIANTS:
            write_measurement(place / f"test-{variant}", f"{recorded}/{variant}/final", variant, seed=seed)
    return root


def curriculum(root: Path, levels: Sequence[str] = ("three-12", "four-12", "gcd")) -> Path:
    """A run through levels, measured on each, and what it solves beyond its base."""
    write_pretraining(root / "base", name="curriculum", updates=200)
    place = write_rl(root / "zero", "runs/base/final", steps=20)
    lines = [json.loads(line) for line in (place / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    for line in lines:
        share = line["step"] / 20
        if line["kind"] in ("rl", "evaluation"):
            line["levels"] = {
                name: {
                    "share": 1 / len(levels),
                    "pass@1": share / (place + 1),
                    "recent": share / (place + 1),
                    "error": 0.02,
                }
                for place, name in enumerate(levels)
            }
    write_run(place, json.loads((place / "run.json").read_text(encoding="utf-8")), lines)
    for variant in ("base", "zero"):
        evaluation = write_measurement(root / f"test-{variant}", f"runs/{variant}/final", variant)
        lines = [json.loads(line) for line in (evaluation / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
        for line in lines:
            line["levels"] = {
                name: {"pass@1": line["pass@1"] / (place + 1), "pass@64": 0.9, "problems": 80, "error": 0.03}
                for place, name in enumerate(levels)
            }
        write_run(evaluation, json.loads((evaluation / "run.json").read_text(encoding="utf-8")), lines)
    counts = {"problems": 240, "samples": 64, "unsolved": 40, "solved": 21, "control": 6, "only_model": 17}
    counted = {**counts, "only_control": 2, "interval": [0.375, 0.671], "control_interval": [0.071, 0.291]}
    rest = {"p_value": 0.00073, "lost": 3, "split": "test"}
    beyond = [
        {"kind": "beyond", "step": 0, "seconds": 60, "level": level, **counted, **rest} for level in ("all", *levels)
    ]
    config = {"stage": "beyond", "name": "curriculum-beyond", "start": "runs/zero/final", "base": "runs/base/final"}
    write_run(root / "beyond", {"stage": "beyond", "name": "curriculum-beyond", "config": config}, beyond)
    return root
