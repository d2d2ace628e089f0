"""A model of few thousand parameters, and a task it can learn in seconds: begin with a number."""

from __future__ import annotations

import torch
from tiny_models import moe_config

from fathom.base.distributed import ALONE
from fathom.evals.rollout import EngineSampler
from fathom.evals.runner import Grader
from fathom.model.transformer import Transformer
from fathom.recipes.countdown.vocabulary import SIZE, template, tokenizer
from fathom.tasks.task import Item, Verdict
from fathom.text.conversation import Chat
from fathom.types import Message

CONFIG = moe_config(vocab_size=SIZE, max_position=64, num_mtp_layers=1, init_std=0.1)


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

    def verify_lenient(self, item, completion):
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
