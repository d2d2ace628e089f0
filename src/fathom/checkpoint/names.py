"""Parameter names, ours and theirs, as declarative tables that read in both directions.

A table lists one rule per kind of parameter. ``#`` stands for a number: the layer, or the expert behind it. Names are
looked up in their ``#`` form, so that translating the 91 000 tensors of DeepSeek-V3 is 91 000 dictionary look-ups.
DeepSeek stores the multi-token-prediction modules as further layers behind the main ones; ``num_layers`` tells them
apart.

A ``Layout`` says how the stored numbers differ from ours, where they do; ``fathom.checkpoint.layouts`` applies it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

_NUMBER = re.compile(r"(?<=\.)(\d{1,9})(?=\.|$)")


class Layout(Enum):
    """How a stored tensor becomes (part of) our parameter."""

    SAME = auto()
    EXPERT = auto()
    """One expert's matrix: a slice of our stack."""
    ROTARY_Q = auto()
    """Rows of each head paired (2i, 2i+1) for llama.cpp; ours are (i, i + d/2)."""
    ROTARY_K = auto()
    KEY_UP = auto()
    """The key half of MLA's kv_up, transposed per head: (H, kv_lora, nope)."""
    VALUE_UP = auto()
    """The value half of MLA's kv_up: (H, v, kv_lora)."""
    COPY = auto()
    """A repetition of a tensor that we hold once: known, and not loaded."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``ours`` ⇄ ``theirs``; ``ours`` is the copied parameter under ``Layout.COPY``."""

    ours: str
    theirs: str
    layout: Layout = Layout.SAME


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stored tensor belongs: our parameter, and the expert where it is one of a stack."""

    name: str
    layout: Layout
    expert: int | None = None


Form = list[tuple[str, Place]]
"""Stored tensors that together make up one parameter of ours."""


class NameTable:
    """Both directions of a list of rules.

    ``main`` are the rules of the model and its layers, ``mtp`` those of the layers behind the last; in ``ours`` of the
    latter the number is the module's, in ``theirs`` the layer's.
    """

    def __init__(self, main: Iterable[Rule], mtp: Iterable[Rule] = ()) -> None:
        self._to_ours: tuple[Mapping[str, Rule], Mapping[str, Rule]] = (
            {rule.theirs: rule for rule in main},
            {rule.theirs: rule for rule in mtp},
        )
        self._to_theirs: dict[str, list[tuple[Rule, bool]]] = {}
        for rules, is_mtp in zip(self._to_ours, (False, True), strict=True):
            for rule in rules.values():
                if rule.layout is not Layout.COPY:
                    self._to_theirs.setdefault(rule.ours, []).append((rule, is_mtp))

    def to_ours(self, theirs: str, num_layers: int) -> Place | None:
        """Where the stored tensor ``theirs`` belongs; None for a name that no rule knows."""
        shape, numbers = _generalize(theirs)
        is_mtp = bool(numbers) and numbers[0] >= num_layers
        rule = self._to_ours[is_mtp].get(shape)
        if rule is None:
            return None
        if is_mtp:
            numbers = (numbers[0] - num_layers, *numbers[1:])
        taken = rule.ours.count("#")
        expert = numbers[taken] if rule.layout is Layout.EXPERT else None
        return Place(_specialize(rule.ours, numbers[:taken]), rule.layout, expert)

    def to_theirs(self, ours: str, num_layers: int, num_experts: int = 0) -> list[Form]:
        """The forms in which our parameter may be stored, the one that we write first. KeyError: no rule.

        A form is one tensor, or one per expert, or the two halves of ``kv_up``.
        """
        shape, numbers = _generalize(ours)
        halves: Form = []
        forms: list[Form] = []
        for rule, is_mtp in self._to_theirs[shape]:
            indices = (numbers[0] + num_layers, *numbers[1:]) if is_mtp else numbers
            if rule.layout is Layout.EXPERT:
                names = [(_specialize(rule.theirs, (*indices, e)), e) for e in range(num_experts)]
                forms.append([(name, Place(ours, Layout.EXPERT, e)) for name, e in names])
            elif rule.layout in (Layout.KEY_UP, Layout.VALUE_UP):
                halves.append((_specialize(rule.theirs, indices), Place(ours, rule.layout)))
            else:
                forms.append([(_specialize(rule.theirs, indices), Place(ours, rule.layout))])
        return [halves, *forms] if halves else forms


def _generalize(name: str) -> tuple[str, tuple[int, ...]]:
    return _NUMBER.sub("#", name), tuple(int(number) for number in _NUMBER.findall(name))


def _specialize(shape: str, numbers: tuple[int, ...]) -> str:
    remaining = iter(numbers)
    return re.sub("#", lambda _: str(next(remaining)), shape)


def _under(ours: str, theirs: str, rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(Rule(ours + rule.ours, theirs + rule.theirs, rule.layout) for rule in rules)


# ---- Hugging Face --------------------------------------------------------------------------------------------------

_HF_BLOCK = (
    Rule("attention_norm.weight", "input_layernorm.weight"),
    Rule("mlp_norm.weight", "post_attention_layernorm.weight"),
    Rule("attention.q_proj.weight", "self_attn.q_proj.weight"),
    Rule("attention.q_proj.bias", "self_attn.q_proj.bias"),
    Rule("attention.k_proj.weight", "self_attn.k_proj.weight"),
    Rule("attention.k_proj.bias", "self_attn.k_proj.bias"),
    Rule("attention.v_proj.weight", "self_attn.v_proj.weight"),
    Rule("attention.v_proj.bias", "self_attn.v_proj.bias"),
    Rule("attention.o_proj.weight", "self_attn.o_proj.weight"),
    Rule("attention.k_norm.weight", "self_attn.k_norm.weight"),
    Rule("attention.q_down.weight", "self_attn.q_a_proj.weight"),
    Rule("attention.q_up.weight", "self_attn.q_b_proj.weight"),
    Rule("attention.kv_down.weight", "self_attn.kv_a_proj_with_mqa.weight"),
    Rule("attention.kv_norm.weight", "self_attn.kv_a_layernorm.weight"),
    Rule("attention.kv_up.weight", "self_attn.kv_b_proj.weight"),
    Rule("mlp.gate.weight", "mlp.gate_proj.weight"),
    Rule("mlp.up.weight", "mlp.up_proj.weight"),
    Rule("mlp.down.weight", "mlp.down_proj.weight"),
    Rule("mlp.router.weight", "mlp.gate.weight"),
    Rule("mlp.router.bias", "mlp.gate.e_score_correction_bias"),
    Rule("mlp.experts.gate", "mlp.experts.#.gate_proj.weight", Layout.EXPERT),
    Rule("mlp.experts.up", "mlp.experts.#.up_proj.weight", Layout.EXPERT),
    Rule("mlp.experts.down", "mlp.experts.#.down_proj.weight", Layout.EXPERT),
    Rule("mlp.shared.gate.weight", "mlp.shared_experts.gate_proj.weight"),
    Rule("mlp.shared.up.weight", "mlp.shared_experts.up_proj.weight"),
    Rule("mlp.shared.down.weight", "mlp.shared_experts.down_proj.weight"),
)
_HF_MLA_NORM = (Rule("attention.q_norm.weight", "self_attn.q_a_layernorm.weight"),)
_HF_GQA_NORM = (Rule("attention.q_norm.weight", "self_attn.q_norm.weight"),)

_HF_MODEL = (
    Rule("embed.weight", "model.embed_tokens.weight"),
    Rule("norm.weight", "model.norm.weight"),
    Rule("head.weight", "lm_head.weight"),
)

_HF_MTP = (
    Rule("embed_norm.weight", "enorm.weight"),
    Rule("hidden_norm.weight", "hnorm.weight"),
    Rule("proj.weight", "eh_proj.weight"),
    Rule("norm.weight", "shared_head.norm.weight"),
)
_HF_MTP_COPIES = (
    Rule("embed.weight", "model.layers.#.embed_tokens.weight", Layout.COPY),
    Rule("head.weight", "model.layers.#.shared_head.head.weight", Layout.COPY),
)


def _hf(norm: tuple[Rule, ...]) -> NameTable:
    block = _HF_BLOCK + norm
    return NameTable(
        main=_HF_MODEL + _under("layers.#.", "model.layers.#.", block),
        mtp=_under("mtp.#.", "model.layers.#.", _HF_MTP)
        + _under("mtp.#.block.", "model.layers.#.", block)
        + _HF_MTP_COPIES,
    )


HF_MLA = _hf(_HF_MLA_NORM)
HF_GQA = _hf(_HF_GQA_NORM)

# ---- GGUF ----------------------------------------------------------------------------------------------------------

_GGUF_MODEL = (
    Rule("embed.weight", "token_embd.weight"),
    Rule("norm.weight", "output_norm.weight"),
    Rule("head.weight", "output.weight"),
    Rule("embed.weight", "rope_freqs.weight", Layout.COPY),  # read with the metadata: see gguf_config
)

_GGUF_DENSE = (
    Rule("attention_norm.weight", "attn_norm.weight"),
    Rule("mlp_norm.weight", "ffn_norm.weight"),
    Rule("attention.v_proj.weight", "attn_v.weight"),
    Rule("attention.v_proj.bias", "attn_v.bias"),
    Rule("attention.o_proj.weight", "attn_output.weight"),
    Rule("mlp.gate.weight", "ffn_gate.weight"),
    Rule("mlp.up.weight", "ffn_up.weight"),
    Rule("mlp.down.weight", "ffn_down.weight"),
)
_GGUF_LLAMA = (
    Rule("attention.q_proj.weight", "attn_q.weight", Layout.ROTARY_Q),
    Rule("attention.k_proj.weight", "attn_k.weight", Layout.ROTARY_K),
)
_GGUF_QWEN = (
    Rule("attention.q_proj.weight", "attn_q.weight"),
    Rule("attention.q_proj.bias", "attn_q.bias"),
    Rule("attention.k_proj.weight", "attn_k.weight"),
    Rule("attention.k_proj.bias", "attn_k.bias"),
    Rule("attention.q_norm.weight", "attn_q_norm.weight"),
    Rule("attention.k_norm.weight", "attn_k_norm.weight"),
)
_GGUF_DEEPSEEK = (
    Rule("attention.q_proj.weight", "attn_q.weight"),
    Rule("attention.q_down.weight", "attn_q_a.weight"),
    Rule("attention.q_norm.weight", "attn_q_a_norm.weight"),
    Rule("attention.q_up.weight", "attn_q_b.weight"),
    Rule("attention.kv_down.weight", "attn_kv_a_mqa.weight"),
    Rule("attention.kv_norm.weight", "attn_kv_a_norm.weight"),
    Rule("attention.kv_up.weight", "attn_kv_b.weight"),
    Rule("attention.kv_up.weight", "attn_k_b.weight", Layout.KEY_UP),
    Rule("attention.kv_up.weight", "attn_v_b.weight", Layout.VALUE_UP),
    Rule("mlp.router.weight", "ffn_gate_inp.weight"),
    Rule("mlp.router.bias", "exp_probs_b.bias"),
    Rule("mlp.experts.gate", "ffn_gate_exps.weight"),
    Rule("mlp.experts.up", "ffn_up_exps.weight"),
    Rule("mlp.experts.down", "ffn_down_exps.weight"),
    Rule("mlp.shared.gate.weight", "ffn_gate_shexp.weight"),
    Rule("mlp.shared.up.weight", "ffn_up_shexp.weight"),
    Rule("mlp.shared.down.weight", "ffn_down_shexp.weight"),
)


def _gguf(family: tuple[Rule, ...]) -> NameTable:
    return NameTable(main=_GGUF_MODEL + _under("layers.#.", "blk.#.", _GGUF_DENSE + family))


GGUF_LLAMA = _gguf(_GGUF_LLAMA)
GGUF_QWEN = _gguf(_GGUF_QWEN)
GGUF_DEEPSEEK = _gguf(_GGUF_DEEPSEEK)
