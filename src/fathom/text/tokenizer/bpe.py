"""Training a vocabulary: byte-level BPE with DeepSeek-V3's pre-tokenizer and the tokens of the R1 chat format.

`tokenizers` trains the merges; `save` writes a directory that `transformers` and `fathom chat` open. Byte level,
because any text can then be encoded; V3's pre-tokenizer, because programs that load the model know it by that name (its
groups of up to three digits also suit arithmetic). V3's vocabulary has 128 K ids (section 4.1); a small model needs a
smaller one, since embedding and head are most of its parameters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Backend

from fathom.base.errors import TokenizerError
from fathom.text import markers, r1
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.pretokenizers import pre_tokenization
from fathom.text.tokenizer.special import SpecialIds
from fathom.text.tokenizer.tokenizer import Tokenizer

PRE_TOKENIZER = "deepseek-v3"

MIN_VOCAB_SIZE = 256 + len(r1.FIRST_TOKENS) + len(r1.LAST_TOKENS)
"""The size of a vocabulary without merges: every byte and every special token."""


def train(
    texts: Iterable[str],
    vocab_size: int,
    *,
    extra_tokens: Iterable[str] = (),
    min_frequency: int = 2,
) -> Tokenizer:
    """A tokenizer of at most ``vocab_size`` ids, special tokens included, trained on ``texts``.

    It has fewer ids if fewer pairs occur ``min_frequency`` times in the texts: see ``vocab_size`` of the result.
    ``extra_tokens`` are matched anywhere as one token, like those of the chat format. The same texts give the same
    vocabulary. Raises TokenizerError if ``vocab_size`` is too small for the bytes and the special tokens.
    """
    last = [*r1.LAST_TOKENS, *extra_tokens]
    room = vocab_size - len(last)
    if room < 256 + len(r1.FIRST_TOKENS):
        least = 256 + len(r1.FIRST_TOKENS) + len(last)
        raise TokenizerError(f"a vocabulary of {vocab_size} cannot hold every byte", f"ask for at least {least}")
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenization(PRE_TOKENIZER).pre_tokenizer()
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=room,
        min_frequency=min_frequency,
        show_progress=False,
        special_tokens=[_added_token(token) for token in r1.FIRST_TOKENS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    backend.train_from_iterator(map(_encodable, texts), trainer=trainer)
    backend.add_tokens([_added_token(token) for token in last])
    bos, eos = (r1.FIRST_TOKENS.index(token) for token in (r1.BOS, r1.EOS))
    return Tokenizer(backend, SpecialIds(bos, frozenset({eos}), adds_bos=False))


def chat_template() -> ChatTemplate:
    """The template of the R1 format, with its BOS and EOS texts."""
    return ChatTemplate(r1.TEMPLATE, bos=r1.BOS, eos=r1.EOS)


def save(tokenizer: Tokenizer, directory: str | Path) -> None:
    """Write tokenizer.json, tokenizer_config.json and chat_template.jinja, as transformers reads them."""
    folder = Path(directory)
    tokenizer.save(folder)
    file = folder / "tokenizer_config.json"
    config = json.loads(file.read_text(encoding="utf-8")) | {"pad_token": r1.PAD}
    file.write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(r1.TEMPLATE, encoding="utf-8")


def _added_token(token: str) -> AddedToken:
    """Markup that is parsed (thinking, tool calls) is not special: ``skip_special_tokens`` would drop it."""
    return AddedToken(token, normalized=False, special=token not in markers.STRUCTURE)


def _encodable(text: str) -> str:
    """The text without lone surrogates, which have no UTF-8 and would end the training."""
    return text.encode("utf-8", "replace").decode("utf-8")
