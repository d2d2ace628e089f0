"""Training samples from a teacher's answers, in the vocabulary and chat format of the student.

Text is transferred, never ids, so a teacher's vocabulary does not matter. What is graded is the decoded sample, as a
rollout of the student would be: a trace is correct if the student that reproduces it would be.
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
    """Builds samples for one student."""

    def __init__(self, tokenizer: Tokenizer, template: ChatTemplate | None) -> None:
        self._tokenizer = tokenizer
        self._template = template
        self._chat: Chat | None = None

    def sample(self, item: Item, message: Message) -> Sample:
        """The tokens of problem and answer, with the loss on the answer's. Tool calls are left out.

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
        """The part of a sample that the loss is on, as text."""
        assert sample.learned is not None
        return self._tokenizer.decode([index for index, own in zip(sample.ids, sample.learned, strict=True) if own])

    def _complete_sample(self, prompt: str, message: Message) -> Sample:
        """A text and what follows it; a prompt that opens the thinking is not opened again."""
        text = message.content
        if message.reasoning is not None:
            opening = "" if prompt.endswith(markers.THINK_OPEN) else markers.THINK_OPEN
            text = f"{opening}{message.reasoning}{markers.THINK_CLOSE}{text}"
        prompt_ids = self._tokenizer.encode(prompt, bos=self._tokenizer.adds_bos)
        answer = [*encode_markup(self._tokenizer, text), *sorted(self._tokenizer.eos_ids)[:1]]
        return Sample([*prompt_ids, *answer], [False] * len(prompt_ids) + [True] * len(answer))


def prompt_tokens(sample: Sample) -> int:
    """Number of tokens of a sample that belong to the problem."""
    assert sample.learned is not None
    return len(sample.ids) - sum(sample.learned)
