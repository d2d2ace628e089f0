"""Small models of both kinds of attention, with weights at random."""

import torch

from fathom.model.config import GQAConfig, MLAConfig, ModelConfig, MoEConfig
from fathom.model.transformer import Transformer

INIT_STD = 32**-0.5
"""1 / sqrt(width): every product keeps the size of its input, as in a trained model."""
SIZES = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_layers": 3, "max_position": 128}
MOE = MoEConfig(
    num_experts=8,
    experts_per_token=2,
    num_shared_experts=1,
    intermediate_size=16,
    scoring="sigmoid",
    selection="noaux_tc",
    normalize=True,
    routed_scaling_factor=2.5,
    first_dense_layers=1,
)
MLA = MLAConfig(num_heads=2, q_lora_rank=16, kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=8, v_head_dim=8)
CONFIGS = {
    "mla+moe": ModelConfig(family="deepseek_v3", attention=MLA, moe=MOE, num_mtp_layers=1, init_std=INIT_STD, **SIZES),
    "gqa": ModelConfig(
        family="llama", attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=8), init_std=INIT_STD, **SIZES
    ),
}


def build(kind="mla+moe"):
    torch.manual_seed(0)
    model = Transformer(CONFIGS[kind])
    if kind == "mla+moe":
        for layer in model.layers[1:]:  # a bias as training leaves it: selection and weight disagree
            layer.mlp.router.bias.normal_(0, 0.1)
    return model
