"""Multi-token prediction equals transformers' MTP model, module after module, in float32."""

from __future__ import annotations

import torch
from transformers.cache_utils import MtpCache
from transformers.modeling_layers import MtpModel
from transformers_bridge import build, copy_mtp_to_theirs

from fathom.model.presets import PRESETS

LENGTH = 20


@torch.no_grad()
def test_two_modules_in_a_chain() -> None:
    config = PRESETS["tiny-deepseek-v3"].model_copy(update={"num_mtp_layers": 2})
    pair = build(config)
    mtp = MtpModel(pair.theirs, 2).eval()
    copy_mtp_to_theirs(pair.ours.state_dict(), mtp)
    cache = MtpCache(config=pair.theirs.config.get_mtp_config())
    ids = torch.randint(512, (2, LENGTH + 2), generator=torch.Generator().manual_seed(3))

    ours = pair.ours.hidden_states(ids[:, :LENGTH])
    theirs = pair.theirs.model(ids[:, :LENGTH]).last_hidden_state
    for depth in range(2):
        following = ids[:, depth + 1 : depth + 1 + LENGTH]
        positions = torch.arange(depth + 1, depth + 1 + LENGTH)[None]
        ours = pair.ours.mtp_hidden_states(depth, ours, following, positions)
        theirs = mtp.forward_layer(depth, theirs, positions, cache, input_ids=following)
        assert (ours - theirs).abs().max() <= 1e-4
        assert (pair.ours.logits(ours) - pair.theirs.lm_head(theirs)).abs().max() <= 1e-4
        assert ours.std() > 0.5


@torch.no_grad()
def test_only_position_differences_matter() -> None:
    config = PRESETS["tiny-deepseek-v3"]
    model = build(config).ours
    ids = torch.randint(512, (2, LENGTH + 1), generator=torch.Generator().manual_seed(3))
    hidden = model.hidden_states(ids[:, :-1])
    shifted = model.mtp_hidden_states(0, hidden, ids[:, 1:], torch.arange(1, LENGTH + 1)[None])
    assert (model.mtp_hidden_states(0, hidden, ids[:, 1:]) - shifted).abs().max() <= 1e-4
