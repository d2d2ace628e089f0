"""An HTTP transport that connects only to addresses that an `AddressPolicy` has checked."""

from __future__ import annotations

import ssl

import httpx

from fathom.server.web_search.addresses import AddressPolicy


class CheckedTransport(httpx.AsyncBaseTransport):
    """Resolves and checks the host of each request, then connects to the address itself.

    The Host header and the name that the certificate must carry stay those of the URL. No connection is reused: one to
    an address could serve another host's request.
    """

    def __init__(self, policy: AddressPolicy, context: ssl.SSLContext | None = None) -> None:
        self._policy = policy
        self._inner = httpx.AsyncHTTPTransport(
            verify=context or httpx.create_ssl_context(),
            trust_env=False,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=0),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        addresses = await self._policy.addresses(request.url)
        for number, address in enumerate(addresses, 1):
            try:
                return await self._inner.handle_async_request(_at(request, address))
            except httpx.ConnectError:
                if number == len(addresses):
                    raise
        raise httpx.ConnectError("no address", request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _at(request: httpx.Request, address: str) -> httpx.Request:
    """The same request, sent to ``address``."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
