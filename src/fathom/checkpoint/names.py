"""Parameter names, ours and theirs, as declarative tables that read in both directions.

A table lists one rule per kind of parameter. ``#`` is a number: the layer, or the expert after it. Names are
looked up in their ``#`` form, so that translating the 91 000 tensors of DeepSeek-V3 is 91 000 dictionary look-ups.
DeepSeek stores the multi-token-prediction modules as further layers after the main ones; ``num_layers`` tells them
apart.

The rules of the attention, and what a family names in its own way, are the family's (``fathom.model.families``); the
rest is common to all. Where a family and the common rules name one parameter, both are read and the family's is
written. Several rules with one stored name describe a tensor whose rows are those of several parameters, in the rules'
order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from fathom.model.families.family import Family
from fathom.model.families.tensor_names import Layout, Rule, prefix_rules

_NUMBER = re.compile(r"(?<=\.)(\d{1,9})(?=\.|$)")


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
        self._to_ours: tuple[dict[str, list[Rule]], dict[str, list[Rule]]] = ({}, {})
        self._to_theirs: dict[str, list[tuple[Rule, bool]]] = {}
        for rules, by_theirs, is_mtp in zip((main, mtp), self._to_ours, (False, True), strict=True):
            for rule in rules:
                by_theirs.setdefault(rule.theirs, []).append(rule)
                if rule.layout is not Layout.COPY:
                    self._to_theirs.setdefault(rule.ours, []).append((rule, is_mtp))

    def to_ours(self, theirs: str, num_layers: int) -> tuple[Place, ...]:
        """Where the stored tensor ``theirs`` belongs, or its rows one after another; () where no rule knows it."""
        shape, numbers = _generalize(theirs)
        is_mtp = bool(numbers) and numbers[0] >= num_layers
        rules = self._to_ours[is_mtp].get(shape, ())
        if is_mtp:
            numbers = (numbers[0] - num_layers, *numbers[1:])
        return tuple(_place(rule, numbers) for rule in rules)

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

    def stored_tensors(
        self, ours: Iterable[str], num_layers: int, num_experts: int = 0
    ) -> dict[str, tuple[Place, ...]]:
        """The stored tensors that are written of our parameters, and where they belong, in the parameters' order."""
        forms = (self.to_theirs(name, num_layers, num_experts)[0] for name in ours)
        return {name: self.to_ours(name, num_layers) for form in forms for name, _ in form}


def _place(rule: Rule, numbers: tuple[int, ...]) -> Place:
    taken = rule.ours.count("#")
    expert = numbers[taken] if rule.layout is Layout.EXPERT else None
    return Place(_specialize(rule.ours, numbers[:taken]), rule.layout, expert)


def _generalize(name: str) -> tuple[str, tuple[int, ...]]:
    return _NUMBER.sub("#", name), tuple(int(number) for number in _NUMBER.findall(name))


def _specialize(shape: str, numbers: tuple[int, ...]) -> str:
    remaining = iter(numbers)
    return re.sub("#", lambda _: str(next(remaining)), shape)


# ---- Hugging Face --------------------------------------------------------------------------------------------------

_HF_MODEL = (
    Rule("embed.weight", "model.embed_tokens.weight"),
    Rule("norm.weight", "model.norm.weight"),
    Rule("head.weight", "lm_head.weight"),
)
_HF_LAYER = (
    Rule("attention_norm.weight", "input_layernorm.weight"),
    Rule("mlp_norm.weight", "post_attention_layernorm.weight"),
    Rule("attention.o_proj.weight", "self_attn.o_proj.weight"),
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


_HF_BUFFERS = tuple(
    Rule("embed.weight", f"{layer}rotary_emb.{name}", Layout.COPY)
    for layer in ("model.", "model.layers.#.self_attn.")
    for name in ("inv_freq", "cos_cached", "sin_cached")
)
"""Rotary tables, which Llama 2 and its descendants store; they follow from the configuration."""


def hf_table(family: Family) -> NameTable:
    """The names in Hugging Face checkpoints of a family."""
    return _hf_table(family.hf_names)


def _with_own(own: tuple[Rule, ...], common: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """A family's rules, and the common ones but for names that mean something else in the family."""
    names = {rule.theirs for rule in own}
    return own + tuple(rule for rule in common if rule.theirs not in names)


@cache
def _hf_table(own: tuple[Rule, ...]) -> NameTable:
    layer = _with_own(own, _HF_LAYER)
    return NameTable(
        main=_HF_MODEL + _HF_BUFFERS + prefix_rules("layers.#.", "model.layers.#.", layer),
        mtp=prefix_rules("mtp.#.", "model.layers.#.", _HF_MTP)
        + prefix_rules("mtp.#.block.", "model.layers.#.", layer)
        + _HF_MTP_COPIES,
    )


# ---- GGUF ----------------------------------------------------------------------------------------------------------

_GGUF_MODEL = (
    Rule("embed.weight", "token_embd.weight"),
    Rule("norm.weight", "output_norm.weight"),
    Rule("head.weight", "output.weight"),
    Rule("embed.weight", "rope_freqs.weight", Layout.COPY),  # read with the metadata: see gguf.config
    Rule("embed.weight", "rope_factors_long.weight", Layout.COPY),
    Rule("embed.weight", "rope_factors_short.weight", Layout.COPY),
)
_GGUF_LAYER = (
    Rule("attention_norm.weight", "attn_norm.weight"),
    Rule("mlp_norm.weight", "ffn_norm.weight"),
    Rule("attention.o_proj.weight", "attn_output.weight"),
    Rule("mlp.gate.weight", "ffn_gate.weight"),
    Rule("mlp.up.weight", "ffn_up.weight"),
    Rule("mlp.down.weight", "ffn_down.weight"),
    Rule("mlp.router.weight", "ffn_gate_inp.weight"),
    Rule("mlp.router.bias", "exp_probs_b.bias"),
    Rule("mlp.experts.gate", "ffn_gate_exps.weight"),
    Rule("mlp.experts.up", "ffn_up_exps.weight"),
    Rule("mlp.experts.down", "ffn_down_exps.weight"),
    Rule("mlp.shared.gate.weight", "ffn_gate_shexp.weight"),
    Rule("mlp.shared.up.weight", "ffn_up_shexp.weight"),
    Rule("mlp.shared.down.weight", "ffn_down_shexp.weight"),
)
_GGUF_MTP = (
    Rule("embed_norm.weight", "enorm.weight"),
    Rule("hidden_norm.weight", "hnorm.weight"),
    Rule("proj.weight", "eh_proj.weight"),
    Rule("norm.weight", "shared_head_norm.weight"),
)
_GGUF_MTP_COPIES = (
    Rule("embed.weight", "blk.#.nextn.embed_tokens.weight", Layout.COPY),
    Rule("head.weight", "blk.#.nextn.shared_head_head.weight", Layout.COPY),
)


def gguf_table(family: Family) -> NameTable:
    """The names in GGUF files of a family."""
    return _gguf_table(family.gguf_names, family.gguf_norms_plus_one)


@cache
def _gguf_table(own: tuple[Rule, ...], norms_plus_one: bool) -> NameTable:
    layer = _with_own(own, _GGUF_LAYER)
    main = _GGUF_MODEL + prefix_rules("layers.#.", "blk.#.", layer)
    return NameTable(
        main=map(_plus_one, main) if norms_plus_one else main,
        mtp=prefix_rules("mtp.#.", "blk.#.nextn.", _GGUF_MTP)
        + prefix_rules("mtp.#.block.", "blk.#.", layer)
        + _GGUF_MTP_COPIES,
    )


def _plus_one(rule: Rule) -> Rule:
    return replace(rule, layout=Layout.PLUS_ONE) if rule.ours.endswith("norm.weight") else rule
