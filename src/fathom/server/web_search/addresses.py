"""Which addresses pages may be fetched from: those of the public internet, and those that the settings allow.

A URL can come from a model, and so from a page that the model read. It must not reach what only this machine can: its
own services, its network, the metadata service of a cloud. A name says nothing about where it leads, so the check is
made on the addresses that it resolves to, and the connection goes to the very address that was checked: a name that
resolves to another address a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import httpx

from fathom.server.web_search.errors import AddressRefusedError, FetchError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

_METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192")))
"""Services that hand out a machine's credentials: never allowed, whatever the settings say."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_WEB_PORTS = frozenset({80, 443})
_FIRST_UNPRIVILEGED_PORT = 1024


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, in the system's order. Raises FetchError where it has none."""
    try:
        entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchError(f"the name {host} leads to no address", "check the address and the network") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


@dataclass(frozen=True)
class AddressPolicy:
    """Decides where a request may go.

    ``allowed`` names hosts (``wiki.example``) or hosts with a port (``127.0.0.1:8080``) that are served although their
    addresses are private.
    """

    allowed: frozenset[str] = frozenset()
    resolver: Resolver = resolve

    async def addresses(self, url: httpx.URL) -> list[str]:
        """The addresses to connect to for ``url``. Raises AddressRefusedError if it, or any of them, is not allowed."""
        if url.scheme not in ("http", "https"):
            raise AddressRefusedError(f"{url.scheme or 'no'}: is not an address of the web", "use http or https")
        if not url.host:
            raise AddressRefusedError("the address names no host", "use a whole address: https://…")
        if url.userinfo:
            raise AddressRefusedError("the address holds a name or password", "leave them out")
        port = url.port or (443 if url.scheme == "https" else 80)
        named = self._names(url.host, port)
        if not named and port not in _WEB_PORTS and port < _FIRST_UNPRIVILEGED_PORT:
            raise AddressRefusedError(f"port {port} is not one of the web", "use 80, 443 or one above 1023")
        addresses = await self.resolver(url.host, port)
        for text in addresses:
            self._check(url.host, ipaddress.ip_address(text), named)
        return addresses

    def _names(self, host: str, port: int) -> bool:
        return bool(self.allowed & {host, f"{host}:{port}"})

    @staticmethod
    def _check(host: str, address: Address, named: bool) -> None:
        if _METADATA & set(_endpoints(address)):
            raise AddressRefusedError(f"{host} leads to a service that holds credentials", "use a public address")
        if not named and not is_public(address):
            raise AddressRefusedError(
                f"{host} leads into this machine or its network",
                "use a public address; FATHOM_WEB_ALLOWED_HOSTS names hosts of the own network to allow",
            )


def is_public(address: Address) -> bool:
    """Whether an address, and each IPv4 address inside it, belongs to the public internet."""
    return all(
        one.is_global and not (one.is_multicast or one.is_reserved or one.is_unspecified) for one in _endpoints(address)
    )


def _endpoints(address: Address) -> Iterable[Address]:
    """The address a connection ends at: the IPv4 address inside an IPv6 one where it carries any, else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if address.teredo:
        return list(address.teredo)
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]
