"""A run that is killed again and again ends with the weights of one that was not, bit for bit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import tiny_runs
import torch
from safetensors.torch import load_file

import fathom

RECIPE = """
from tiny_runs import tiny_config
from fathom.train.supervised.config import BatchConfig, GeneratedData

def lines(count):
    return (f"{n} and {n + 1} are {2 * n + 1}" for n in range(count))

def killed():
    config = tiny_config(steps=16, threads=1, batch=BatchConfig(rows=4, length=32, ramp_from=2, ramp_until=0.5))
    data = GeneratedData(function=__file__ + ":lines", options={"count": 60})
    model = config.model.model_copy(update={"vocab_size": 320})
    return config.model_copy(update={"data": data, "model": model})
"""


def start(recipe: Path, out: Path) -> subprocess.Popen[bytes]:
    paths = [str(Path(fathom.__file__).parents[1]), str(Path(tiny_runs.__file__).parent)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "fathom.cli.main", "train", str(recipe), "--out", str(out)]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def updates(out: Path) -> int:
    file = out / "metrics.jsonl"
    return len(file.read_text().splitlines()) if file.exists() else 0


def finish(recipe: Path, out: Path) -> None:
    process = start(recipe, out)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()


def test_kill_and_resume(tmp_path: Path) -> None:
    recipe = tmp_path / "killed.py"
    recipe.write_text(RECIPE)
    finish(recipe, tmp_path / "straight")

    draw = random.Random(os.getpid())
    cut = tmp_path / "cut"
    for goal in sorted(draw.sample(range(2, 15), 2)):
        process = start(recipe, cut)
        while process.poll() is None and updates(cut) < goal:
            time.sleep(0.001)
        time.sleep(draw.random() * 0.02)  # anywhere: within an update, or within the writing of a checkpoint
        process.send_signal(signal.SIGKILL)
        process.communicate()
    finish(recipe, cut)

    for file in ("final/model.safetensors", "checkpoints/step-00000016/state.safetensors"):
        straight, resumed = load_file(tmp_path / "straight" / file), load_file(cut / file)
        assert straight.keys() == resumed.keys()
        assert all(torch.equal(straight[name], resumed[name]) for name in straight), file
    assert updates(cut) == 16
