"""A model in training, with its tokenizer and chat template."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fathom.base.errors import ConfigError
from fathom.model.transformer import Transformer
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer import bpe
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.train.run.recipe import find

BYTES = "bytes"
"""The tokenizer without merges: every byte, and the tokens of the chat format."""


@dataclass(slots=True)
class Trainee:
    """``since`` is the monotonic time from which the run's seconds count, so that making the data counts; None: from
    the first update.
    """

    model: Transformer
    tokenizer: Tokenizer
    template: ChatTemplate | None
    since: float | None = None


def load_tokenizer(name: str) -> tuple[Tokenizer, ChatTemplate | None]:
    """A tokenizer and its chat template: ``bytes``, those in a directory, or what ``recipe:function`` returns.

    Raises ConfigError where the function returns something else, TokenizerError where the directory holds none.
    """
    if name == BYTES:
        return bpe.train([], bpe.MIN_VOCAB_SIZE), bpe.chat_template()
    if ":" not in name or Path(name).is_dir():
        return Tokenizer.from_directory(name), ChatTemplate.from_directory(name)
    match find(name)():
        case (Tokenizer() as tokenizer, ChatTemplate() | None as template):
            return tokenizer, template
    raise ConfigError(f"{name} returns no tokenizer", "return (tokenizer, chat template or None)")
