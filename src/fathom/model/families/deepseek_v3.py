"""DeepSeek-V3 and R1: latent attention, experts chosen by sigmoid scores and a balancing bias, modules that predict
further tokens (MTP)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fathom.model.families import mla
from fathom.model.families.family import Family, Fields
from fathom.model.families.keys import GGUFKeys, HFKeys

if TYPE_CHECKING:
    from fathom.model.config import ModelConfig


def _read_hf(keys: HFKeys) -> Fields:
    mtp = keys.get("num_nextn_predict_layers", keys.get("num_mtp_layers", 0))
    fields = mla.read_hf(keys, scoring="sigmoid", selection="noaux_tc", normalize=True)
    return fields | {"num_mtp_layers": mtp}


def _write_hf(config: ModelConfig) -> Fields:
    further = {"num_nextn_predict_layers": config.num_mtp_layers, "rope_interleave": config.rope.interleaved}
    return mla.write_hf(config) | further


def _is_interleaved(keys: HFKeys) -> bool:
    return bool(keys.get("rope_interleave", True))


def _has_sigmoid_router(keys: GGUFKeys) -> bool:
    return mla.gguf_scoring(keys) == "sigmoid"


DEEPSEEK_V3 = Family(
    name="deepseek_v3",
    hf_architecture="DeepseekV3ForCausalLM",
    gguf_architecture="deepseek2",
    read_hf=_read_hf,
    write_hf=_write_hf,
    read_gguf=mla.read_gguf,
    write_gguf=mla.write_gguf,
    hf_names=mla.HF_NAMES,
    gguf_names=mla.GGUF_NAMES,
    dialect="deepseek",
    pre_tokenizer="deepseek-v3",
    is_interleaved=_is_interleaved,
    gguf_is_interleaved=True,
    matches_gguf=_has_sigmoid_router,
)
