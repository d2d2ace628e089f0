"""The stage `measure` from end to end."""

import pytest
from rich.console import Console
from toy_rl import build

from fathom.checkpoint.hf.export import save_directory
from fathom.recipes.countdown.vocabulary import template, tokenizer
from fathom.train.evaluation.measure import MeasureConfig, Setting, measure
from fathom.train.run.display import Display
from fathom.train.run.metrics import read
from fathom.train.run.task import TaskConfig


@pytest.fixture
def start(tmp_path):
    save_directory(tmp_path / "base", build(), tokenizer=tokenizer(), template=template())
    return str(tmp_path / "base")


def test_a_measurement_has_a_line_for_each_temperature(start, tmp_path):
    settings = (Setting(temperature=1.0, samples=2), Setting(temperature=0.0, samples=1))
    config = MeasureConfig(
        name="toy", start=start, task=TaskConfig(name="zero-countdown-3"), problems=3, max_tokens=6, settings=settings
    )
    with Display(Console(quiet=True)) as display:
        assert measure(config, tmp_path / "measured", display)
    lines = read(tmp_path / "measured")
    assert [(line["kind"], line["temperature"], line["problems"], line["samples"]) for line in lines] == [
        ("measure", 1.0, 3, 2),
        ("measure", 0.0, 3, 1),
    ]
    assert set(lines[0]["traces"]) >= {"leaf_right", "verified"}
