import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fathom.engine.request import Request, SamplingParams
from fathom.engine.sampler import (
    apply_biases,
    apply_penalties,
    apply_top_k_top_p,
    draw,
    sample,
    select_tokens,
    uniform,
)
from fathom.engine.sequence import Sequence
from fathom.engine.transcript import Transcript


def row(prompt=(0,), generated=(), index=0, ends=(), grammar=None, **sampling):
    request = Request(prompt, SamplingParams(**sampling))
    transcript = Transcript(None, ends=frozenset(ends), grammar=grammar)
    sequence = Sequence(request, index, arrival=0, limit=10**6, seed=request.sampling.seed or 0, transcript=transcript)
    sequence.admit([0], 0, 16)
    for token in generated:
        sequence.extend([token])
    return sequence


class TestUniform:
    def test_values_are_fixed(self):
        assert [uniform(0, 0, 0), uniform(1, 0, 0), uniform(0, 1, 0), uniform(0, 0, 1)] == pytest.approx(
            [0.13870941009372473, 0.6935121389105916, 0.269130319589749, 0.18436667416244745], abs=0
        )

    def test_any_integer_is_a_seed(self):
        assert uniform(-1, 0, 0) == uniform(2**64 - 1, 0, 0)
        assert 0 <= uniform(10**40, 3, 5) < 1

    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_is_spread_evenly_along_each_of_its_arguments(self, axis):
        counts = [0] * 16
        for i in range(16_000):
            key = [7, 7, 7]
            key[axis] = i
            counts[int(uniform(*key) * 16)] += 1
        assert sum((count - 1000) ** 2 / 1000 for count in counts) < 37.7  # chi-square, 15 degrees: p = 0.001


class TestDraw:
    def test_takes_the_first_token_whose_sum_exceeds_the_number(self):
        probs = torch.tensor([[0.0, 0.25, 0.0, 0.5, 0.25, 0.0]]).repeat(5, 1)
        numbers = torch.tensor([0.0, 0.2499, 0.25, 0.74, 0.9999999], dtype=torch.float64)
        assert draw(probs, numbers).tolist() == [1, 1, 3, 3, 4]

    def test_probabilities_need_not_add_up_to_one(self):
        assert draw(torch.tensor([[1.0, 3.0]]), torch.tensor([0.26], dtype=torch.float64)).tolist() == [1]

    def test_a_large_vocabulary_is_sampled_in_segments_with_the_same_result(self):
        generator = torch.Generator().manual_seed(0)
        probs = torch.rand(64, 8192, generator=generator)
        probs[:, 100:900] = 0  # whole blocks, and parts of two
        probs[:, -1] = 0
        numbers = torch.rand(64, dtype=torch.float64, generator=generator)
        numbers[:2] = torch.tensor([0.0, 1 - 2**-32])
        tokens, cumulative = draw(probs, numbers), probs.double().cumsum(-1)
        place = numbers * cumulative[:, -1]
        row = torch.arange(64)
        assert (probs[row, tokens] > 0).all()
        assert (cumulative[row, tokens] >= place - 1e-3).all()
        assert (cumulative[row, tokens] - probs[row, tokens] <= place + 1e-3).all()


def kept(probs, k, p, candidates=1024):
    return apply_top_k_top_p(torch.tensor([list(probs)]), [k], [p], candidates)[0].nonzero()[:, 0].tolist()


class TestKeepLikely:
    PROBS = (0.1, 0.4, 0.05, 0.3, 0.15)

    @pytest.mark.parametrize(
        ("k", "p", "expected"),
        [
            (1, 1.0, [1]),
            (2, 1.0, [1, 3]),
            (99, 1.0, [0, 1, 2, 3, 4]),
            (0, 0.0, [1]),
            (0, 0.39, [1]),
            (0, 0.41, [1, 3]),
            (0, 0.71, [1, 3, 4]),
            (0, 0.999, [0, 1, 2, 3, 4]),
            (2, 0.58, [1, 3]),  # of what top-k left, the first has 4/7 = 0.571
            (2, 0.57, [1]),
        ],
    )
    def test_rows(self, k, p, expected):
        assert kept(self.PROBS, k, p) == expected

    def test_equal_probabilities_do_not_widen_top_k(self):
        assert len(kept([0.25] * 4, 1, 1.0)) == 1

    @given(
        weights=st.lists(
            st.lists(st.integers(1, 10**6), min_size=12, max_size=12, unique=True), min_size=1, max_size=4
        ),
        data=st.data(),
    )
    def test_equals_the_reference_for_any_number_of_candidates(self, weights, data):
        rows = len(weights)
        ks = data.draw(st.lists(st.integers(0, 14), min_size=rows, max_size=rows))
        ps = data.draw(st.lists(st.floats(0.01, 1), min_size=rows, max_size=rows))
        probs = torch.tensor(weights, dtype=torch.float32)
        probs /= probs.sum(-1, keepdim=True)
        result = apply_top_k_top_p(probs, ks, ps, data.draw(st.integers(1, 12)))
        for i in range(rows):
            order = probs[i].argsort(descending=True)[: ks[i] or 12].tolist()
            total = probs[i, order].double().sum().item() if ks[i] else probs[i].double().sum().item()
            mass, expected = 0.0, set()
            for token in order:
                if expected and mass >= ps[i] * total - 1e-7:
                    break
                expected.add(token)
                mass += probs[i, token].item()
            mine = set(result[i].nonzero()[:, 0].tolist())
            edge = expected ^ mine  # a token exactly on the edge may fall either way
            assert len(edge) <= 1
            assert torch.equal(result[i, sorted(mine)], probs[i, sorted(mine)])


class TestPenalize:
    def test_repetition_penalty_divides_positive_and_multiplies_negative_logits(self):
        logits = torch.tensor([[2.0, -2.0, 4.0, 1.0]])
        apply_penalties(logits, [row(prompt=(0,), generated=(1, 1), repetition_penalty=2.0)])
        assert logits.tolist() == [[1.0, -4.0, 4.0, 1.0]]

    def test_frequency_counts_and_presence_does_not(self):
        logits = torch.zeros(2, 4)
        rows = [row(), row(prompt=(0, 3), generated=(1, 1, 2), frequency_penalty=0.5, presence_penalty=0.25)]
        apply_penalties(logits, rows)
        assert logits.tolist() == [[0, 0, 0, 0], [0, -1.25, -0.75, 0]]


class OnlyFirst:
    """A grammar that allows token 0 alone."""

    is_complete = False

    def allowed_tokens(self):
        return np.array([True, False, False, False])


class TestBias:
    LOGITS = (1.0, 4.0, 2.0, 3.0)

    def chosen(self, count=200, **row_options):
        rows = [row(index=i, **row_options) for i in range(count)]
        return {s.token_ids[0] for s in sample(torch.tensor([self.LOGITS]).repeat(count, 1), rows, 4)}

    def test_is_added_to_the_logits_of_its_row(self):
        logits = torch.zeros(2, 4)
        apply_biases(logits, [row(), row(logit_bias=((1, 2.5), (3, -99.0)))])
        assert logits.tolist() == [[0, 0, 0, 0], [0, 2.5, 0, -99]]

    @pytest.mark.parametrize("temperature", [0, 1, 2, 100])
    def test_minus_100_bans(self, temperature):
        assert 1 not in self.chosen(temperature=temperature, logit_bias=((1, -100),))

    @pytest.mark.parametrize("temperature", [0, 1, 2, 100])
    def test_100_forces_however_unlikely_the_token(self, temperature):
        assert self.chosen(temperature=temperature, logit_bias=((0, 100), (1, 99))) == {0}

    def test_among_several_tokens_at_100_the_model_decides(self):
        logits = torch.tensor([self.LOGITS])
        apply_biases(logits, [row(logit_bias=((0, 100), (2, 100)))])
        probs = logits.softmax(-1)[0]
        assert probs.tolist() == pytest.approx([1 / (1 + math.e), 0, math.e / (1 + math.e), 0])

    @pytest.mark.parametrize("bias", [((0, -100),), ((1, 100),)])
    def test_what_a_grammar_allows_remains_possible(self, bias):
        assert self.chosen(grammar=OnlyFirst(), logit_bias=bias) == {0}

    def test_end_tokens_come_after_min_tokens(self):
        early = {"ends": (1, 9), "min_tokens": 2, "temperature": 0}
        assert self.chosen(generated=(5,), **early) == {3}
        assert self.chosen(generated=(5, 5), **early) == {1}

    def test_a_row_does_not_see_its_neighbours(self):
        logits = torch.randn(4, 3000, generator=torch.Generator().manual_seed(1)) * 3
        rows = [
            row(seed=1, logit_bias=tuple((t, 1.5) for t in range(500))),
            row(seed=2),
            row(temperature=0, logit_bias=((7, 100),)),
            row(seed=4, top_p=0.9, logit_bias=((int(logits[3].argmax()), -100),)),
        ]
        together = [s.token_ids for s in sample(logits.clone(), rows, 3000)]
        assert together == [sample(logits[i : i + 1].clone(), [rows[i]], 3000)[0].token_ids for i in range(4)]


class TestChoose:
    def test_greedy_and_sampled_rows_in_one_batch(self):
        logits = torch.tensor([[0.0, 9.0, 0.0], [0.0, 0.0, 50.0], [1.0, 0.0, 0.0]])
        rows = [row(temperature=0), row(temperature=1), row(temperature=0, seed=4)]
        assert select_tokens(logits, rows).tolist() == [1, 2, 0]

    @pytest.mark.parametrize("sampling", [{"top_k": 1}, {"top_p": 0}, {"min_p": 1}, {"temperature": 1e-30}])
    def test_the_narrowest_filter_is_greedy(self, sampling):
        logits = torch.randn(64, 100, generator=torch.Generator().manual_seed(0))
        rows = [row(seed=i, **sampling) for i in range(64)]
        assert select_tokens(logits.clone(), rows).tolist() == logits.argmax(-1).tolist()

    def test_min_p_is_relative_to_the_best(self):
        logits = torch.tensor([[0.5, 0.3, 0.14, 0.06]]).log().repeat(500, 1)
        rows = [row(generated=(0,) * (i % 50), index=i // 50, min_p=0.3) for i in range(500)]
        assert set(select_tokens(logits, rows).tolist()) == {0, 1}

    def test_frequencies_follow_the_probabilities(self):
        probs = torch.tensor([0.05, 0.5, 0.15, 0.3])
        count = 4000
        tokens = select_tokens(probs.log().repeat(count, 1), [row(index=i, seed=3) for i in range(count)])
        shares = torch.bincount(tokens, minlength=4) / count
        assert ((shares - probs).abs() < 4 * (probs * (1 - probs) / count).sqrt()).all()

    def test_a_row_does_not_see_its_neighbours(self):
        logits = torch.randn(6, 3000, generator=torch.Generator().manual_seed(1)) * 3
        rows = [
            row(seed=1, top_p=0.9),
            row(seed=2),
            row(seed=3, top_k=40, top_p=0.5),
            row(temperature=0),
            row(seed=5, min_p=0.1, temperature=0.7),
            row(seed=6, top_p=0.9999, temperature=3.0),  # wider than the candidates
        ]
        together = select_tokens(logits.clone(), rows).tolist()
        assert together == [int(select_tokens(logits[i : i + 1].clone(), [rows[i]])) for i in range(6)]


class TestSample:
    def test_rows_that_are_not_finite_have_no_token(self):
        logits = torch.tensor([[0.0, 1.0], [math.nan, 0.0], [math.inf, 0.0]])
        samples = sample(logits, [row(temperature=0)] * 3, 2)
        assert [s.token_ids for s in samples] == [[1], [], []]
        assert [s.error is None for s in samples] == [True, False, False]

    def test_a_padded_vocabulary_is_never_chosen(self):
        logits = torch.tensor([[0.0, 1.0, 9.0], [0.0, 1.0, 9.0]])
        samples = sample(logits, [row(temperature=0), row(seed=1, temperature=0.01)], 2)
        assert [s.token_ids for s in samples] == [[1], [1]]

    def test_logprobs_are_taken_before_penalties(self):
        logits = torch.tensor([[0.25, 0.75], [0.25, 0.75]]).log()
        rows = [row(temperature=0), row(generated=(1,), temperature=0, frequency_penalty=2.0, logprobs=1)]
        plain, reported = sample(logits, rows, 2)
        assert (plain.token_ids, plain.logprobs) == ([1], [])
        assert reported.token_ids == [0]
        (logprob,) = reported.logprobs
        assert logprob.logprob == pytest.approx(math.log(0.25))
        assert logprob.top == ((1, pytest.approx(math.log(0.75))),)
