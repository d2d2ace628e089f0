"""Fused decode steps equal the model's own forward over the same pages."""

from __future__ import annotations

import copy

import pytest
import torch
from threads import on_threads

from fathom.engine.cache import PagedCache, PagedContext
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.fused_decode import FusedDecode, tensors_of
from fathom.engine.request import Request, SamplingParams
from fathom.kernels.decode_step import StepInputs
from fathom.model.config import GQAConfig, MLAConfig, ModelConfig, MoEConfig, RopeConfig, YarnScaling
from fathom.model.transformer import Transformer

pytestmark = pytest.mark.usefixtures("kernels")

ODD = MLAConfig(num_heads=3, q_lora_rank=18, kv_lora_rank=20, qk_nope_head_dim=7, qk_rope_head_dim=6, v_head_dim=9)
EVEN = MLAConfig(num_heads=4, q_lora_rank=32, kv_lora_rank=32, qk_nope_head_dim=16, qk_rope_head_dim=16, v_head_dim=16)
MOE = MoEConfig(
    num_experts=12,
    experts_per_token=3,
    num_shared_experts=1,
    intermediate_size=21,
    scoring="sigmoid",
    selection="noaux_tc",
    normalize=True,
    num_groups=4,
    topk_groups=2,
    routed_scaling_factor=2.5,
    first_dense_layers=1,
)
YARN = YarnScaling(factor=4.0, original_max_position=32, mscale=1.0, mscale_all_dim=0.8)


def config(attention: MLAConfig | GQAConfig = ODD, moe: MoEConfig | None = MOE, **changes) -> ModelConfig:
    sizes = {"vocab_size": 70, "hidden_size": 44, "intermediate_size": 50, "num_layers": 3, "max_position": 128}
    return ModelConfig(family="deepseek_v3", attention=attention, moe=moe, init_std=44**-0.5, **(sizes | changes))


CONFIGS = {
    "odd sizes": config(),
    "whole vectors": config(EVEN, hidden_size=64, vocab_size=96),
    "no query latent": config(ODD.model_copy(update={"q_lora_rank": None})),
    "interleaved": config(rope=RopeConfig(interleaved=True)),
    "yarn": config(rope=RopeConfig(interleaved=True, scaling=YARN)),
    "no shared expert": config(moe=MOE.model_copy(update={"num_shared_experts": 0})),
    "two shared experts": config(moe=MOE.model_copy(update={"num_shared_experts": 2, "first_dense_layers": 0})),
    "greedy, not normalized": config(moe=MOE.model_copy(update={"selection": "greedy", "normalize": False})),
    "one of a group": config(moe=MOE.model_copy(update={"selection": "group_limited_greedy"})),
    "dense": config(moe=None),
    "tied": config(tie_embeddings=True),
    "a large vocabulary": config(hidden_size=64, vocab_size=20_000, num_layers=1),
}


def build(settings: ModelConfig) -> Transformer:
    torch.manual_seed(0)
    model = Transformer(settings)
    for name, buffer in model.named_buffers():
        if name.endswith("router.bias"):
            buffer.normal_(0, 0.1)
    for name, parameter in model.named_parameters():
        if name.endswith("norm.weight"):
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return model


class Bench:
    """Rows of random length over a random cache, for the kernel and for the model."""

    def __init__(self, model: Transformer, rows: int = 13, page_size: int = 4) -> None:
        generator = torch.Generator().manual_seed(1)
        pages = 12
        self.model = model
        cpu = torch.device("cpu")
        self.cache = PagedCache(
            model.cache_specs(), num_pages=rows * pages, page_size=page_size, dtype=torch.float32, device=cpu
        )
        for keys in self.cache.keys:
            keys.normal_(generator=generator)
        self.tokens = torch.randint(model.config.vocab_size, (rows,), generator=generator)
        self.lengths = torch.randint(1, pages * page_size, (rows,), generator=generator).int()
        self.tables = torch.randperm(rows * pages, generator=generator).view(rows, pages).int()
        self.uniforms = torch.rand(rows, generator=generator, dtype=torch.float64)
        self.temperatures = torch.ones(rows)
        self.steps = FusedDecode(model, self.cache.keys)

    def kernel(self, places: list[int] | None = None):
        """The kernel's output for these rows; it also stores their keys in the cache."""
        assert self.steps.refresh()
        chosen = torch.arange(len(self.tokens)) if places is None else torch.tensor(places)
        turned = self.model.rope.rotation((self.lengths - 1)[None].long())
        inputs = StepInputs(
            self.tokens[chosen],
            self.lengths[chosen],
            self.tables[chosen],
            turned.cos[0, :, 0][chosen],
            turned.sin[0, :, 0][chosen],
            self.temperatures[chosen],
            self.uniforms[chosen],
        )
        return self.steps._weights.step(inputs, self.model.config.vocab_size)

    @torch.no_grad()
    def plain(self):
        """Hidden states and the cache after the model's own forward, which leaves this cache as it is."""
        cache = copy.deepcopy(self.cache)
        place = self.lengths.long() - 1
        pages = self.tables[torch.arange(len(place)), place // cache.page_size].long()
        context = PagedContext(
            cache,
            slots=pages * cache.page_size + place % cache.page_size,
            tables=self.tables,
            starts=torch.arange(len(place) + 1, dtype=torch.int32),
            lengths=self.lengths,
        )
        # the deep copy's views are of its own
        cache._key_slots = [keys.flatten(2).flatten(0, 1) for keys in cache.keys]
        return self.model.hidden_states(self.tokens[None], place[None], context)[0], cache.keys


@pytest.mark.parametrize("name", CONFIGS)
def test_a_step_equals_the_models_forward(name) -> None:
    bench = Bench(build(CONFIGS[name]))
    hidden, pages = bench.plain()
    found = bench.kernel()
    torch.testing.assert_close(found.hidden, hidden, atol=1e-5, rtol=1e-5)
    for own, wanted in zip(bench.cache.keys, pages, strict=True):
        torch.testing.assert_close(own, wanted, atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        logprobs = bench.model.logits(hidden).double().log_softmax(-1)
    torch.testing.assert_close(found.logprobs.double(), logprobs.gather(1, found.ids[:, None])[:, 0], atol=1e-5, rtol=0)
    reached = logprobs.exp().cumsum(-1)
    last = reached.gather(1, found.ids[:, None])[:, 0]
    first = last - logprobs.exp().gather(1, found.ids[:, None])[:, 0]
    assert ((first - 1e-5 <= bench.uniforms) & (bench.uniforms <= last + 1e-5)).all()


@pytest.mark.parametrize("name", ["odd sizes", "whole vectors", "a large vocabulary"])
def test_a_row_does_not_depend_on_batch_or_threads(name) -> None:
    bench = Bench(build(CONFIGS[name]), rows=29)
    with on_threads(1):
        one = bench.kernel()
    with on_threads(2):
        two = bench.kernel()
        alone = [bench.kernel([place]) for place in range(29)]
    for part in ("hidden", "ids", "logprobs"):
        assert torch.equal(getattr(one, part), getattr(two, part))
        assert torch.equal(getattr(one, part), torch.cat([getattr(row, part) for row in alone]))


def test_low_temperatures_take_the_most_likely_token() -> None:
    bench = Bench(build(CONFIGS["odd sizes"]))
    with torch.no_grad():
        logits = bench.model.logits(bench.plain()[0])
    for temperature in (0.0, 1e-30, 0.01):
        bench.temperatures.fill_(temperature)
        found = bench.kernel()
        assert torch.equal(found.ids, logits.argmax(-1))
        wanted = logits.log_softmax(-1).amax(-1)
        torch.testing.assert_close(found.logprobs, wanted, atol=1e-5, rtol=0)


def test_non_finite_logits_give_nan_in_their_row_only() -> None:
    bench = Bench(build(CONFIGS["odd sizes"]))
    with torch.no_grad():
        bench.model.embed.weight[bench.tokens[3]] = float("nan")
    broken = bench.tokens == bench.tokens[3]
    assert torch.equal(bench.kernel().logprobs.isnan(), broken)


def test_a_step_uses_the_current_weights() -> None:
    bench = Bench(build(CONFIGS["odd sizes"]))
    bench.kernel()
    for name, parameter in bench.model.named_parameters():
        if "mtp" not in name:
            parameter.data.mul_(1.1)  # unseen by version counters
    bench.model.layers[1].mlp.experts.down.data = torch.randn(12, 44, 21)
    hidden, _ = bench.plain()
    torch.testing.assert_close(bench.kernel().hidden, hidden, atol=1e-4, rtol=1e-5)


SOFTMAX = MOE.model_copy(update={"scoring": "softmax"})
GQA = GQAConfig(num_heads=4, num_kv_heads=2, head_dim=8)


GATED = MOE.model_copy(update={"shared_gate": True})


@pytest.mark.parametrize(
    "settings",
    [config(moe=SOFTMAX), config(moe=GATED), config(GQA), config(nope_layers=(0,))],
    ids=["softmax", "gated", "gqa", "nope"],
)
def test_other_architectures_are_not_served(settings) -> None:
    assert tensors_of(build(settings)) is None


def test_modified_models_are_not_served() -> None:
    changed = build(CONFIGS["dense"])
    changed.layers[0].attention.o_proj = torch.nn.Sequential(changed.layers[0].attention.o_proj)
    assert tensors_of(changed) is None
    wide = build(CONFIGS["dense"]).double()
    assert not FusedDecode(wide, [torch.zeros(1, 4, 1, 26)] * 3).refresh()


@pytest.mark.parametrize("name", ["odd sizes", "whole vectors", "a large vocabulary"])
@pytest.mark.parametrize("temperature", [1.0, 0.7, 0.0])
def test_fused_steps_equal_the_models_forward(name, temperature, monkeypatch) -> None:
    model = build(CONFIGS[name])
    asked = SamplingParams(max_tokens=30, logprobs=0, n=4, temperature=temperature, seed=3)
    settings = EngineConfig(
        page_size=4, num_pages=200, max_batch_tokens=64, max_sequences=16, num_scheduler_steps=32, eos_ids={7}
    )

    def tokens() -> list[tuple[int, tuple[int, ...]]]:
        core = EngineCore(model, None, settings)
        for place in range(3):
            core.add(Request((5, 6, 8 + place), asked, id=str(place)))
        found: dict[tuple[str, int], tuple[int, ...]] = {}
        while core.has_work:
            for output in core.step():
                key = output.request_id, output.value.index
                found[key] = found.get(key, ()) + output.value.token_ids
        return sorted(found.items())

    served = []
    refresh = FusedDecode.refresh
    monkeypatch.setattr(FusedDecode, "refresh", lambda self: served.append(refresh(self)) or served[-1])
    fast = tokens()
    assert served
    assert all(served)
    monkeypatch.setattr(FusedDecode, "refresh", lambda self: False)
    assert fast == tokens()
