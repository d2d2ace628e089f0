"""Fill in the middle (FIM): documents rearranged to train the model to write the text between a prefix and a suffix.

V3 section 4.1, prefix-suffix-middle at the document level, before packing, rate 0.1:
``<fim_begin> prefix <fim_hole> suffix <fim_end> middle <eos>``. The cuts are between characters, not tokens: an
editor's cursor is often inside a word, and Bavarian et al. ("Efficient training of language models to fill in the
middle", 2022, section 4) measured that training on such cuts costs nothing and is needed for them to work.

Which documents are rearranged, and where they are cut, follows from the seed and the document's number alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fathom.base.errors import ConfigError, TokenizerError
from fathom.data.permutation import mix
from fathom.text import r1
from fathom.text.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class FillInMiddle:
    """``rate`` is the share of documents that are rearranged; the others are encoded as they are."""

    begin: int
    hole: int
    end: int
    rate: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ConfigError(f"a fill-in-the-middle rate of {self.rate} is not a share", "choose one between 0 and 1")

    @classmethod
    def from_tokenizer(cls, tokenizer: Tokenizer, *, rate: float = 0.1, seed: int = 0) -> FillInMiddle:
        """With the vocabulary's FIM tokens. Raises TokenizerError if it has none."""
        ids = [tokenizer.token_id(token) for token in (r1.FIM_BEGIN, r1.FIM_HOLE, r1.FIM_END)]
        begin, hole, end = ids
        if begin is None or hole is None or end is None:
            raise TokenizerError("the vocabulary has no fill-in-the-middle tokens", "set the rate to 0")
        return cls(begin, hole, end, rate, seed)

    def encode(self, text: str, number: int, encode: Callable[[str], list[int]]) -> list[int]:
        """Token ids of document ``number``, rearranged or not, without BOS and EOS."""
        cuts = self.cuts(len(text), number)
        if cuts is None:
            return encode(text)
        first, second = cuts
        prefix, middle, suffix = text[:first], text[first:second], text[second:]
        return [self.begin, *encode(prefix), self.hole, *encode(suffix), self.end, *encode(middle)]

    def cuts(self, length: int, number: int) -> tuple[int, int] | None:
        """Where document ``number`` is cut; None if it is not rearranged."""
        draw = mix(self.seed) ^ number
        if length < 2 or mix(draw) >= self.rate * 2**64:
            return None
        first, second = sorted(mix(mix(draw) + turn) % (length + 1) for turn in (1, 2))
        return first, second

    def restore(self, ids: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
        """Prefix, middle and suffix of a rearranged document; any other is all prefix."""
        if not ids or ids[0] != self.begin:
            return list(ids), [], []
        hole, end = ids.index(self.hole), ids.index(self.end)
        return list(ids[1:hole]), list(ids[end + 1 :]), list(ids[hole + 1 : end])
