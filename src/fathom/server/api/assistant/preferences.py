"""``/api/preferences``: what a person sets once."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from fathom.server.api.assistant.common import resource_router
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.conversations.preference_fields import Preferences


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()

    @routes.get("/preferences")
    async def get_preferences() -> Preferences:
        """All preferences, with the defaults of those that were not set."""
        return await (await handle.get()).preferences.get()

    @routes.patch("/preferences")
    async def change_preferences(body: Preferences) -> Preferences:
        """Set the preferences that are named; in ``run`` and ``search`` only the named fields, which null unsets."""
        fields: dict[str, Any] = body.model_dump(exclude_unset=True)
        assistant = await handle.get()
        changed = await assistant.preferences.change(fields)
        for name in fields:
            assistant.feed.publish("preference", {"name": name})
        return changed

    return routes
