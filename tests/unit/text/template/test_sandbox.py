"""The sandbox of chat templates: a hostile template reaches nothing and ends."""

from __future__ import annotations

import pytest

from fathom.base.errors import TokenizerError
from fathom.text.template import sandbox
from fathom.text.template.template import ChatTemplate
from fathom.types import Conversation, Message

HELLO = Conversation((Message("user", "Hello"),))


def render(source: str) -> str:
    return ChatTemplate(source).render(HELLO)


ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}{{ ''.__class__.x }}",
    "{{ messages.append(1) }}",
    "{{ messages[0].update(role='x') }}",
    "{{ messages[0].clear() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ raise_exception.__globals__ }}{{ raise_exception.__globals__.x }}",
    "{{ (messages | map(attribute='__class__') | list)[0].x.y }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(messages) }}",
    "{{ namespace(__class__=1) }}",
    "{% set ns = namespace() %}{% set ns._x = 1 %}",
    "{{ dict.__class__.__base__.x }}",
    "{{ self.__init__.__globals__.x }}",
    "{{ ('' | attr('__class__')).x }}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_escapes_are_refused(source: str) -> None:
    with pytest.raises(TokenizerError):
        render(source)


ENDLESS = [
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{% for a in range(10**8) %}{% endfor %}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{{ 'x' * 10**9 }}",
    "{{ [1] * 10**9 }}",
    "{{ 2 ** (10**9) }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%999999999d' | format(1) }}",
    "{{ '{:999999999}'.format(1) }}",
    "{{ 'x'.ljust(10**9) }}",
    "{{ 'x' | center(10**9) }}",
    "{% set ns = namespace(x='xx') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set ns = namespace(x='xx') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{% set x = 'x' * 10**6 %}{% for i in range(99) %}{{ x }}{% endfor %}",
    "{% set x = 'x' * 10**6 %}{% macro f() %}{{ x }}{{ x }}{% endmacro %}{{ f() | length }}",
    "{% set x = 'x' * 10**6 %}{% set y %}{{ x }}{{ x }}{% endset %}{{ y | length }}",
]


@pytest.mark.parametrize("source", ENDLESS)
def test_endless_templates_are_stopped(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_STEPS", 20_000)
    monkeypatch.setattr(sandbox, "MAX_TEXT", 1_000_000)
    with pytest.raises(TokenizerError, match="the chat template failed"):
        render(source)


def test_loops_keep_their_variables() -> None:
    source = "{% for m in [1, 2, 3] %}{{ loop.index }}/{{ loop.length }}{{ '.' if loop.last else ',' }}{% endfor %}"
    assert render(source) == "1/3,2/3,3/3."
    assert render("{% for k, v in {'a': 1}.items() %}{{ k ~ v ~ none }}{% endfor %}") == "a1None"
    assert render("{% for x in [1, [2, [3]]] recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}") == "123"
    assert render("{% for x in missing %}{% else %}none{% endfor %}") == "none"
    assert render("{% for x in [3, 1] | sort if x > 1 %}{% generation %}{{ x }}{% endgeneration %}{% endfor %}") == "3"
    assert render("{% for x in range(9) %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}") == "01"
    assert render("{{ strftime_now('%Y') | length }}") == "4"
    assert render("{% set ns = namespace(self=1, a=2) %}{{ ns.self }}{{ ns.a }}{{ dict(b=3).b }}") == "123"
