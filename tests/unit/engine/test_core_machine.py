"""Random requests, cancellations and steps: page counts are right, results equal a plain loop."""

from functools import cache

import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from fathom.base.errors import OverloadedError
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.request import Chunk, Request, SamplingParams


def machine(model, greedy):
    @cache
    def expected(prompt, count):
        return tuple(greedy(model, prompt, count))

    class Machine(RuleBasedStateMachine):
        requests = Bundle("requests")

        def __init__(self):
            super().__init__()
            config = EngineConfig(page_size=2, num_pages=12, max_batch_tokens=5, max_sequences=4, max_queue=6, seed=0)
            self.core = EngineCore(model, None, config)
            self.wanted = {}
            self.tokens = {}

        @rule(
            target=requests,
            prompt=st.lists(st.sampled_from([1, 2]), min_size=1, max_size=9).map(tuple),
            count=st.integers(1, 8),
            n=st.integers(1, 3),
            salt=st.sampled_from(["", "ada"]),
        )
        def add(self, prompt, count, n, salt):
            sampling = SamplingParams(temperature=0, max_tokens=count, n=n)
            request = Request(prompt, sampling, cache_salt=salt)
            try:
                self.core.add(request)
            except OverloadedError:
                return request
            self.wanted[request.id] = request
            self.tokens[request.id] = dict.fromkeys(range(n), ())
            return request

        @rule(request=consumes(requests))
        def cancel(self, request):
            self.core.cancel(request.id)
            self.wanted.pop(request.id, None)

        @rule(times=st.integers(1, 4))
        def steps(self, times):
            for _ in range(times):
                self.take(self.core.step())
                self.core.check_integrity()

        @invariant()
        def books_balance(self):
            self.core.check_integrity()

        def take(self, outputs):
            for request_id, value in outputs:
                assert isinstance(value, Chunk)
                self.tokens[request_id][value.index] += value.token_ids

        def teardown(self):
            while self.core.has_work:
                self.take(self.core.step())
                self.core.check_integrity()
            stats = self.core.stats()
            assert (stats.pages_free, stats.running, stats.waiting) == (12, 0, 0)
            for request_id, request in self.wanted.items():
                answer = expected(request.prompt, request.sampling.max_tokens)
                assert set(self.tokens[request_id].values()) == {answer}

    return Machine


def test_any_order_of_events_keeps_pages_and_results(model, greedy):
    torch.manual_seed(0)
    run_state_machine_as_test(
        machine(model, greedy), settings=settings(max_examples=30, stateful_step_count=25, deadline=None)
    )
