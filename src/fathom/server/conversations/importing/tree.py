"""Nodes of any export as a tree: no duplicates, no cycles, no parents that are missing, parents before children.

Trees of exports hold nodes that are not shown (system messages, placeholders). They are left out, and what they held
together stays so: a child's parent becomes the nearest ancestor that is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from fathom.server.conversations.importing.imported import MAX_MESSAGES, RecordError

T = TypeVar("T")


@dataclass(slots=True)
class Node(Generic[T]):
    """A message of the source; ``children`` are in the order of the source."""

    key: str
    parent: str | None
    value: T
    children: list[Node[T]] = field(default_factory=list)


def roots_of(nodes: Iterable[Node[T]], is_shown: Callable[[T], bool]) -> list[Node[T]]:
    """The roots of the tree of all shown nodes. The first of two nodes with one key counts.

    Raises RecordError for more than MAX_MESSAGES nodes.
    """
    by_key: dict[str, Node[T]] = {}
    for node in nodes:
        by_key.setdefault(node.key, node)
        if len(by_key) > MAX_MESSAGES:
            raise RecordError(f"the conversation has more than {MAX_MESSAGES} messages")
    parents = _shown_parents(by_key, {key for key, node in by_key.items() if is_shown(node.value)})
    roots = []
    for key, parent in parents.items():
        if parent is None:
            roots.append(by_key[key])
        else:
            by_key[parent].children.append(by_key[key])
    return roots


def _shown_parents(by_key: dict[str, Node[T]], shown: set[str]) -> dict[str, str | None]:
    """Shown key → key of its nearest shown ancestor. A cycle is opened at the node of it that comes first."""
    nearest: dict[str, str | None] = {}
    for start in by_key:
        path: list[str] = []
        key: str | None = start
        while key is not None and key in by_key and key not in nearest:
            nearest[key] = None  # seen: a way back to here is a cycle, and ends
            path.append(key)
            key = by_key[key].parent
        above = None if key is None or key not in by_key or key in path else _self_or(nearest, key, shown)
        for key in reversed(path):
            nearest[key] = above
            above = key if key in shown else above
    return {key: nearest[key] for key in by_key if key in shown}


def _self_or(nearest: dict[str, str | None], key: str, shown: set[str]) -> str | None:
    return key if key in shown else nearest[key]


def walk(roots: Iterable[Node[T]]) -> Iterator[Node[T]]:
    """All nodes below ``roots``, parents before children, siblings in order."""
    pending = list(roots)[::-1]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(node.children))
