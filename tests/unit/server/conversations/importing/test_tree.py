"""Trees of strangers: whatever the parents say, each shown node is in the result exactly once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.server.conversations.importing import tree
from fathom.server.conversations.importing.imported import RecordError
from fathom.server.conversations.importing.tree import Node, roots_of, walk


def outline(pairs, shown=lambda _: True):
    """Key → children of the nodes."""
    roots = roots_of([Node(key, parent, key) for key, parent in pairs], shown)
    return [node.key for node in roots], {node.key: [child.key for child in node.children] for node in walk(roots)}


def test_hidden_nodes_close_up():
    pairs = [("root", None), ("system", "root"), ("a", "system"), ("tool", "a"), ("b", "tool"), ("c", "tool")]
    roots, children = outline(pairs, lambda key: key in "abc")
    assert roots == ["a"]
    assert children == {"a": ["b", "c"], "b": [], "c": []}


@pytest.mark.parametrize(
    ("pairs", "roots", "children"),
    [
        ([("a", "b"), ("b", "a")], ["b"], {"b": ["a"], "a": []}),
        ([("a", "a")], ["a"], {"a": []}),
        ([("a", "missing"), ("b", "a")], ["a"], {"a": ["b"], "b": []}),
        ([("b", "a"), ("a", None)], ["a"], {"a": ["b"], "b": []}),
        ([("a", None), ("b", "a"), ("a", "b")], ["a"], {"a": ["b"], "b": []}),
        ([], [], {}),
    ],
    ids=["cycle", "own parent", "orphan", "child first", "duplicate", "empty"],
)
def test_what_is_wrong_is_mended(pairs, roots, children):
    assert outline(pairs) == (roots, children)


keys = st.sampled_from("abcdefgh")


@given(st.lists(st.tuples(keys, st.none() | keys | st.just("?"))), st.sets(keys))
def test_any_nodes_make_a_tree(pairs, shown):
    _, children = outline(pairs, lambda key: key in shown)
    assert set(children) == {key for key, _ in pairs} & shown
    below = [child for siblings in children.values() for child in siblings]
    assert len(below) == len(set(below))


def test_a_long_chain_needs_no_recursion():
    count = 20_000
    nodes = [Node(str(index), str(index - 1), index) for index in range(count)]
    assert [node.value for node in walk(roots_of(nodes, lambda _: True))] == list(range(count))


def test_too_many_nodes(monkeypatch):
    monkeypatch.setattr(tree, "MAX_MESSAGES", 3)
    with pytest.raises(RecordError, match="more than 3 messages"):
        roots_of([Node(str(index), None, None) for index in range(4)], lambda _: True)
