from __future__ import annotations

import pytest
import torch
from torch import Tensor

from fathom.model.causal import CausalContext, document_starts
from fathom.model.init import initialize
from fathom.model.presets import PRESETS
from fathom.model.transformer import Transformer

NAMES = [name for name in PRESETS if name.startswith("tiny-")]


def build(name: str) -> Transformer:
    model = Transformer(PRESETS[name])
    initialize(model, 0.1, torch.Generator().manual_seed(0))
    return model


def ids(batch: int, length: int) -> Tensor:
    return torch.randint(512, (batch, length), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
@pytest.mark.parametrize("name", NAMES)
def test_the_future_does_not_matter(name: str) -> None:
    model, tokens = build(name), ids(1, 12)
    other = tokens.clone()
    other[:, 7:] = (other[:, 7:] + 1) % 512
    one, two = model(tokens), model(other)
    torch.testing.assert_close(one[:, :7], two[:, :7])
    assert (one[:, 7:] - two[:, 7:]).abs().max() > 0.01


@torch.no_grad()
@pytest.mark.parametrize("name", NAMES)
def test_packed_documents_equal_documents_alone(name: str) -> None:
    model, tokens = build(name), ids(2, 15)
    documents = torch.tensor([[0] * 4 + [1] * 1 + [2] * 10, [7] * 8 + [8] * 7])
    positions = torch.tensor([[*range(4), 0, *range(10)], [*range(8), *range(7)]])
    packed = model(tokens, positions, CausalContext(documents=documents))
    for row in range(2):
        for document in documents[row].unique():
            chosen = documents[row] == document
            alone = model(tokens[row][chosen][None])[0]
            torch.testing.assert_close(packed[row][chosen], alone, atol=1e-4, rtol=1e-4)
    assert (packed - model(tokens, positions)).abs().max() > 0.01


@torch.no_grad()
def test_a_document_that_returns_sees_its_first_part() -> None:
    model, tokens = build("tiny-llama"), ids(1, 9)
    documents = torch.tensor([[0, 0, 0, 1, 1, 1, 0, 0, 0]])
    positions = torch.tensor([[0, 1, 2, 0, 1, 2, 3, 4, 5]])
    packed = model(tokens, positions, CausalContext(documents=documents))
    chosen = documents[0] == 0
    torch.testing.assert_close(packed[0][chosen], model(tokens[:, chosen])[0], atol=1e-4, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("holes", [[0, 1, 2], [9, 10, 11], [0, 5, 6, 11]])
def test_padding_is_never_seen(holes: list[int]) -> None:
    model, tokens = build("tiny-deepseek-v3"), ids(1, 12)
    keep = torch.ones(1, 12, dtype=torch.bool)
    keep[0, holes] = False
    other = tokens.clone()
    other[~keep] = 0
    one, two = (model(t, context=CausalContext(keep)) for t in (tokens, other))
    torch.testing.assert_close(one[keep], two[keep])


@torch.no_grad()
def test_padding_and_documents_together() -> None:
    model, tokens = build("tiny-qwen3"), ids(1, 10)
    keep = torch.tensor([[True] * 8 + [False] * 2])
    documents = torch.tensor([[0] * 4 + [1] * 6])
    positions = torch.tensor([[*range(4), *range(6)]])
    out = model(tokens, positions, CausalContext(keep, documents))
    torch.testing.assert_close(out[:, 4:8], model(tokens[:, 4:8]), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_stay_finite_where_a_row_begins_with_padding(name: str) -> None:
    model, tokens = build(name), ids(2, 8)
    keep = torch.ones(2, 8, dtype=torch.bool)
    keep[0, :5] = False
    logits = model(tokens, context=CausalContext(keep))
    logits[keep].logsumexp(-1).sum().backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())


def test_the_mask_is_built_once_for_all_layers() -> None:
    context = CausalContext(torch.ones(1, 4, dtype=torch.bool))
    q = torch.randn(1, 4, 2, 8)
    context.attend(0, q, q, q, 1.0)
    (first,) = context._masks.values()
    context.attend(1, q, q, q, 1.0)
    assert list(context._masks.values()) == [first]
    context.attend(2, q, q, q, 1.0, window=2)
    assert len(context._masks) == 2
    assert CausalContext()._documents is None


def visible_by_definition(window: int, keep: Tensor | None, documents: Tensor | None) -> Tensor:
    """(1, 7, 7)"""
    place = torch.arange(7)
    seen = (place <= place[:, None]) & (place > place[:, None] - window)
    seen = seen[None] if keep is None else seen & keep[:, None, :]
    if documents is not None:
        seen = seen & (documents[:, :, None] == documents[:, None, :])
    return seen | torch.eye(7, dtype=torch.bool)


@pytest.mark.parametrize("window", [1, 3, 7, 100])
@pytest.mark.parametrize("softcap", [None, 0.5])
@pytest.mark.parametrize("keep", [None, [False, True, True, True, True, False, True]])
@pytest.mark.parametrize("documents", [None, [0, 0, 1, 1, 1, 1, 1], [0, 1, 0, 1, 0, 1, 1]])
def test_windows_and_capped_scores_by_definition(
    window: int, softcap: float | None, keep: list[bool] | None, documents: list[int] | None
) -> None:
    q, k, v = torch.randn(3, 1, 7, 2, 8, generator=torch.Generator().manual_seed(0)).unbind()
    kept = None if keep is None else torch.tensor([keep])
    numbers = None if documents is None else torch.tensor([documents])
    out = CausalContext(kept, numbers).attend(0, q, k, v, 0.3, window=window, softcap=softcap)
    scores = torch.einsum("bthd,bshd->bhts", q, k) * 0.3
    scores = scores if softcap is None else softcap * torch.tanh(scores / softcap)
    hidden = ~visible_by_definition(window, kept, numbers)[:, None]
    expected = torch.einsum("bhts,bshd->bthd", scores.masked_fill(hidden, float("-inf")).softmax(-1), v)
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)


def test_the_length_of_a_token_s_row_or_document() -> None:
    positions = torch.tensor([[0, 1, 2, 0, 1]])
    assert CausalContext().lengths(positions).tolist() == [[3]]
    documents = torch.tensor([[0, 0, 0, 1, 1]])
    assert CausalContext(documents=documents).lengths(positions).tolist() == [[3, 3, 3, 2, 2]]


def test_documents_one_behind_the_other_begin_where_their_first_token_stands():
    documents = torch.tensor([[0, 0, 1, 1, 1, -1], [3, 3, 3, 3, 3, 3]])
    assert document_starts(documents).tolist() == [[0, 0, 2, 2, 2, 5], [0, 0, 0, 0, 0, 0]]


def test_a_document_that_another_interrupts_has_no_interval():
    assert document_starts(torch.tensor([[0, 0, 1, 1], [0, 1, 0, 0]])) is None


@pytest.mark.parametrize("documents", [[[0, 0, 0, 1, 1, 1, -1]], [[0, 1, 0, 1, 0, 1, 1]]])
def test_interval_and_mask_are_the_same_attention(documents):
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 1, 7, 2, 8).unbind()
    found = CausalContext(documents=torch.tensor(documents)).attend(0, q, k, v, 0.3)
    wanted = CausalContext(documents=torch.tensor(documents)).attend(0, q.double(), k.double(), v.double(), 0.3)
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-5)
