"""The name tables, read in both directions."""

import pytest

from fathom.checkpoint.names import NameTable, Place, gguf_table, hf_table
from fathom.model.families.registry import FAMILIES
from fathom.model.families.tensor_names import Layout

HF_GQA, HF_MLA = hf_table(FAMILIES["qwen3"]), hf_table(FAMILIES["deepseek_v3"])
GGUF_LLAMA, GGUF_QWEN = gguf_table(FAMILIES["llama"]), gguf_table(FAMILIES["qwen2"])
HF_QWEN_MOE, GGUF_QWEN_MOE = hf_table(FAMILIES["qwen2_moe"]), gguf_table(FAMILIES["qwen2_moe"])
GGUF_DEEPSEEK = gguf_table(FAMILIES["deepseek_v3"])


@pytest.mark.parametrize(
    ("table", "theirs", "place"),
    [
        (HF_GQA, "model.embed_tokens.weight", Place("embed.weight", Layout.SAME)),
        (HF_GQA, "model.layers.1.self_attn.q_norm.weight", Place("layers.1.attention.q_norm.weight", Layout.SAME)),
        (
            HF_MLA,
            "model.layers.0.self_attn.q_a_layernorm.weight",
            Place("layers.0.attention.q_norm.weight", Layout.SAME),
        ),
        (
            HF_MLA,
            "model.layers.3.mlp.experts.17.down_proj.weight",
            Place("layers.3.mlp.experts.down", Layout.EXPERT, 17),
        ),
        (HF_MLA, "model.layers.3.mlp.gate.e_score_correction_bias", Place("layers.3.mlp.router.bias", Layout.SAME)),
        (HF_MLA, "model.layers.4.eh_proj.weight", Place("mtp.0.proj.weight", Layout.SAME)),
        (HF_MLA, "model.layers.5.shared_head.norm.weight", Place("mtp.1.norm.weight", Layout.SAME)),
        (
            HF_MLA,
            "model.layers.4.mlp.experts.2.up_proj.weight",
            Place("mtp.0.block.mlp.experts.up", Layout.EXPERT, 2),
        ),
        (HF_MLA, "model.layers.4.embed_tokens.weight", Place("embed.weight", Layout.COPY)),
        (GGUF_LLAMA, "blk.2.attn_q.weight", Place("layers.2.attention.q_proj.weight", Layout.ROTARY_Q)),
        (GGUF_QWEN, "blk.2.attn_q.bias", Place("layers.2.attention.q_proj.bias", Layout.SAME)),
        (GGUF_DEEPSEEK, "blk.2.attn_k_b.weight", Place("layers.2.attention.kv_up.weight", Layout.KEY_UP)),
        (GGUF_DEEPSEEK, "blk.2.ffn_up_exps.weight", Place("layers.2.mlp.experts.up", Layout.SAME)),
        (GGUF_DEEPSEEK, "blk.5.nextn.eh_proj.weight", Place("mtp.1.proj.weight", Layout.SAME)),
        (GGUF_DEEPSEEK, "blk.4.attn_v_b.weight", Place("mtp.0.block.attention.kv_up.weight", Layout.VALUE_UP)),
        (GGUF_DEEPSEEK, "blk.4.nextn.embed_tokens.weight", Place("embed.weight", Layout.COPY)),
        (
            HF_QWEN_MOE,
            "model.layers.1.mlp.shared_expert.up_proj.weight",
            Place("layers.1.mlp.shared.up.weight", Layout.SAME),
        ),
        (
            HF_QWEN_MOE,
            "model.layers.1.mlp.shared_experts.up_proj.weight",
            Place("layers.1.mlp.shared.up.weight", Layout.SAME),
        ),
        (GGUF_QWEN_MOE, "blk.1.ffn_gate_inp_shexp.weight", Place("layers.1.mlp.shared_gate", Layout.ROW)),
    ],
)
def test_their_name_leads_to_our_place(table: NameTable, theirs: str, place: Place) -> None:
    assert table.to_ours(theirs, num_layers=4) == (place,)


@pytest.mark.parametrize("name", ["model.layers.4.attn.weight", "lm_head", "x", "", "model.layers.eh_proj.weight"])
def test_unknown_names_lead_nowhere(name: str) -> None:
    assert HF_MLA.to_ours(name, num_layers=4) == ()


def test_an_expert_stack_leads_to_one_name_per_expert() -> None:
    assert HF_MLA.to_theirs("mtp.0.block.mlp.experts.gate", num_layers=61, num_experts=2) == [
        [
            ("model.layers.61.mlp.experts.0.gate_proj.weight", Place("mtp.0.block.mlp.experts.gate", Layout.EXPERT, 0)),
            ("model.layers.61.mlp.experts.1.gate_proj.weight", Place("mtp.0.block.mlp.experts.gate", Layout.EXPERT, 1)),
        ],
    ]


def test_a_family_s_own_name_is_written_before_the_common_one() -> None:
    forms = HF_QWEN_MOE.to_theirs("layers.0.mlp.shared.gate.weight", num_layers=4)
    assert [form[0][0] for form in forms] == [
        "model.layers.0.mlp.shared_expert.gate_proj.weight",
        "model.layers.0.mlp.shared_experts.gate_proj.weight",
    ]


def test_kv_up_may_be_whole_or_in_halves_and_is_written_in_halves() -> None:
    name = "layers.2.attention.kv_up.weight"
    assert GGUF_DEEPSEEK.to_theirs(name, num_layers=4) == [
        [
            ("blk.2.attn_k_b.weight", Place(name, Layout.KEY_UP)),
            ("blk.2.attn_v_b.weight", Place(name, Layout.VALUE_UP)),
        ],
        [("blk.2.attn_kv_b.weight", Place(name, Layout.SAME))],
    ]


@pytest.mark.parametrize("table", [HF_MLA, HF_GQA, GGUF_LLAMA, GGUF_QWEN, GGUF_DEEPSEEK])
def test_every_name_returns_to_itself(table: NameTable) -> None:
    ours = ["embed.weight", "head.weight", "layers.3.mlp.down.weight", "layers.0.attention.o_proj.weight"]
    if table is HF_MLA:
        ours += ["mtp.1.block.attention.kv_up.weight", "mtp.0.embed_norm.weight", "layers.2.mlp.experts.down"]
    for name in ours:
        for form in table.to_theirs(name, num_layers=4, num_experts=3):
            for theirs, place in form:
                assert place.name == name
                assert place in table.to_ours(theirs, num_layers=4)


def test_a_fused_tensor_leads_to_several_places_in_order() -> None:
    places = hf_table(FAMILIES["phi3"]).to_ours("model.layers.1.self_attn.qkv_proj.weight", num_layers=4)
    assert [place.name for place in places] == [f"layers.1.attention.{part}_proj.weight" for part in "qkv"]
    backwards = [place.name for place in reversed(places)]
    written = hf_table(FAMILIES["phi3"]).stored_tensors(backwards, num_layers=4)
    assert written == {"model.layers.1.self_attn.qkv_proj.weight": places}


def test_a_family_s_own_meaning_of_a_name_precedes() -> None:
    name = "model.layers.0.post_attention_layernorm.weight"
    assert hf_table(FAMILIES["gemma2"]).to_ours(name, 1) == (Place("layers.0.post_attention_norm.weight", Layout.SAME),)
    assert hf_table(FAMILIES["glm4"]).to_ours(name, 1) == (Place("layers.0.mlp_norm.weight", Layout.SAME),)


def test_norms_of_gemma_have_one_added_in_gguf() -> None:
    table = gguf_table(FAMILIES["gemma3"])
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.attn_q_norm", "blk.0.post_ffw_norm"):
        (place,) = table.to_ours(f"{name}.weight", num_layers=1)
        assert place.layout is Layout.PLUS_ONE
