from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from fathom.train.display import Display

LINE: dict[str, Any] = {
    "kind": "train",
    "step": 40,
    "seconds": 90.0,
    "loss": 1.23456,
    "mtp_loss": None,
    "mtp_acceptance": 0.5,
    "gradient_norm": 0.7,
    "lr_factor": 1.0,
    "tokens_per_second": 20_000.0,
    "dead_experts": 0,
    "loads": {"layers.1.mlp.router": [1, 2]},
}


def test_a_log_file_gets_a_line() -> None:
    written = io.StringIO()
    with Display(Console(file=written, width=40), dollars_per_hour=2.0) as display:
        display.begin(100, 0, flops=1e6, peak=1e11)
        display.show(LINE)
    assert written.getvalue() == (
        "update 40/100  loss 1.2346  accepted 50%  norm 0.70  rate 1.00  dead 0  tokens/s 20,000  utilization 20%  "
        "time 1 min 30 s  left 2 min 15 s  cost $0.05\n"
    )


def test_the_time_left_counts_this_process_only() -> None:
    display = Display(Console(file=io.StringIO()))
    display.begin(100, 30, 80.0)
    assert ("left", "1 min 0 s") in display.entries(LINE)  # 10 updates took 10 s, 60 are left


def test_nothing_is_claimed_that_nobody_knows() -> None:
    display = Display(Console(file=io.StringIO()))
    display.begin(100, 0)
    assert {"utilization", "cost", "mtp"}.isdisjoint(name for name, _ in display.entries(LINE))


def test_a_terminal_gets_a_panel() -> None:
    written = io.StringIO()
    with Display(Console(file=written, force_terminal=True, width=80), title="tiny → runs/tiny") as display:
        display.begin(100, 39, 88.0)
        display.show(LINE)
    text = written.getvalue()
    assert "going on behind update 39" in text
    assert "tiny → runs/tiny" in text
    assert "1.2346" in text
