"""The levels of the longer recipe, and the corpus that its base model reads.

The base reads much of the easy levels and little of the hard ones, and that little ends badly: with four numbers most
solvers guess, and the others give up soon. Of `four-20`, `chain-5` and `gcd-3` it reads nothing at all. Whatever a
model can do there it has put together itself, out of what easier levels taught: that is what the recipe asks about.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fathom.base.errors import ConfigError
from fathom.data.shards.store import Sample
from fathom.recipes.countdown.manner import SearchErrors
from fathom.recipes.countdown.puzzles import Chain, Combine, Rephrased, divisor, equation, gym
from fathom.recipes.countdown.searching import search
from fathom.recipes.countdown.vocabulary import chat
from fathom.recipes.countdown.working import work
from fathom.tasks.task import Item, Task
from fathom.text import r1
from fathom.text.conversation import Chat
from fathom.train.rl.curriculum import Level
from fathom.types import Conversation

Solver = Callable[[Item, SearchErrors, random.Random], str]


@dataclass(frozen=True, slots=True)
class LevelSpec:
    """``share`` of the corpus; ``after``: see `fathom.train.rl.curriculum.Level`."""

    task: Callable[[], Task]
    solver: Solver
    after: str | None
    share: float
    manner: SearchErrors


def _gcd(count: int) -> Task:
    theirs = gym("gcd", min_numbers=count, max_numbers=count, min_value=2, max_value=99)
    return Rephrased(f"gcd-{count}", theirs, divisor)


def _equations() -> Task:
    options = {"min_terms": 2, "max_terms": 2, "max_value": 20, "operators_weights": [0.5, 0.5, 0.0]}
    return Rephrased("equations", gym("simple_equations", **options), equation)


_SEARCHING = SearchErrors()
_WORKING = SearchErrors(guess=0.2, patience=(0.5, 0.95), slip=0.04)
_FAILING = SearchErrors(guess=0.6, patience=(0.2, 0.8), slip=0.05, imagine=0.4)

LESSONS: Mapping[str, LevelSpec] = MappingProxyType(
    {
        "three-12": LevelSpec(lambda: Combine(3, 12, 60), search, None, 0.35, _SEARCHING),
        "three-20": LevelSpec(lambda: Combine(3, 20, 99), search, "three-12", 0.25, _SEARCHING),
        "four-12": LevelSpec(lambda: Combine(4, 12, 60), search, "three-12", 0.1, _FAILING),
        "four-20": LevelSpec(lambda: Combine(4, 20, 99), search, "four-12", 0.0, _FAILING),
        "chain-3": LevelSpec(lambda: Chain(3), work, None, 0.12, _WORKING),
        "chain-5": LevelSpec(lambda: Chain(5), work, "chain-3", 0.0, _WORKING),
        "gcd": LevelSpec(lambda: _gcd(2), work, None, 0.09, _WORKING),
        "gcd-3": LevelSpec(lambda: _gcd(3), work, "gcd", 0.0, _WORKING),
        "equations": LevelSpec(_equations, work, None, 0.09, _WORKING),
    }
)
"""By the level's name, in the order of reports."""


def levels(names: Sequence[str] = tuple(LESSONS)) -> list[Level]:
    """The levels of these names, as a curriculum takes them. One whose predecessor is left out is open from the start.

    Raises MissingPackageError where one of them needs reasoning-gym and it is not installed.
    """
    chosen = {name: _lesson(name) for name in names}
    return [Level(name, one.task(), one.after if one.after in chosen else None) for name, one in chosen.items()]


def lessons(documents: int, *, seed: int = 0, shares: Mapping[str, float] | None = None) -> Iterator[Sample]:
    """So many attempts; ``shares`` of levels replace all those of `LESSONS`. The question is not learned."""
    weights = {name: lesson.share for name, lesson in LESSONS.items()} if shares is None else dict(shares)
    weights = {name: weight for name, weight in weights.items() if weight > 0}
    sources = {name: _lesson(name).task().items("train", seed=seed) for name in weights}
    rng = random.Random(f"lessons/{seed}")
    core = chat()
    for name in rng.choices(list(weights), list(weights.values()), k=documents):
        lesson = LESSONS[name]
        item = next(sources[name])
        yield sample(core, item, lesson.solver(item, lesson.manner, rng))


def sample(core: Chat, item: Item, completion: str) -> Sample:
    """A question behind the chat template, an attempt, and the end."""
    end = core.tokenizer.token_id(r1.EOS)
    assert end is not None
    assert not isinstance(item.prompt, str)
    prompt = core.render(Conversation(item.prompt)).ids
    attempt = [*core.tokenizer.encode(completion), end]
    return Sample([*prompt, *attempt], [False] * len(prompt) + [True] * len(attempt))


def _lesson(name: str) -> LevelSpec:
    if name not in LESSONS:
        raise ConfigError(f"there is no level {name!r}", f"choose some of {', '.join(LESSONS)}")
    return LESSONS[name]
