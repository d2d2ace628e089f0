from __future__ import annotations

import torch
from tiny_runs import tiny_model

from fathom.base.distributed import World
from fathom.model.transformer import Transformer
from fathom.train.run.config import RunConfig
from fathom.train.run.facts import peak_flops, run_facts


def test_it_counts_the_fastest_product() -> None:
    ticks = iter([0.0, 2.0, 10.0, 10.5, 20.0, 21.0, 30.0, 31.0, 40.0, 41.0])
    assert peak_flops(torch.device("cpu"), torch.float32, clock=lambda: next(ticks)) == 2 * 512**3 / 0.5


def test_it_leaves_the_generators_alone() -> None:
    before = torch.get_rng_state()
    peak_flops(torch.device("cpu"), torch.float32)
    assert torch.equal(torch.get_rng_state(), before)


def test_facts_of_a_run() -> None:
    config = RunConfig(stage="count", name="counting", precision="float32")
    model = Transformer(tiny_model())
    facts = run_facts(config, model, World(0, 2))
    assert facts["config"]["seed"] == 0
    assert facts["parameters"] > facts["active_parameters"] > 0
    assert (facts["precision"], facts["ranks"]) == ("float32", 2)
    assert set(facts["versions"]) == {"fathom", "torch", "python"}
