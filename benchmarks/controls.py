"""Reinforcement learning beside its controls at equal wall-clock time: four seeds over two bases.

Runs ``speedrun:controls``, or resumes it in a folder that holds a part of it, and stores what its runs left on disk: of
every variant and seed the minutes of training, and the measurements on held-out problems. Every stage has one thread
and two run at a time, so that all variants have one machine. The report with curves and completions is
``report.html`` in the folder.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import harness
from benchmarks.harness import Json
from benchmarks.speedrun import gate, run_recipe
from fathom.train.run.metrics import read

SEEDS = (0, 1, 2, 3)
VARIANTS = ("base", "continued", "rejection", "iterated", "zero")
"""As ``speedrun:controls`` calls them; even seeds have the base of seed 0, odd ones that of seed 1."""
COLUMNS = (
    "temperature",
    "pass@1",
    "pass@8",
    "pass@64",
    "error",
    "length",
    "truncated",
    "guesses",
    "problems",
    "samples",
)


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--keep", type=Path, help="folder of the runs; default: one that is deleted afterwards")
    parser.add_argument("--collect", action="store_true", help="run nothing, store what the folder of --keep holds")
    options = parser.parse_args()
    if options.collect and options.keep is None:
        parser.error("--collect needs the folder of the runs: --keep DIR")

    harness.warn_unless_quiet()
    before = harness.environment()
    with tempfile.TemporaryDirectory() as folder:
        place = (options.keep or Path(folder) / "runs").resolve()
        if not options.collect:
            run_recipe("speedrun:controls", place, threads=1)
        results = collect_results(place)
    harness.write("controls", {"threads": 1, "at_a_time": 2, "seeds": list(SEEDS)}, results, options, before)
    print(harness.table([["variant", "T = 1", "T = 0.6", "greedy", "minutes"], *map(list, rows(results))]))


def collect_results(place: Path) -> Json:
    """Minutes and measurements of the runs below ``place``."""
    arms: Json = {name: [] for name in VARIANTS}
    gates = []
    for seed in SEEDS:
        here = place / f"seed-{seed}"
        if (here / "base").is_dir():
            gates.append({"seed": seed, **gate(here / "zero")})
        for name in VARIANTS:
            if (here / f"test-{name}").is_dir():
                lines = [line for line in read(here / f"test-{name}") if line["kind"] == "measure"]
                measured = [{key: line[key] for key in COLUMNS if key in line} for line in lines]
                arms[name].append({"seed": seed, "minutes": round(minutes(here, name), 2), "test": measured})
    return {"gates": gates, "arms": arms}


def minutes(here: Path, name: str) -> float:
    """Of training, all rounds together."""
    stages = ("round-1", "round-2", name) if name == "iterated" else (name,)
    return sum(seconds(here / stage) for stage in stages) / 60


def seconds(stage: Path) -> float:
    """How long a stage trained. Raises SystemExit where it did not train: then it is no control."""
    lines = read(stage)
    if not lines:
        raise SystemExit(f"{stage} did not train: its time went into sampling: give it fewer problems or more time")
    return float(lines[-1]["seconds"])


def values_of(runs: Sequence[Json], temperature: float, key: str = "pass@1") -> list[float]:
    """One number a seed."""
    return [line[key] for run in runs for line in run["test"] if line["temperature"] == temperature]


def format_mean(numbers: Sequence[float]) -> str:
    """Mean and standard deviation over seeds, percent."""
    spread = f" ± {100 * statistics.stdev(numbers):.1f}" if len(numbers) > 1 else ""
    return f"{100 * statistics.mean(numbers):.1f}{spread}"


def rows(results: Json) -> list[tuple[str, ...]]:
    """Of each variant its name, correct answers at three temperatures, and minutes of training, which are compared
    from the base on.
    """
    return [
        (
            name,
            *(format_mean(values_of(runs, temperature)) for temperature in (1.0, 0.6, 0.0)),
            "" if name == "base" else f"{statistics.mean(run['minutes'] for run in runs):.1f}",
        )
        for name, runs in results["arms"].items()
        if runs
    ]


if __name__ == "__main__":
    main()
