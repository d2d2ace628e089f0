"""Pre-tokenization, which splits text into words before byte-pair merges, by its GGUF name (``tokenizer.ggml.pre``).

A wrong split changes tokens silently, so a name that is not in the table is an error, never a guess. The expressions
are the published ones of each family's tokenizer.json, written for the Oniguruma engine inside `tokenizers`; the names
are llama.cpp's. Each ``Split`` isolates its matches and leaves the rest to the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

from tokenizers import Regex, normalizers, pre_tokenizers

from fathom.base.errors import TokenizerError


@dataclass(frozen=True, slots=True)
class PreTokenization:
    """The splits of one family. ``digits`` isolates every digit first; ``whole_words`` encodes a word that is in the
    vocabulary without merges (`ignore_merges` of the BPE model); ``nfc`` composes characters beforehand."""

    patterns: tuple[str, ...]
    digits: bool = False
    whole_words: bool = False
    nfc: bool = False

    def pre_tokenizer(self) -> pre_tokenizers.PreTokenizer:
        steps: list[pre_tokenizers.PreTokenizer] = (
            [pre_tokenizers.Digits(individual_digits=True)] if self.digits else []
        )
        steps += [pre_tokenizers.Split(Regex(pattern), behavior="isolated") for pattern in self.patterns]
        steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
        return pre_tokenizers.Sequence(steps)

    def normalizer(self) -> normalizers.Normalizer | None:
        return normalizers.NFC() if self.nfc else None


_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_LLAMA3 = rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_SPACES}"
_QWEN2 = rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_SPACES}"
_QWEN35 = (  # as Qwen2, with combining marks beside the letters
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}"
    rf"| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{_SPACES}"
)

_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTIONS}?|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTIONS}?"
    rf"|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_SPACES}"
)
_TEKKEN = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*"
    rf"|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_SPACES}"
)

_DEEPSEEK_V3 = (
    r"\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    rf"""| ?[\p{{P}}\p{{S}}]+[\r\n]*|{_SPACES}""",
)

# Letters that have a case, as ranges: DeepSeek-LLM and V2 were trained with this list, not with \p{L}. Escaped where
# an editor would compose a character into its equivalent, which turns a range around.
_CASED = (
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝ\u1f5f-\u1f7dᾀ-ᾴᾶ-ᾼ"
    "\u1fbeῂ-ῄῆ-ῌ\u1fd0-\u1fd3\u1fd6-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ"
    "\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-\U00010cf2"
    "\U000118a0-\U000118df\U0001e900-\U0001e943"
)
_CJK = "[一-龥\u0800-一가-\ud7ff]+"
_DEEPSEEK_LLM = ("[\r\n]", rf"\s?[{_CASED}]+", r"\s?[!-/:-~！-／：-～‘-‟\u3000-。]+", r"\s+$", _CJK, r"\p{N}")
_DEEPSEEK_CODER = ("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _CJK, r"\p{N}")

_FAMILIES: tuple[tuple[tuple[str, ...], PreTokenization], ...] = (
    (("gpt-2", "gpt2", "default", "phi-2", "jais", "mpt", "olmo", "trillion"), PreTokenization((_GPT2,))),
    (
        ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"),
        PreTokenization((_GPT2,), True),
    ),
    (("llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral"), PreTokenization((_LLAMA3,), whole_words=True)),
    (("dbrx", "smaug-bpe", "glm4", "chatglm-bpe"), PreTokenization((_LLAMA3,))),
    (("qwen2", "deepseek-r1-qwen", "stablelm2", "megrez", "hunyuan"), PreTokenization((_QWEN2,), nfc=True)),
    (("qwen35",), PreTokenization((_QWEN35,), nfc=True)),
    (("gpt-4o", "llama4"), PreTokenization((_O200K,))),
    (("tekken",), PreTokenization((_TEKKEN,), whole_words=True)),
    (("deepseek-llm",), PreTokenization(_DEEPSEEK_LLM)),
    (("deepseek-coder",), PreTokenization(_DEEPSEEK_CODER)),
    (("deepseek-v3", "hunyuan-dense"), PreTokenization(_DEEPSEEK_V3)),
)

PRE_TOKENIZATIONS = {name: family for names, family in _FAMILIES for name in names}


def pre_tokenization(name: str) -> PreTokenization:
    """The pre-tokenization called ``name``. Raises TokenizerError for a name that is not in the table."""
    try:
        return PRE_TOKENIZATIONS[name]
    except KeyError:
        known = ", ".join(sorted(PRE_TOKENIZATIONS))
        raise TokenizerError(
            f"the vocabulary asks for the pre-tokenizer {name!r}, which is not known here",
            f"use a model directory with tokenizer.json, or a GGUF file with one of: {known}",
        ) from None
