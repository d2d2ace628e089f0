"""The families that can be loaded and saved: one line for each."""

from __future__ import annotations

from fathom.model.families.deepseek_v2 import DEEPSEEK_V2
from fathom.model.families.deepseek_v3 import DEEPSEEK_V3
from fathom.model.families.family import Family
from fathom.model.families.gemma2 import GEMMA2
from fathom.model.families.gemma3 import GEMMA3
from fathom.model.families.glm4 import GLM4
from fathom.model.families.llama import LLAMA
from fathom.model.families.mistral import MISTRAL
from fathom.model.families.olmo2 import OLMO2
from fathom.model.families.phi3 import PHI3
from fathom.model.families.qwen2 import QWEN2
from fathom.model.families.qwen2_moe import QWEN2_MOE
from fathom.model.families.qwen3 import QWEN3
from fathom.model.families.qwen3_moe import QWEN3_MOE
from fathom.model.families.smollm3 import SMOLLM3

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        DEEPSEEK_V3,
        DEEPSEEK_V2,
        GEMMA2,
        GEMMA3,
        GLM4,
        LLAMA,
        MISTRAL,
        OLMO2,
        PHI3,
        QWEN2,
        QWEN2_MOE,
        QWEN3,
        QWEN3_MOE,
        SMOLLM3,
    )
}
"""By name. Of families that share a GGUF architecture the first that matches a file is taken: DeepSeek-V3 precedes V2,
which matches all of its files, and Llama Mistral, whose files are Llama's.
"""
