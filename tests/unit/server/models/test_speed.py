"""Speed: tokens after the first over their time, kept for this machine and this version only."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from scripted import Script, scripted_model

from fathom.server.models import speed
from fathom.server.models.speed import TOKENS, SpeedFile, measure_speed


async def test_measuring():
    served = scripted_model(Script("x" * 100))
    seconds = itertools.count()
    assert await measure_speed(served, lambda: next(seconds)) == (TOKENS - 1) / TOKENS  # a second for each chunk
    (request,) = served.engine.requests
    assert (request.sampling.max_tokens, request.sampling.ignore_eos, request.sampling.temperature) == (TOKENS, True, 0)
    assert await measure_speed(served, lambda: 1.0) == 0.0


def test_keeping(tmp_path: Path, monkeypatch):
    file = tmp_path / "data" / "speeds.json"
    SpeedFile(file).keep("a", 12.345)
    SpeedFile(file).keep("b", 2.0)
    assert SpeedFile(file).all() == {"a": 12.35, "b": 2.0}
    monkeypatch.setattr(speed, "__version__", "another")
    assert SpeedFile(file).all() == {}
    SpeedFile(file).keep("a", 3.0)
    assert len(json.loads(file.read_text())) == 2


def test_a_file_that_cannot_be_used(tmp_path: Path):
    for content in ("{", "[]", "5", '{"x": 1}'):
        (tmp_path / "speeds.json").write_text(content)
        assert SpeedFile(tmp_path / "speeds.json").all() == {}
    SpeedFile(tmp_path / "speeds.json" / "below").keep("a", 1.0)  # a warning, no error
    assert SpeedFile(tmp_path / "gone").all() == {}
