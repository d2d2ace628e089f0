"""The evaluation runner: a sampler completes a task's problems, the task's verifier and the rewards grade them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError
from fathom.checkpoint.bundle import Bundle
from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.rollout import EngineSampler, PromptIds, Rollout, RolloutSampler
from fathom.model.transformer import Transformer
from fathom.tasks.rewards import TASK_REWARD, GradedText, Rewards
from fathom.tasks.task import Item, Task, grade_leniently, grade_strictly
from fathom.text.conversation import Chat, turn_end_ids
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.types import Conversation, Message


class Grader:
    """Samples completions of the problems of ``task`` with ``sampler`` and grades them by ``rewards``.

    Prompts of messages are rendered by the chat template; prompts of plain text go to the tokenizer unchanged. The
    ranks of ``world`` share the work.
    """

    def __init__(
        self,
        task: Task,
        sampler: RolloutSampler,
        tokenizer: Tokenizer,
        chat: Chat | None = None,
        world: World = ALONE,
        rewards: Rewards = TASK_REWARD,
    ) -> None:
        self.task = task
        self.sampler = sampler
        self._tokenizer = tokenizer
        self._chat = chat
        self._world = world
        self._rewards = rewards

    def with_sampler(self, sampler: RolloutSampler) -> Grader:
        """The same grader with completions of ``sampler``."""
        return Grader(self.task, sampler, self._tokenizer, self._chat, self._world, self._rewards)

    def prompt_ids(self, item: Item) -> PromptIds:
        """The token ids of a problem's prompt. Raises ConfigError where that is neither a text nor messages."""
        if isinstance(item.prompt, str):
            return tuple(self._tokenizer.encode(item.prompt, bos=self._tokenizer.adds_bos))
        if not all(isinstance(message, Message) for message in item.prompt):
            raise ConfigError(
                f"the prompt of problem {item.id!r} of the task {self.task.name} is neither a text nor messages",
                'let it be a tuple of fathom.types.Message("user", text)',
            )
        chat = self._chat or Chat(self._tokenizer, None)
        return chat.render(Conversation(item.prompt)).ids

    def fits(self, item: Item, max_tokens: int) -> bool:
        """Whether the context holds a problem's prompt and a completion of so many tokens."""
        return len(self.prompt_ids(item)) + max_tokens <= self.sampler.max_context

    def grade(self, item: Item, rollout: Rollout, limit: int) -> GradedCompletion:
        """Grade a completion of at most ``limit`` tokens. A truncated one is graded too: it may hold an answer. What is
        correct by the strict reading is correct by the lenient one. Raises VerdictError if the task gives no verdict,
        or a reward function no number.
        """
        text = self._tokenizer.decode(rollout.completion_ids, continues=isinstance(item.prompt, str))
        verdict = grade_strictly(self.task, item, text)
        lenient = verdict.correct or grade_leniently(self.task, item, text).correct
        earned = self._rewards(GradedText(verdict, text, len(rollout.completion_ids), limit, rollout.truncated))
        return GradedCompletion(rollout, text, verdict, lenient, earned)

    def sample_and_grade(
        self, items: Sequence[Item], count: int, *, max_tokens: int, temperature: float, seed: int
    ) -> list[Group]:
        """Sample ``count`` completions of each problem and grade them; every rank returns all groups, in the order of
        ``items``.
        """
        indices = self._world.share(len(items))
        own = [items[index] for index in indices]
        sampled = self.sampler.sample(
            [self.prompt_ids(item) for item in own],
            count,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
            first=indices.start,
        )
        graded = [
            tuple(self.grade(item, rollout, max_tokens) for rollout in rollouts)
            for item, rollouts in zip(own, sampled, strict=True)
        ]
        all_graded = chain.from_iterable(self._world.gather(graded))
        return [Group(item, members) for item, members in zip(items, all_graded, strict=True)]


def build_grader(
    bundle: Bundle, task: Task, *, sequences: int = 512, world: World = ALONE, rewards: Rewards = TASK_REWARD
) -> Grader:
    """A grader that samples problems of ``task`` with the model of ``bundle``, ``sequences`` at a time."""
    chat = Chat(bundle.tokenizer, bundle.template) if bundle.template is not None else None
    sampler = build_sampler(bundle, bundle.model, sequences)
    return Grader(task, sampler, bundle.tokenizer, chat, world, rewards)


def build_sampler(bundle: Bundle, model: Transformer, sequences: int) -> EngineSampler:
    """A sampler on ``model``: the model of ``bundle``, or a copy of it. A completion ends where a chat's turn does."""
    ends = bundle.generation.eos_ids | turn_end_ids(bundle.tokenizer, bundle.template)
    return EngineSampler(model, eos_ids=ends, max_context=bundle.config.max_position, sequences=sequences)
