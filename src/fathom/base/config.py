"""Base class of every part of a configuration."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Frozen and validated; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
