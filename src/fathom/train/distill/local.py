"""Local teacher: a model on this machine, sampled by our engine.

Problems are sampled in rounds by their number, with a seed for each round: a run that was killed in the middle of a
round samples it again, gets the same answers, and keeps those that it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from fathom.base.errors import ConfigError
from fathom.checkpoint.bundle import Bundle
from fathom.evals.rollout import Rollout
from fathom.evals.runner import build_sampler
from fathom.tasks.task import Item
from fathom.text.conversation import Chat
from fathom.text.conversation import Prompt as Rendered
from fathom.train.distill.teacher import Ask, Ending, TeacherAnswer, make_answer
from fathom.types import Conversation, Message

ROUND = 64
"""Problems at a time."""


class LocalTeacher:
    """Answers with the model of ``bundle``. ``items`` are all problems, whose numbers the asks name, and ``samples`` is
    how often each is posed.
    """

    def __init__(
        self,
        bundle: Bundle,
        items: Sequence[Item],
        *,
        samples: int,
        max_tokens: int,
        temperature: float,
        seed: int,
        sequences: int,
    ) -> None:
        self._bundle = bundle
        self._items = items
        self._samples = samples
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._seed = seed
        self._chat: Chat | None = None
        self._sampler = build_sampler(bundle, bundle.model, sequences)

    def answers(self, asks: Sequence[Ask], stopping: Callable[[], bool]) -> Iterator[tuple[Ask, TeacherAnswer]]:
        """A problem that leaves too little of the teacher's context is refused. Raises ConfigError where all do."""
        self._check_context()
        ordered = sorted(asks, key=lambda ask: (ask.problem, ask.sample))
        for number, some in groupby(ordered, key=lambda ask: ask.problem // ROUND):
            if stopping():
                return
            yield from self._round(number, list(some))

    def _round(self, number: int, asks: Sequence[Ask]) -> Iterator[tuple[Ask, TeacherAnswer]]:
        """Sample a whole round; yields the answers that were asked for."""
        first = number * ROUND
        prompts = [self._prompt(item) for item in self._items[first : first + ROUND]]
        ids = [prompt if isinstance(prompt, tuple) else prompt.ids for prompt in prompts]
        fitting = [place for place, one in enumerate(ids) if self._fits(len(one))]
        rollouts = self._sampler.sample(
            [ids[place] for place in fitting],
            self._samples,
            max_tokens=self._max_tokens,
            temperature=self._temperature,
            seed=self._seed * 10_007 + number,
        )
        sampled = dict(zip(fitting, rollouts, strict=True))
        for ask in asks:
            place = ask.problem - first
            if place in sampled:
                yield ask, self._read(sampled[place][ask.sample], prompts[place])
            else:
                yield ask, TeacherAnswer(Message("assistant"), "refused", detail=self._excess(len(ids[place])))

    def _fits(self, tokens: int) -> bool:
        return tokens + self._max_tokens <= self._bundle.config.max_position

    def _excess(self, tokens: int) -> str:
        return (
            f"a problem of {tokens} tokens and an answer of {self._max_tokens} exceed the teacher's context of "
            f"{self._bundle.config.max_position}"
        )

    def _check_context(self) -> None:
        prompts = map(self._prompt, self._items)
        shortest = min(len(prompt if isinstance(prompt, tuple) else prompt.ids) for prompt in prompts)
        if not self._fits(shortest):
            raise ConfigError(self._excess(shortest), "lower data.max_tokens, or choose shorter problems")

    def _prompt(self, item: Item) -> Rendered | tuple[int, ...]:
        tokenizer = self._bundle.tokenizer
        if isinstance(item.prompt, str):
            return tuple(tokenizer.encode(item.prompt, bos=tokenizer.adds_bos))
        if self._chat is None:
            self._chat = Chat(tokenizer, self._bundle.template)
        return self._chat.render(Conversation(item.prompt))

    def _read(self, rollout: Rollout, prompt: Rendered | tuple[int, ...]) -> TeacherAnswer:
        text = self._bundle.tokenizer.decode(rollout.completion_ids, continues=isinstance(prompt, tuple))
        ending: Ending = "length" if rollout.truncated else "stop"
        tokens = len(rollout.completion_ids)
        if isinstance(prompt, tuple) or self._chat is None:
            return make_answer(text, None, ending, tokens=tokens)
        message = self._chat.parse(text, prompt)
        return make_answer(message.content, message.reasoning, ending, tokens=tokens, calls=bool(message.tool_calls))
