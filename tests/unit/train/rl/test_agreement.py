"""The trainer and the engine are one policy: the same tokens have the same log-probabilities in both.

The engine decodes absorbed MLA over pages, in chunks, with prefixes from its cache and after preemptions; the trainer
runs naive attention over padded rows. Both route through the same experts.
"""

from dataclasses import replace

import pytest
import torch
from small_policy import CONFIGS, build

from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.evals.rollout import EngineSampler
from fathom.model.replay import record_routing, routers
from fathom.train.rl.loss import FORMS, policy_loss
from fathom.train.rl.micro_batches import micro_batches
from fathom.train.rl.scoring import collate, score


def source(model, **changes):
    settings = {"eos_ids": frozenset({0}), "max_context": 80, "sequences": 8, "page_size": 4} | changes
    return EngineSampler(model, **settings)


def prompts(count=5):
    generator = torch.Generator().manual_seed(1)
    shared = tuple(torch.randint(1, 64, (9,), generator=generator).tolist())
    return [shared + tuple(torch.randint(1, 64, (4 + 3 * i,), generator=generator).tolist()) for i in range(count)]


def gap(model, rollouts):
    batch = collate(rollouts)
    with torch.no_grad():
        return (score(model, batch).logprobs - batch.sampled_logprobs).abs().max().item()


@pytest.mark.parametrize("kind", CONFIGS)
def test_trainer_and_engine_agree_to_a_hundred_thousandth(kind):
    model = build(kind)
    groups = source(model).sample(prompts(), 6, max_tokens=40, temperature=1.0, seed=0)
    rollouts = [one for group in groups for one in group]
    assert len({one.completion_ids for one in rollouts}) == 30
    assert max(len(one.completion_ids) for one in rollouts) == 40
    assert gap(model, rollouts) <= 1e-5


def trained(kind):
    """A model that has learned to count in steps: its distributions are sharp, as random weights' never are."""
    model = build(kind)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.0)
    generator = torch.Generator().manual_seed(2)
    for _ in range(80):
        start, step = torch.randint(64, (2, 16, 1), generator=generator)
        tokens = (start + (1 + step % 5) * torch.arange(24)) % 63 + 1
        loss = torch.nn.functional.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model, loss.item()


def test_they_agree_on_weights_that_were_trained():
    """Of latent attention with experts. Grouped attention is beyond the bound on such weights: see docs/log.md."""
    model, loss = trained("mla+moe")
    assert loss < 2.0  # of ln 64 = 4.2
    groups = source(model).sample(prompts(), 6, max_tokens=40, temperature=1.0, seed=0)
    assert gap(model, [one for group in groups for one in group]) <= 1e-5


@pytest.mark.parametrize("kind", CONFIGS)
def test_they_agree_through_chunked_prefill_preemption_and_the_prefix_cache(kind):
    model = build(kind)
    crowded = source(model)
    config = EngineConfig(
        page_size=4,
        num_pages=30,
        max_batch_tokens=8,
        max_sequences=8,
        max_queue=100,
        eos_ids=frozenset({0}),
        num_scheduler_steps=5,
        record_experts=True,
    )
    crowded._core = core = EngineCore(model, None, config)
    calls = [crowded.sample(prompts(), 4, max_tokens=40, temperature=1.0, seed=seed) for seed in (0, 1)]
    assert core.preemptions > 0
    assert core.stats().cached_tokens > 0
    core.check_integrity()
    rollouts = [one for groups in calls for group in groups for one in group]
    assert gap(model, rollouts) <= 1e-5
    for one in rollouts:
        assert equal(one.experts, chosen(model, one))


def chosen(model, rollout):
    """(L, T, K) of a plain pass over all tokens but the last; None of a model without experts."""
    heard = {}
    with torch.no_grad(), record_routing(routers(model), heard.__setitem__):
        model.hidden_states(torch.tensor([rollout.prompt_ids + rollout.completion_ids])[:, :-1])
    return torch.stack([heard[place] for place in sorted(heard)]) if heard else None


def equal(record_routing, expected):
    """Whether the same experts were noted, in whatever order each layer names them."""
    if expected is None:
        return record_routing is None
    return torch.from_numpy(record_routing).long().sort(-1).values.equal(expected.sort(-1).values)


@pytest.mark.parametrize("steps", [1, 64], ids=["single steps", "multi-step"])
def test_the_engine_tells_where_every_token_went(steps):
    model = build("mla+moe")
    groups = source(model, num_scheduler_steps=steps).sample(prompts(), 3, max_tokens=20, temperature=1.0, seed=0)
    for one in (one for group in groups for one in group):
        assert equal(one.experts, chosen(model, one))


def test_a_tie_between_experts_is_decided_once():
    """Rounding decides between experts that a token likes equally: in the trainer as it did in the engine, please."""
    model = build("mla+moe")
    for router in routers(model):
        router.weight.data, router.bias = router.weight.data[[0] * 4 + [4] * 4], router.bias[[0] * 4 + [4] * 4]
    groups = source(model).sample(prompts(), 6, max_tokens=40, temperature=1.0, seed=0)
    rollouts = [one for group in groups for one in group]
    generator = torch.Generator().manual_seed(3)
    for router in routers(model):
        router.weight.data += 1e-7 * torch.randn(router.weight.shape, generator=generator)
    assert gap(model, [replace(one, experts=None) for one in rollouts]) > 0.01
    assert gap(model, rollouts) <= 1e-5
    with torch.no_grad():
        own = score(model, collate(rollouts), repeat=False).logprobs
    assert (own - collate(rollouts).sampled_logprobs).abs().max() > 0.01


def test_after_an_update_and_a_refresh_they_agree_again():
    model = build()
    engine = source(model)
    first = engine.sample(prompts(), 4, max_tokens=20, temperature=1.0, seed=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    batch = collate([one for group in first for one in group])
    score(model, batch).logprobs.sum().div(batch.completion_mask.sum()).backward()
    optimizer.step()
    assert gap(model, [one for group in first for one in group]) > 0.01  # the old ones are no longer its own
    engine.refresh()
    again = engine.sample(prompts(), 4, max_tokens=20, temperature=1.0, seed=0)
    assert gap(model, [one for group in again for one in group]) <= 1e-5


def test_recomputed_by_the_trainer_the_ratio_is_exactly_one():
    model = build()
    groups = source(model).sample(prompts(), 4, max_tokens=20, temperature=1.0, seed=0)
    rollouts = [one for group in groups for one in group]
    for indices in micro_batches(rollouts, 200):
        batch = collate([rollouts[index] for index in indices])
        scores = score(model, batch)
        advantages = torch.ones(len(indices))
        again = score(model, batch).logprobs.detach()
        loss = policy_loss(scores.logprobs, again, advantages, batch.completion_mask, config=FORMS["dapo"])
        metrics = loss.diagnostics.metrics()
        assert (metrics["ratio_min"], metrics["ratio_max"], metrics["kl"]) == (1.0, 1.0, 0.0)
