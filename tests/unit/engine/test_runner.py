import pytest
import torch

from fathom.engine.cache import PagedCache
from fathom.engine.request import Request, SamplingParams
from fathom.engine.runner import Runner
from fathom.engine.scheduler import ScheduledTokens
from fathom.engine.sequence import Sequence
from fathom.engine.transcript import Transcript

SIZE = 4


def runner(model):
    specs = model.cache_specs(absorbed=True)
    cache = PagedCache(specs, num_pages=16, page_size=SIZE, dtype=torch.float32, device=torch.device("cpu"))
    return Runner(model, cache)


def sequence(prompt, pages, **request):
    one = Sequence(
        Request(tuple(prompt), SamplingParams(), **request), 0, arrival=0, limit=99, seed=0, transcript=Transcript(None)
    )
    one.admit(pages, 0, SIZE)
    return one


def run(runner, *work):
    result = runner.run([ScheduledTokens(*item) for item in work])
    for one, length in work:
        one.computed += length
    return result


@torch.inference_mode()
def expected(model, tokens):
    return model(torch.tensor([tokens]))[0]


def test_logits_are_computed_only_where_a_token_is_sampled(model):
    one, two = sequence(range(7), [3, 8]), sequence(range(20, 26), [5, 0])
    engine = runner(model)
    logits, scores = run(engine, (one, 4), (two, 6))
    assert scores == {}
    torch.testing.assert_close(logits, expected(model, two.tokens)[-1:], atol=1e-4, rtol=1e-4)
    two.extend([9])
    logits, _ = run(engine, (two, 1), (one, 3))
    wanted = torch.stack((expected(model, two.tokens)[-1], expected(model, one.tokens)[-1]))
    torch.testing.assert_close(logits, wanted, atol=1e-4, rtol=1e-4)


def test_a_prompt_is_scored_across_its_chunks(model):
    one = sequence(range(7), [3, 8], prompt_logprobs=True)
    engine = runner(model)
    scores = [score for length in (4, 3) for score in run(engine, (one, length))[1][0]]
    table = expected(model, one.tokens).log_softmax(-1)
    assert [score.token_id for score in scores] == [1, 2, 3, 4, 5, 6]
    assert [score.logprob for score in scores] == pytest.approx([table[i, i + 1].item() for i in range(6)], abs=1e-4)
    one.extend([2])
    assert run(engine, (one, 1))[1] == {}  # what was generated is no prompt
