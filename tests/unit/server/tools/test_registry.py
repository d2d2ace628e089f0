"""Which tools there are, and what the reader permits."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from fathom.server.store.database import Database
from fathom.server.tools.calculator.tool import CalculatorTool
from fathom.server.tools.permissions import ToolPermissions
from fathom.server.tools.registry import ToolRegistry
from fathom.server.tools.tool import AssistantTool


class Remote(CalculatorTool):
    """A tool of a server."""

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]


class Servers:
    async def tools(self) -> Sequence[Any]:
        return [Remote("notes__add"), Remote("calculator")]


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncIterator[ToolRegistry]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'f.db'}", tmp_path)
    own: list[AssistantTool] = [CalculatorTool()]
    yield ToolRegistry(own, ToolPermissions(database), Servers())
    await database.close()


def names(tools: Sequence[AssistantTool]) -> list[str]:
    return [tool.name for tool in tools]


async def test_our_own_run_at_once_and_others_ask(registry: ToolRegistry) -> None:
    assert names(await registry.tools()) == ["calculator", "notes__add"]
    assert await registry.policy("calculator") == "always"
    assert await registry.policy("notes__add") == "ask"
    await registry.allow_always("notes__add")
    assert await registry.policy("notes__add") == "always"


async def test_a_server_cannot_take_the_place_of_our_own(registry: ToolRegistry) -> None:
    assert not any(isinstance(tool, Remote) for tool in await registry.all() if tool.name == "calculator")


async def test_never_is_not_offered(registry: ToolRegistry) -> None:
    await registry.set_policy("calculator", "never")
    assert names(await registry.tools()) == ["notes__add"]
    assert names(await registry.all()) == ["calculator", "notes__add"]
    assert await registry.policy("calculator") == "never"
