"""Log-probabilities of rollouts are those of a plain forward pass of each."""

import pytest
import torch
from small_policy import CONFIGS, build

from fathom.evals.rollout import EngineSampler, Rollout
from fathom.train.rl.scoring import collate, gather_scores, head_logits, logits, score


@pytest.mark.parametrize("kind", CONFIGS)
def test_scores_are_those_of_a_plain_forward(kind):
    model = build(kind)
    sampler = EngineSampler(model, eos_ids=frozenset({0}), max_context=80, sequences=8)
    groups = sampler.sample([(5, 6, 7), (8,), (5, 9)], 2, max_tokens=10, temperature=1.0, seed=0)
    rollouts = [one for group in groups for one in group]
    batch = collate(rollouts)
    with torch.no_grad():
        scores = score(model, batch, temperature=0.7)
        for row, one in enumerate(rollouts):
            tokens = torch.tensor([(*one.prompt_ids, *one.completion_ids)])
            logprobs = (model(tokens)[0, :-1] / 0.7).log_softmax(-1)
            start = len(one.prompt_ids) - 1
            places = slice(start, start + len(one.completion_ids))
            expected = logprobs[torch.arange(tokens.shape[1] - 1), tokens[0, 1:]][places]
            torch.testing.assert_close(scores.logprobs[row, places], expected, atol=1e-5, rtol=0)
            entropies = torch.distributions.Categorical(logits=logprobs[places]).entropy()
            torch.testing.assert_close(scores.entropies[row, places], entropies, atol=1e-5, rtol=0)
            assert scores.logprobs[row].nonzero().numel() == len(one.completion_ids)


def test_the_head_computes_in_float32_also_for_a_model_in_bfloat16():
    model = build().to(torch.bfloat16)
    hidden = torch.randn(3, 32).to(torch.bfloat16)
    expected = hidden.float() @ model.head.weight.float().T
    torch.testing.assert_close(head_logits(model, hidden), expected, atol=0, rtol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert head_logits(model, hidden).dtype == torch.float32


def test_a_batch_is_padded_on_the_right_and_marks_the_completions():
    batch = collate([Rollout((5, 6), (7, 8, 0), (-1.0, -2.0, -3.0), "stop"), Rollout((5,), (9,), (-4.0,), "length")])
    assert batch.tokens.tolist() == [[5, 6, 7, 8, 0], [5, 9, 0, 0, 0]]
    assert batch.completion_mask.int().tolist() == [[0, 1, 1, 1], [1, 0, 0, 0]]
    assert batch.sampled_logprobs.tolist() == [[0, -1, -2, -3], [-4, 0, 0, 0]]


def test_scores_from_the_whole_distribution_are_the_same():
    model, rollouts = build(), [Rollout((5, 6), (7, 8, 3), (0.0,) * 3, "stop"), Rollout((5,), (9,), (0.0,), "stop")]
    batch = collate(rollouts)
    with torch.no_grad():
        direct = score(model, batch, temperature=0.7)
        gathered = gather_scores(logits(model, batch, temperature=0.7).log_softmax(-1), batch)
    torch.testing.assert_close(gathered.logprobs, direct.logprobs, atol=1e-5, rtol=0)
    torch.testing.assert_close(gathered.entropies, direct.entropies, atol=1e-5, rtol=0)
