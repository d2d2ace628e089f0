import io

import pytest
from rich.console import Console

from fathom.base.progress import Stopwatch, bar, human_bytes, human_seconds, silent


def test_a_file_gets_one_line_per_thing() -> None:
    out = io.StringIO()
    with bar(Console(file=out)) as report:
        for percent in range(100):
            report("reading weights", percent / 100)
        report("warming up", None)
    assert out.getvalue() == "reading weights\nwarming up\n"


def test_a_terminal_gets_a_bar_that_disappears() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, legacy_windows=False)
    with bar(console) as report:
        report("preparing", None)
        report("reading weights", 0.5)
        report("reading weights", 1.7)  # a sloppy reporter cannot break the bar
    assert "reading weights" in out.getvalue()
    assert out.getvalue().endswith("\x1b[2K")  # the last thing written clears the line


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1536, "1.5 KB"),
        (144_811_968, "145 MB"),
        (2.5e9, "2.5 GB"),
        (6.85e11, "685 GB"),
        (2e13, "20.0 TB"),
    ],
)
def test_bytes_are_readable(count: float, text: str) -> None:
    assert human_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.96, "10.0 s"), (75.2, "1 min 15 s"), (3600, "60 min 0 s")]
)
def test_seconds_are_readable(seconds: float, text: str) -> None:
    assert human_seconds(seconds) == text


def test_a_stopwatch_follows_its_clock() -> None:
    now = 100.0
    watch = Stopwatch(lambda: now)
    now = 102.5
    assert watch.seconds() == 2.5


def test_silence_accepts_every_report() -> None:
    assert silent("anything", 0.5) is None


def test_a_long_text_leaves_room_for_the_bar() -> None:
    out = io.StringIO()
    with bar(Console(file=out, force_terminal=True, width=60, legacy_windows=False)) as report:
        report("loading /a/very/long/path/that/goes/on/and/on/and/on/and/on/model.gguf", 0.5)
    assert any("model" not in line and "…" in line and "50%" in line for line in out.getvalue().splitlines())
