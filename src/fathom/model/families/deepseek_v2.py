"""DeepSeek-V2 and V2-Lite: latent attention, experts chosen by softmax scores."""

from __future__ import annotations

from functools import partial

from fathom.model.families import mla
from fathom.model.families.family import Family

DEEPSEEK_V2 = Family(
    name="deepseek_v2",
    hf_architecture="DeepseekV2ForCausalLM",
    gguf_architecture="deepseek2",
    read_hf=partial(mla.read_hf, scoring="softmax", selection="greedy", normalize=False),
    write_hf=mla.write_hf,
    read_gguf=mla.read_gguf,
    write_gguf=mla.write_gguf,
    hf_names=mla.HF_NAMES,
    gguf_names=mla.GGUF_NAMES,
    dialect="deepseek",
    pre_tokenizer="deepseek-llm",
    is_interleaved=lambda _: True,
    gguf_is_interleaved=True,
)
