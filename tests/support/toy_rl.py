"""A model of few thousand parameters, and a task it can learn in seconds: begin with a number."""

from __future__ import annotations

import torch

from fathom.base.distributed import ALONE
from fathom.evals.rollout import EngineSampler
from fathom.evals.runner import Grader
from fathom.model.config import MLAConfig, ModelConfig, MoEConfig
from fathom.model.transformer import Transformer
from fathom.recipes.countdown.vocabulary import SIZE, template, tokenizer
from fathom.tasks.task import Item, Verdict
from fathom.text.conversation import Chat
from fathom.types import Message

CONFIG = ModelConfig(
    family="deepseek_v3",
    vocab_size=SIZE,
    hidden_size=32,
    intermediate_size=48,
    num_layers=2,
    max_position=64,
    attention=MLAConfig(
        num_heads=2, q_lora_rank=16, kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=8, v_head_dim=8
    ),
    moe=MoEConfig(
        num_experts=4,
        experts_per_token=2,
        num_shared_experts=1,
        intermediate_size=16,
        scoring="sigmoid",
        selection="noaux_tc",
        normalize=True,
        first_dense_layers=1,
    ),
    num_mtp_layers=1,
    init_std=0.1,
)


class Begin:
    """Reward 1 where the first character that is no space is a digit."""

    name = "begin"

    def items(self, split, *, seed=0, limit=None):
        count = 100_000 if limit is None else limit
        for index in range(count):
            yield Item(f"{split}/{index}", (Message("user", f"{(index + seed) % 60} from 1"),), None)

    def verify(self, item, completion):
        right = completion.strip()[:1].isdigit()
        return Verdict(float(right), right, True)

    def lenient(self, item, completion):
        return self.verify(item, completion)


class Never(Begin):
    """A verifier that always says no."""

    name = "never"

    def verify(self, item, completion):
        return Verdict(0.0, False, True, "no")


class Always(Begin):
    """A verifier that always says yes."""

    name = "always"

    def verify(self, item, completion):
        return Verdict(1.0, True, True, "yes")


def build(seed=0):
    torch.manual_seed(seed)
    return Transformer(CONFIG)


def grader(model, task=None, eos_ids=None, world=ALONE):
    """Every second token ends a completion, so that a model that knows nothing ends it soon."""
    vocabulary = tokenizer()
    ends = frozenset(range(0, SIZE, 2)) if eos_ids is None else eos_ids
    source = EngineSampler(model, eos_ids=ends, max_context=48, sequences=64)
    return Grader(task or Begin(), source, vocabulary, Chat(vocabulary, template()), world)
