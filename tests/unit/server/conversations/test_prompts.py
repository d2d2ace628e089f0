"""The prompt library: names are unique, variables are found."""

from __future__ import annotations

import pytest

from fathom.server.conversations.prompts import PromptLibrary, SavedPrompt
from fathom.server.errors import ConflictError, NotFoundError


async def test_prompts_by_name(database):
    prompts = PromptLibrary(database)
    second = await prompts.create("summary", "Sum up {{text}}")
    await prompts.create("mail", "Write")
    assert [prompt.name for prompt in await prompts.list()] == ["mail", "summary"]
    changed = await prompts.change(second.id, text="{{a}}")
    assert (changed.name, changed.variables) == ("summary", ["a"])
    await prompts.delete(second.id)
    with pytest.raises(NotFoundError):
        await prompts.get(second.id)


async def test_a_name_is_taken_once(database):
    prompts = PromptLibrary(database)
    first, second = await prompts.create("a", "x"), await prompts.create("b", "y")
    with pytest.raises(ConflictError, match="/a already"):
        await prompts.create("a", "z")
    with pytest.raises(ConflictError, match="/a already"):
        await prompts.change(second.id, name="a")
    assert (await prompts.change(first.id, name="a", text="w")).text == "w"


async def test_what_does_not_exist(database):
    prompts = PromptLibrary(database)
    for attempt in (prompts.get("x"), prompts.change("x", text="y"), prompts.delete("x")):
        with pytest.raises(NotFoundError):
            await attempt


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("Write to {{ name }} about {{topic}}, {{name}}!", ["name", "topic"]),
        ("{{first name}} {{数}}", ["first name", "数"]),
        ("{a} {{}} {{ }} {{a{b}}} {{-x}}", []),
        ("{{" * 10_000, []),
    ],
)
def test_variables(text, variables):
    assert SavedPrompt("i", "n", text, 1, 1).variables == variables
