"""A model in training, with its tokenizer and chat template."""

from __future__ import annotations

from dataclasses import dataclass

from fathom.model.transformer import Transformer
from fathom.recipes.countdown import vocabulary
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer import bpe
from fathom.text.tokenizer.tokenizer import Tokenizer

BYTES = "bytes"
"""The tokenizer without merges: every byte, and the tokens of the chat format."""

ZERO = "zero"
"""That of the laptop's R1-Zero: every number up to 99 is a token (:mod:`fathom.recipes.countdown.vocabulary`)."""


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
    """The tokenizer called ``bytes`` or ``zero``, or that of a directory, and its chat template."""
    if name == BYTES:
        return bpe.train([], bpe.MIN_VOCAB_SIZE), bpe.chat_template()
    if name == ZERO:
        return vocabulary.tokenizer(), vocabulary.template()
    return Tokenizer.from_directory(name), ChatTemplate.from_directory(name)
