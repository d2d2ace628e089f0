from __future__ import annotations

import math

import pytest
import torch
from tiny_models import dense_config
from torch import Tensor

from fathom.data.packing.batch import IGNORE, PADDING, Batch
from fathom.model.presets import preset
from fathom.model.transformer import Transformer
from fathom.train.supervised.losses import context_of, losses, mtp_inputs


def packed(*rows: list[list[int]], length: int = 8, learned: bool = True) -> Batch:
    """Rows of documents of token ids."""
    parts: dict[str, list[Tensor]] = {"tokens": [], "targets": [], "positions": [], "documents": []}
    for documents in rows:
        flat = [token for document in documents for token in document]
        following = [token for document in documents for token in [*document[1:], IGNORE]]
        numbers = [number for number, document in enumerate(documents) for _ in document]
        places = [place for document in documents for place in range(len(document))]
        pad = length - len(flat)
        parts["tokens"].append(torch.tensor(flat + [0] * pad))
        parts["targets"].append(torch.tensor(following + [IGNORE] * pad))
        parts["positions"].append(torch.tensor(places + [0] * pad))
        parts["documents"].append(torch.tensor(numbers + [PADDING] * pad))
    stacked = {name: torch.stack(tensors) for name, tensors in parts.items()}
    mask = (stacked["targets"] != IGNORE) & learned
    return Batch(**stacked, loss_mask=mask)


def small(**changes: object) -> Transformer:
    torch.manual_seed(0)
    model = Transformer(preset("tiny-deepseek-v3").model_copy(update=changes))
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.05)
    return model


def test_an_untrained_model_has_the_loss_of_a_uniform_guess() -> None:
    """All logits equal: every target costs log V."""
    model = Transformer(dense_config(vocab_size=11))
    assert model.head is not None
    torch.nn.init.zeros_(model.head.weight)
    found = losses(model, packed([[1, 2, 3], [4, 5]]), mtp=False, z=True)
    assert found.count == 3
    assert found.main.item() == pytest.approx(3 * math.log(11))
    assert found.z.item() == pytest.approx(3 * math.log(11) ** 2, rel=1e-5)


def test_the_loss_is_the_cross_entropy_of_each_document_alone() -> None:
    model = small()
    documents = [[5, 6, 7], [8, 9], [3, 2, 1]]
    together = losses(model, packed(documents), mtp=True)
    alone = [losses(model, packed([document], length=len(document)), mtp=True) for document in documents]
    assert together.main.item() == pytest.approx(sum(one.main.item() for one in alone), rel=1e-5)
    assert together.mtp[0].item() == pytest.approx(sum(one.mtp[0].item() for one in alone), rel=1e-5)
    assert (together.count, together.mtp_counts) == (5, (2,))


def test_without_the_mask_documents_see_each_other() -> None:
    model = small()
    batch = packed([[5, 6, 7], [8, 9, 4]])
    apart, joined = (losses(model, batch, mtp=False, apart=apart).main.item() for apart in (True, False))
    assert apart != pytest.approx(joined, rel=1e-6)


def test_mtp_looks_one_token_further() -> None:
    batch = packed([[10, 11, 12, 13], [20, 21]], length=7)
    given, targets, mask = mtp_inputs(batch, 0)
    assert given[0].tolist() == [11, 12, 13, 0, 21, 0, 0]
    assert [t for t, m in zip(targets[0].tolist(), mask[0].tolist(), strict=True) if m] == [12, 13]
    assert mask[0].tolist() == [True, True, False, False, False, False, False]
    given, targets, mask = mtp_inputs(batch, 1)
    assert given[0, 0] == 12
    assert targets[mask].tolist() == [13]


def test_mtp_losses_follow_the_loss_mask() -> None:
    batch = packed([[10, 11, 12, 13]], length=4)
    batch.loss_mask[0, :2] = False  # only token 13 is the assistant's
    _, targets, mask = mtp_inputs(batch, 0)
    assert targets[mask].tolist() == [13]


def test_the_mtp_loss_is_that_of_the_model_run_by_hand() -> None:
    model = small()
    tokens = torch.tensor([[5, 6, 7, 8, 9]])
    hidden = model.hidden_states(tokens)
    logits = model.logits(model.mtp_hidden_states(0, hidden[:, :-2], tokens[:, 1:-1]))
    expected = torch.nn.functional.cross_entropy(logits[0], tokens[0, 2:], reduction="sum")
    found = losses(model, packed([tokens[0].tolist()]), mtp=True)
    assert found.mtp[0].item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_draft_is_accepted_where_the_model_agrees() -> None:
    """A module whose logits are the model's own, one position on, is always right; any other only by luck."""
    model = small()
    batch = packed([[5, 6, 7, 8, 9, 10]])
    main = model.logits(model.hidden_states(batch.tokens, batch.positions)).argmax(-1)[0]
    found = losses(model, batch, mtp=True, statistics=True)
    hidden = model.hidden_states(batch.tokens[:, :6])
    drafts = model.logits(model.mtp_hidden_states(0, hidden, mtp_inputs(batch, 0)[0][:, :6])).argmax(-1)[0]
    expected = sum(int(drafts[i] == main[i + 1]) for i in range(4))
    assert (found.accepted, found.drafted) == (expected, 4)


def test_a_batch_without_targets_costs_nothing() -> None:
    found = losses(small(), packed([[1, 2]], learned=False), mtp=True, z=True, statistics=True)
    assert (found.main.item(), found.count, found.drafted) == (0.0, 0, 0)
    found.main.backward()


def test_rows_of_one_document_need_no_mask() -> None:
    assert context_of(packed([[1, 2, 3]]))._documents is None
    assert context_of(packed([[1], [2]]))._documents is not None


def test_padding_changes_nothing() -> None:
    model = small()
    short, long = (losses(model, packed([[5, 6, 7]], length=length), mtp=True) for length in (3, 8))
    assert short.main.item() == pytest.approx(long.main.item(), rel=1e-6)
    assert short.mtp[0].item() == pytest.approx(long.mtp[0].item(), rel=1e-6)
