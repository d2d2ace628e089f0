"""From problems to graded completions: what the trainer learns from, and what evaluations count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from fathom.base.distributed import ALONE, World
from fathom.evals.rollout import Prompt, Rollout, RolloutSampler
from fathom.tasks.rewards import PLAIN, Reward, RewardConfig, reward, thinking
from fathom.tasks.task import Item, Task, Verdict
from fathom.text.conversation import Chat
from fathom.text.tokenizer import Tokenizer
from fathom.types import Conversation


@dataclass(frozen=True, slots=True)
class GradedCompletion:
    """A completion, its text and the verdict on it. ``lenient``: whether it is right by the generous reading, which
    finds an answer anywhere. ``earned`` is what is learned from.
    """

    rollout: Rollout
    text: str
    verdict: Verdict
    lenient: bool
    earned: Reward

    @property
    def length(self) -> int:
        return len(self.rollout.completion_ids)

    @property
    def reward(self) -> float:
        return self.earned.total

    @property
    def thought(self) -> bool:
        """Whether anything stands before the end of the thinking; an answer without is a guess."""
        return bool(thinking(self.text))


@dataclass(frozen=True, slots=True)
class Group:
    """All completions of one problem."""

    item: Item
    members: tuple[GradedCompletion, ...]

    @property
    def right(self) -> int:
        return sum(member.verdict.correct for member in self.members)


class Grader:
    """Poses the problems of ``task`` to a source, and grades what comes back.

    Messages go through the chat template, texts to the tokenizer as they are. The ranks of ``world`` share the work.
    ``rewards`` says what a completion earns.
    """

    def __init__(
        self,
        task: Task,
        source: RolloutSampler,
        tokenizer: Tokenizer,
        chat: Chat | None = None,
        world: World = ALONE,
        rewards: RewardConfig = PLAIN,
    ) -> None:
        self.task = task
        self.source = source
        self._tokenizer = tokenizer
        self._chat = chat
        self._world = world
        self._rewards = rewards

    def with_source(self, source: RolloutSampler) -> Grader:
        """The same task for completions of ``source``."""
        return Grader(self.task, source, self._tokenizer, self._chat, self._world, self._rewards)

    def prompt(self, item: Item) -> Prompt:
        """The token ids that pose a problem."""
        if isinstance(item.prompt, str):
            return tuple(self._tokenizer.encode(item.prompt, bos=self._tokenizer.adds_bos))
        chat = self._chat or Chat(self._tokenizer, None)
        return chat.render(Conversation(item.prompt)).ids

    def grade(self, item: Item, rollout: Rollout, limit: int) -> GradedCompletion:
        """A truncated completion is graded as it stands: it may hold an answer, and the caller may not care. What is
        right by the strict reading is by the lenient one. ``limit`` is the number of tokens that were allowed.
        """
        text = self._tokenizer.decode(rollout.completion_ids)
        verdict = self.task.verify(item, text)
        lenient = verdict.correct or self.task.lenient(item, text).correct
        tokens = len(rollout.completion_ids)
        earned = reward(self._rewards, verdict, text, tokens=tokens, limit=limit, truncated=rollout.truncated)
        return GradedCompletion(rollout, text, verdict, lenient, earned)

    def groups(
        self, items: Sequence[Item], count: int, *, max_tokens: int, temperature: float, seed: int
    ) -> list[Group]:
        """``count`` graded completions of each problem; every rank gets all of them, in the order of ``items``."""
        mine = self._world.share(len(items))
        own = [items[place] for place in mine]
        sampled = self.source.sample(
            [self.prompt(item) for item in own],
            count,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
            first=mine.start,
        )
        graded = [
            tuple(self.grade(item, rollout, max_tokens) for rollout in rollouts)
            for item, rollouts in zip(own, sampled, strict=True)
        ]
        every = chain.from_iterable(self._world.gather(graded))
        return [Group(item, members) for item, members in zip(items, every, strict=True)]
