"""The one model definition: DeepSeek-V2/V3 (MLA, DeepSeekMoE, MTP) and the dense Llama and Qwen families."""
