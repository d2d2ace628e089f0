"""The upstream servers of one Fathom: added and checked, and their models as sources of runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from fathom.base.errors import FathomError, RequestError
from fathom.server.errors import ConflictError, UnknownModelError
from fathom.server.models.source import Abilities
from fathom.server.models.upstream.endpoint import KeyRefusedError, UpstreamEndpoint
from fathom.server.models.upstream.records import Upstream, UpstreamModel
from fathom.server.models.upstream.repository import UpstreamRepository
from fathom.server.models.upstream.source import UpstreamSource

Connect = Callable[[str, str, str | None], UpstreamEndpoint]


class Upstreams:
    """``connect`` makes the endpoint of a name, an address and a key. ``on_change`` is called when an upstream was
    added, changed, checked or removed."""

    def __init__(self, repository: UpstreamRepository, connect: Connect = UpstreamEndpoint) -> None:
        self.repository = repository
        self.on_change: Callable[[], None] = lambda: None
        self._connect = connect
        self._endpoints: dict[tuple[str, str, str | None], UpstreamEndpoint] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End all connections."""
        await asyncio.gather(*self._notes, return_exceptions=True)
        await asyncio.gather(*(endpoint.close() for endpoint in self._endpoints.values()))
        self._endpoints.clear()

    async def add(self, name: str, base_url: str, api_key: str | None, models: list[str] | None) -> Upstream:
        """Check a server and store it. ``models`` names them where it has no list of its own.

        Raises FathomError where it cannot be reached, refuses the key, or speaks another API: nothing is stored then.
        """
        draft = Upstream("", name, base_url, api_key, tuple(map(UpstreamModel, models or ())), 0)
        try:
            draft = await self.examine(draft, needs_list=not models)
            return await self.repository.add(draft.name, draft.base_url, draft.api_key, draft.models)
        finally:
            await self._settle()

    async def change(self, upstream: Upstream, changes: dict[str, Any]) -> Upstream:
        """Store what ``changes`` names (name, base_url, api_key, models, vision), after a check where that may matter.

        ``vision`` says of models by their names whether they see pictures; None: as the server's list says. Raises
        RequestError for a model that is not there, and for another server without its key: a key goes to no server that
        it was not given for; ConflictError where it was given another address or key meanwhile, or removed.
        """
        elsewhere = "base_url" in changes and _server_of(changes["base_url"]) != _server_of(upstream.base_url)
        if elsewhere and upstream.api_key is not None and "api_key" not in changes:
            raise RequestError(
                "the stored key was given for another server",
                "send api_key with the new base_url (null: none)",
                "api_key",
            )
        vision = changes.get("vision", {})
        changes = {name: value for name, value in changes.items() if name != "vision"}
        if "models" in changes:
            known = {model.id: model for model in upstream.models}
            named = (known.get(name, UpstreamModel(name)) for name in changes["models"])
            changes = changes | {"models": tuple(named)}
        reached = changes.keys() & {"base_url", "api_key"}
        try:
            if reached:
                examined = await self.examine(replace(upstream, **changes), needs_list="models" not in changes)
                changes = changes | {"base_url": examined.base_url, "models": examined.models}
            changed = await self.repository.change(
                upstream.id, changes, vision=vision, examined=upstream if reached else None
            )
        finally:
            await self._settle()
        return _require(changed)

    async def remove(self, identity: str) -> bool:
        """Forget a server and its key; whether there was one."""
        removed = await self.repository.remove(identity)
        await self._settle()
        return removed

    async def check(self, upstream: Upstream) -> Upstream:
        """Store the present models of an upstream. Raises as `examine` and `change`."""
        try:
            examined = await self.examine(upstream)
            values = {"base_url": examined.base_url, "models": examined.models}
            checked = await self.repository.change(upstream.id, values, examined=upstream)
        finally:
            await self._settle()
        return _require(checked)

    async def examine(self, upstream: Upstream, *, needs_list: bool = True) -> Upstream:
        """The upstream with its present models, and with ``/v1`` behind its address where that was missing.

        Raises FathomError where it cannot be used.
        """
        try:
            listed = await self._list(upstream)
        except KeyRefusedError:
            raise
        except FathomError as error:
            try:
                return await self._with_version(upstream)
            except KeyRefusedError:
                raise
            except FathomError:
                if needs_list:
                    raise error from None
                return upstream
        return replace(upstream, models=_join_models(upstream.models, listed))

    async def source(self, model: str, name: str) -> UpstreamSource:
        """The source of a model's answers. Raises UnknownModelError where there is no such upstream, or it has no such
        model."""
        upstream = await self.repository.find_by_name(name)
        known = next((each for each in upstream.models if each.id == model), None) if upstream is not None else None
        if upstream is None or known is None:
            offer = upstream.model_id(upstream.models[0]) if upstream is not None and upstream.models else "another"
            raise UnknownModelError(f"{model}@{name}", offer)
        abilities = Abilities(thinking=known.thinking, vision=known.vision, context=known.context, prices=known.prices)
        identity = upstream.id

        def note() -> None:
            if not known.thinking:
                task = asyncio.create_task(self.repository.note_thinking(identity, model))
                self._notes.add(task)
                task.add_done_callback(self._notes.discard)

        return UpstreamSource(f"{model}@{name}", model, self._endpoint(upstream), abilities, note)

    async def _with_version(self, upstream: Upstream) -> Upstream:
        if upstream.base_url.rstrip("/").endswith("/v1"):
            raise RequestError("there is no other address to try", "check it")
        versioned = replace(upstream, base_url=f"{upstream.base_url.rstrip('/')}/v1")
        return replace(versioned, models=_join_models(upstream.models, await self._list(versioned)))

    async def _list(self, upstream: Upstream) -> list[UpstreamModel]:
        return [UpstreamModel.from_listing(entry) for entry in await self._endpoint(upstream).models()]

    def _endpoint(self, upstream: Upstream) -> UpstreamEndpoint:
        key = _key_of(upstream)
        if key not in self._endpoints:
            self._endpoints[key] = self._connect(*key)
        return self._endpoints[key]

    async def _settle(self) -> None:
        """Close what leads to no stored upstream, such as to an address that was corrected, and report a change."""
        known = {_key_of(upstream) for upstream in await self.repository.all()}
        unknown = [self._endpoints.pop(key) for key in self._endpoints.keys() - known]
        await asyncio.gather(*(endpoint.retire() for endpoint in unknown))
        self.on_change()


def _require(upstream: Upstream | None) -> Upstream:
    if upstream is None:
        raise ConflictError("the upstream was changed or removed meanwhile", "look at it as it is now, then try again")
    return upstream


def _key_of(upstream: Upstream) -> tuple[str, str, str | None]:
    """What an endpoint is made of."""
    return upstream.name, upstream.base_url, upstream.api_key


def _server_of(base_url: str) -> tuple[str, str]:
    """The scheme and host, with the port, that an address leads to."""
    parts = urlsplit(base_url)
    return parts.scheme.lower(), parts.netloc.lower()


def _join_models(before: tuple[UpstreamModel, ...], listed: list[UpstreamModel]) -> tuple[UpstreamModel, ...]:
    """What is listed now, with what was found out before; models that only the user named stay."""
    known = {model.id: model for model in before}
    there = {model.id for model in listed}
    now = (
        replace(model, thinking=known[model.id].thinking, chosen_vision=known[model.id].chosen_vision)
        if model.id in known
        else model
        for model in listed
    )
    return (*now, *(model for model in before if model.id not in there and not listed))
