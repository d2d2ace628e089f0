"""A run as it is stored: what makes its text, frozen at its start; what a client asked of it since; where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from fathom.server.conversations.records import StoredMessage

RunState = Literal["queued", "running", "consent", "interrupted", "done", "stopped", "failed"]
"""``interrupted``: an earlier server began it, and its model is not there; it goes on when the model is."""

FINISHED: frozenset[str] = frozenset({"done", "stopped", "failed"})

ThinkingMode = Literal["off", "low", "high", "budget"]

LOW_BUDGET = 1024
"""Tokens of thinking in the mode ``low``."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What makes the text of a run. Nothing of it changes once the run has its context (``ready``).

    ``path`` are the ids of the messages from the first to the question. ``begun`` are parts that the answer begins
    with: a message that is continued, or an edited thought. ``model`` None: the one the server was started with.
    ``offered`` are the tools as the model reads them (name, description, parameters). ``sampling`` are overrides as of
    `fathom.server.generation.jobs.SamplingOverrides`, always with a seed. ``pictures`` are the ids of files that the
    model is sent as pictures; their bytes are read whenever it is asked.
    """

    path: tuple[str, ...]
    sampling: Mapping[str, Any]
    model: str | None = None
    thinking: ThinkingMode | None = None
    thinking_budget: int | None = None
    tools: tuple[str, ...] = ()
    offered: tuple[Mapping[str, Any], ...] = ()
    search: bool = False
    together: int = 1
    begun: tuple[Mapping[str, Any], ...] = ()
    ready: bool = False
    system: str = ""
    passages: str = ""
    citations: tuple[Mapping[str, Any], ...] = ()
    pictures: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunRequest:
        names = ("path", "tools", "offered", "begun", "citations", "pictures")
        lists = {name: tuple(data[name]) for name in names if name in data}
        return cls(**{**data, **lists})

    def without_context(self) -> RunRequest:
        """What is kept of it once the run has ended: its message has the sources, nothing reads the rest again."""
        return replace(self, system="", passages="", citations=(), offered=(), begun=())

    @property
    def budget(self) -> int | None:
        """The most tokens of thinking; None: no limit."""
        if self.thinking == "budget" and self.thinking_budget is not None:
            return self.thinking_budget or None
        return LOW_BUDGET if self.thinking in ("low", "budget") else None

    @property
    def thinks(self) -> bool | None:
        """What to ask of the template; None: its own default. A budget of no tokens is no thinking."""
        if self.thinking is None:
            return None
        return self.thinking != "off" and not (self.thinking == "budget" and self.thinking_budget == 0)

    @property
    def seed(self) -> int:
        seed: int = self.sampling["seed"]
        return seed


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A row of ``runs``. Times are integer milliseconds; ``sequence`` is the number of the last stored event."""

    id: str
    conversation: str
    message: str
    state: RunState
    request: RunRequest
    created: int
    control: Mapping[str, Any] = field(default_factory=dict)
    started: int | None = None
    finished: int | None = None
    thinking_started: int | None = None
    thinking_ended: int | None = None
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class RunEnd:
    """The end of a run: what its message holds from now on."""

    state: Literal["done", "stopped", "failed"]
    parts: tuple[Mapping[str, Any], ...]
    finish_reason: str | None
    usage: Mapping[str, Any]
    error: Mapping[str, Any] | None
    finished: int


@dataclass(frozen=True, slots=True)
class RunWrite:
    """What one transaction stores of a run: ``events`` with their numbers, and how the run has changed."""

    run: str
    events: Sequence[Mapping[str, Any]]
    state: RunState | None = None
    request: RunRequest | None = None
    end: RunEnd | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sequence(self) -> int | None:
        """The number of the last event; None without events."""
        return self.events[-1]["sequence"] if self.events else None


@dataclass(frozen=True, slots=True)
class StartedRun:
    """``answer`` is the message that the run writes, ``run`` the run as the API has it."""

    answer: StoredMessage
    run: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question that is stored, with the answer to it and the answer's run as the API has it, where it has them."""

    question: StoredMessage
    answer: StoredMessage | None
    run: Mapping[str, Any] | None
