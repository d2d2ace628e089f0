"""An answer of the teacher as a lesson for the student: its own tokens, behind its own prompt.

Text goes over, never ids, so a teacher's vocabulary does not matter. What is graded is the lesson read back, as a
rollout of the student would be: a trace counts as right if the student, having learned it to the letter, would be.
"""

from __future__ import annotations

from dataclasses import replace

from fathom.data.samples.turns import conversation_samples, encode_markup
from fathom.data.shards.store import Sample
from fathom.tasks.task import Item
from fathom.text import markers
from fathom.text.conversation import Chat
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.types import Conversation, Message


class SampleBuilder:
    """Writes lessons in the vocabulary and chat format of one student."""

    def __init__(self, tokenizer: Tokenizer, template: ChatTemplate | None) -> None:
        self._tokenizer = tokenizer
        self._template = template
        self._chat: Chat | None = None

    def sample(self, item: Item, message: Message) -> Sample:
        """The tokens of problem and answer, of which the answer's are learned. Tool calls are left out.

        Raises TokenizerError where the student's template refuses the problem, DataError where the thoughts contain
        the tag that closes them.
        """
        message = replace(message, tool_calls=())
        if isinstance(item.prompt, str):
            return self._complete_sample(item.prompt, message)
        if self._chat is None:
            self._chat = Chat(self._tokenizer, self._template)
        (sample,) = conversation_samples(self._chat, Conversation((*item.prompt, message)))
        return sample

    def learned_text(self, sample: Sample) -> str:
        """What is learned in a sample, as text."""
        assert sample.learned is not None
        return self._tokenizer.decode([index for index, own in zip(sample.ids, sample.learned, strict=True) if own])

    def _complete_sample(self, prompt: str, message: Message) -> Sample:
        """A text and what follows it; a prompt that opens the thinking is not opened again."""
        text = message.content
        if message.reasoning is not None:
            opening = "" if prompt.endswith(markers.THINK_OPEN) else markers.THINK_OPEN
            text = f"{opening}{message.reasoning}{markers.THINK_CLOSE}{text}"
        asked = self._tokenizer.encode(prompt, bos=self._tokenizer.adds_bos)
        said = [*encode_markup(self._tokenizer, text), *sorted(self._tokenizer.eos_ids)[:1]]
        return Sample([*asked, *said], [False] * len(asked) + [True] * len(said))


def asked_tokens(sample: Sample) -> int:
    """How many tokens of a sample only pose the problem."""
    assert sample.learned is not None
    return len(sample.ids) - sum(sample.learned)
