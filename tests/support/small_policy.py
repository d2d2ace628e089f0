"""Small models of both kinds of attention, with weights at random."""

import torch
from tiny_models import GQA, MOE, dense_config, moe_config

from fathom.model.transformer import Transformer

INIT_STD = 32**-0.5
"""1 / sqrt(width): every product keeps the size of its input, as in a trained model."""
CONFIGS = {
    "mla+moe": moe_config(
        num_layers=3,
        moe=MOE.model_copy(update={"num_experts": 8, "routed_scaling_factor": 2.5}),
        num_mtp_layers=1,
        init_std=INIT_STD,
    ),
    "gqa": dense_config(num_layers=3, init_std=INIT_STD),
    "gqa, windows and caps": dense_config(
        num_layers=3,
        init_std=INIT_STD,
        attention=GQA.model_copy(update={"softcap": 1.0}),
        window={"size": 3, "layers": (0, 2)},
        logit_softcap=2.0,
    ),
}


def build(kind="mla+moe"):
    torch.manual_seed(0)
    model = Transformer(CONFIGS[kind])
    if kind == "mla+moe":
        for layer in model.layers[1:]:  # a bias as training leaves it: selection and weight disagree
            layer.mlp.router.bias.normal_(0, 0.1)
    return model
