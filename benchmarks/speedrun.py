"""How long `make speedrun` takes, how much memory, and what comes out: measured from outside.

One run of ``speedrun:pipeline`` in a directory of its own. Times are those of the stages' processes, start and end of
Python included; memory is the largest resident set of any of them. What the model can do is read from the metrics that
the measurements of the test split left. For seeds and controls see ``speedrun:controls`` and its report.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import harness
from benchmarks.harness import ROOT, Json
from fathom.train.pipeline import STATE
from fathom.train.run.metrics import read


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--keep", type=Path, help="folder of the run; default: one that is deleted afterwards")
    options = parser.parse_args()

    harness.warn_unless_quiet()
    before = harness.environment()
    with tempfile.TemporaryDirectory() as folder:
        place = options.keep or Path(folder) / "run"
        stages = run(place, options.threads)
        results = {
            "stages_s": stages,
            "total_s": round(sum(stages.values()), 1),
            "peak_rss_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
            "gate": gate(place / "zero"),
            "tokens": pretrained(place / "base"),
            "test": {name: measured(place / f"test-{name}") for name in ("base", "zero")},
        }
    harness.write("speedrun", {"threads": options.threads}, results, options, before)
    print(harness.table([[name, f"{seconds:.0f} s"] for name, seconds in stages.items()]))


def run(place: Path, threads: int) -> dict[str, float]:
    """Seconds of each stage by its name; the stages print to the terminal."""
    run_recipe("speedrun:pipeline", place, threads)
    finished = json.loads((place / STATE).read_text())["finished"]
    return {name: stage["seconds"] for name, stage in finished.items()}


def run_recipe(recipe: str, place: Path, threads: int) -> None:
    """`fathom train` of this checkout. Raises SystemExit where it fails."""
    environ = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "fathom", "train", recipe, "--out", str(place)]
    done = subprocess.run(command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise SystemExit(f"{recipe} ended with code {done.returncode}")


def gate(place: Path) -> Json:
    """The base's results before reinforcement learning, and the findings against it."""
    line = next(line for line in read(place) if line["kind"] == "gate")
    findings = json.loads((place / "run.json").read_text())["findings"]
    return {"pass@1": line["pass@1"], "pass@8": line["pass@8"], "findings": findings}


def pretrained(place: Path) -> int:
    """Tokens of pretraining."""
    tokens: int = read(place)[-1]["tokens"]
    return tokens


def measured(place: Path) -> list[Json]:
    """One line for each temperature."""
    return [line for line in read(place) if line["kind"] == "measure"]


if __name__ == "__main__":
    main()
