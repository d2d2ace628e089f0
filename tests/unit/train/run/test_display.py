from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from fathom.train.run.display import Display, sparkline

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
        "update 40/100  loss 1.2346  accepted 50%  grad norm 0.70  lr / peak 1.00  dead experts 0  tokens/s 20,000  "
        "utilization 20%  "
        "time 1 min 30 s  per update 2.2 s  remaining 2 min 15 s  cost $0.05 for 0.03 machine-hours\n"
    )


def test_the_time_left_counts_this_process_only() -> None:
    display = Display(Console(file=io.StringIO()))
    display.begin(100, 30, 80.0)
    assert ("remaining", "1 min 0 s") in display.entries(LINE)  # 10 updates took 10 s, 60 are left


def test_unknown_utilization_and_cost_are_not_shown() -> None:
    display = Display(Console(file=io.StringIO()))
    display.begin(100, 0)
    assert {"utilization", "cost", "mtp"}.isdisjoint(name for name, _ in display.entries(LINE))


def test_a_utilization_beyond_the_peak_is_not_shown() -> None:
    display = Display(Console(file=io.StringIO()))
    display.begin(100, 0, flops=1e6, peak=1e10)
    assert "utilization" not in dict(display.entries(LINE))
    display.begin(100, 0, flops=1e6, peak=2e10)
    assert dict(display.entries(LINE))["utilization"] == "100%"


def test_a_terminal_gets_a_panel() -> None:
    written = io.StringIO()
    with Display(Console(file=written, force_terminal=True, width=80), title="tiny → runs/tiny") as display:
        display.begin(100, 39, 88.0)
        display.show(LINE)
    text = written.getvalue()
    assert "resuming after update 39" in text
    assert "tiny → runs/tiny" in text
    assert "1.2346" in text


RL: dict[str, Any] = {
    "kind": "rl",
    "step": 3,
    "seconds": 6.0,
    "loss": 1e-9,
    "reward": 0.5,
    "reward_parts": {"accuracy": 0.5},
    "right": 0.4,
    "lenient": 0.6,
    "length": 12.34,
    "engine_gap": 1.2e-6,
    "flops": 3e9,
    "sampling_seconds": 1.0,
    "update_seconds": 0.5,
}


def test_reinforcement_learning_shows_rewards_instead_of_its_loss() -> None:
    written = io.StringIO()
    with Display(Console(file=written, width=40)) as display:
        display.begin(10, 0, peak=1e10)
        display.show(RL)
        display.show({"kind": "evaluation", "step": 3, "seconds": 7.0, "pass@1": 0.45, "length": 11.0, "reward": 0.4})
    assert written.getvalue() == (
        "update 3/10  reward 0.500  correct 40%  lenient 60%  length 12.3  engine gap 1e-06  utilization 20%  "
        "time 6.0 s  per update 2.0 s  remaining 14.0 s\n"
        "update 3/10  held-out pass@1 45.0%  held-out length 11.0\n"
    )


def test_a_panel_keeps_held_out_results_and_shows_the_curve() -> None:
    written = io.StringIO()
    with Display(Console(file=written, force_terminal=True, width=100, color_system=None), title="x") as display:
        display.begin(10, 0)
        display.show({"kind": "evaluation", "step": 0, "seconds": 1.0, "pass@1": 0.25})
        for step, reward in enumerate((0.0, 0.5, 1.0), 1):
            display.show({**RL, "step": step, "reward": reward})
    last = written.getvalue()[written.getvalue().rindex("update 3 of 10") - 60 :]
    assert "30%" in last
    assert "held-out pass@1" in last
    assert "25.0%" in last
    assert "reward   ▁▅█" in last


def test_a_curve_in_one_row() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 4) == "▁▃▆█"
    assert sparkline([2.0, 2.0], 40) == "▁▁"


def test_a_long_curve_is_thinned() -> None:
    display = Display(Console(file=io.StringIO(), force_terminal=True, width=80))
    with display:
        display.begin(9000, 0)
        for step in range(1, 4200):
            display._remember({**LINE, "step": step})
    assert len(display._curve) <= 4096
