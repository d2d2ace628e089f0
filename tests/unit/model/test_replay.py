"""Experts that are given instead of chosen."""

import pytest
import torch

from fathom.model.presets import preset
from fathom.model.replay import record_routing, replay, routers
from fathom.model.transformer import Transformer


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Transformer(preset("tiny-deepseek-v3"))


TOKENS = torch.arange(1, 13).view(1, 12)


def experts_of(model):
    heard = {}
    with record_routing(routers(model), heard.__setitem__):
        out = model(TOKENS)
    return torch.stack([heard[place] for place in sorted(heard)]), out


def test_what_was_heard_changes_nothing_when_it_is_given_again(model):
    heard, out = experts_of(model)
    assert heard.shape == (len(routers(model)), 12, routers(model)[0].config.experts_per_token)
    with replay(model, heard):
        assert model(TOKENS).equal(out)
    assert not any(router._forward_hooks for router in routers(model))


def test_other_experts_are_taken_with_weights_of_the_routers_own_and_gradients(model):
    heard, out = experts_of(model)
    other = (heard + 1) % routers(model)[0].config.num_experts
    with replay(model, other):
        found, moved = experts_of(model)
    assert found.equal(other)
    assert not moved.allclose(out, atol=1e-4)
    moved.sum().backward()
    assert all(router.weight.grad.abs().sum() > 0 for router in routers(model))


def test_routers_choose_again_afterwards_whatever_happened(model):
    heard, out = experts_of(model)
    with pytest.raises(ZeroDivisionError), replay(model, (heard + 1) % 4):
        raise ZeroDivisionError
    with replay(model, None):
        assert model(TOKENS).equal(out)


def test_modules_that_look_ahead_and_strangers_have_no_part(model):
    inside = {id(router) for router in routers(model)}
    assert model.mtp
    assert not any(id(part) in inside for part in model.mtp.modules())
    assert routers(torch.nn.Linear(2, 2)) == []
