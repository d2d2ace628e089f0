"""A model in training, with its tokenizer and chat template."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fathom.base.errors import ConfigError
from fathom.checkpoint.generation import GenerationDefaults
from fathom.model.transformer import Transformer
from fathom.text.conversation import turn_end_ids
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer import bpe
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.train.run.recipe import find

BYTES = "bytes"
"""The tokenizer without merges: every byte, and the tokens of the chat format."""


@dataclass(slots=True)
class Trainee:
    """``generation`` is how the authors of the model want it sampled, which ``final`` repeats. ``since`` is the
    monotonic time from which the run's seconds count, so that making the data counts; None: from the first update.
    """

    model: Transformer
    tokenizer: Tokenizer
    template: ChatTemplate | None
    since: float | None = None
    generation: GenerationDefaults = field(default_factory=GenerationDefaults)

    @property
    def generation_config(self) -> dict[str, Any]:
        """The content of ``generation_config.json``: the authors' sampling, and every token that ends a turn."""
        ends = self.generation.eos_ids | turn_end_ids(self.tokenizer, self.template)
        return {**self.generation.as_config(), "eos_token_id": sorted(ends)}


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
