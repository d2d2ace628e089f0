"""How a question is answered: the options of a run, which a conversation's settings hold too."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from fathom.server.api.assistant.common import StrictBody

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class RunOptions(StrictBody):
    """What is missing or null comes from the conversation's settings, the preferences, then the model."""

    model: Name | None = Field(default=None, description="the id of a model of `/api/models`")
    thinking: Literal["off", "low", "high", "budget"] | None = None
    thinking_budget: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="most tokens of thinking, with `budget`"
    )
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)] | None = Field(
        default=None, description="makes answers repeatable"
    )
    tools: Annotated[list[Name], Field(max_length=128)] | None = Field(
        default=None, description="names of `/api/tools`"
    )
    search: bool | None = Field(default=None, description="look the question up on the web first")
    together: Annotated[int, Field(ge=1, le=16)] | None = Field(default=None, description="parallel thoughts that vote")

    def options(self) -> dict[str, Any]:
        """The fields that have a value."""
        return self.model_dump(exclude_none=True)
