"""A process that is killed while its teacher thinks: what was answered stays, and is not asked again."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from fake_endpoint import fake_endpoint, said

SOURCE = Path(__file__).parents[4] / "src"

RECIPE = """
from fathom.train.distill.config import DistillConfig, EndpointConfig, TraceData
from fathom.train.run.task import TaskConfig
from recipes_model import model

def killed():
    teacher = EndpointConfig(base_url="{url}", model="t", key_variable=None, concurrency=1)
    data = TraceData(teacher=teacher, task=TaskConfig(name="zero-countdown-3"), problems=8, samples=1, max_tokens=40)
    return DistillConfig(
        name="killed", model=model(), tokenizer="zero", data=data, steps=2, batch={{"rows": 2, "length": 64}}
    )
"""

MODEL = """
from fathom.model.config import GQAConfig, ModelConfig

def model():
    attention = GQAConfig(num_heads=1, num_kv_heads=1, head_dim=16)
    return ModelConfig(
        family="llama", vocab_size=512, hidden_size=16, intermediate_size=32, num_layers=1, max_position=64,
        attention=attention,
    )
"""


def eventually(true, seconds=60):
    """Whether it becomes true: the fifth answer may still be on its way to the file when the sixth is asked for."""
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def test_a_kill_during_a_request_loses_no_answer(tmp_path):
    thinking, release = threading.Event(), threading.Event()

    def plan(number, body):
        if number == 5:
            thinking.set()
            release.wait(60)
        target, _, a, b, c = body["messages"][-1]["content"].split()
        return said(f"( {a} + {b} ) * {c}" if (int(a) + int(b)) * int(c) == int(target) else "no", tokens=1)

    with fake_endpoint(plan) as endpoint:
        (tmp_path / "killed.py").write_text(RECIPE.format(url=endpoint.url))
        (tmp_path / "recipes_model.py").write_text(MODEL)
        command = [sys.executable, "-m", "fathom.cli.main", "train", "killed.py", "--out", "run"]
        env = {**os.environ, "PYTHONPATH": f"{SOURCE}{os.pathsep}{tmp_path}", "no_proxy": "*"}
        first = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL)
        assert thinking.wait(120)
        written = eventually(lambda: len((tmp_path / "run" / "traces.jsonl").read_text().splitlines()) == 1 + 5)
        first.kill()
        first.wait(60)
        release.set()
        assert written
        again = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=240)
        questions = [body["messages"][-1]["content"] for body in endpoint.asked]
    assert "answers of 8 are missing" in again.stderr
    assert len(questions) == 8 + 1  # the one that was under way
    assert len(set(questions)) == 8
    traces = [json.loads(line) for line in (tmp_path / "run" / "traces.jsonl").read_text().splitlines()[1:]]
    assert [one["problem"] for one in traces] == list(range(8))
