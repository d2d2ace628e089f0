"""The connection goes to the address that was checked, and to no other."""

import httpx
import pytest
from web_site import WebPage, web_site

from fathom.server.web_search.addresses import AddressPolicy
from fathom.server.web_search.errors import AddressRefusedError
from fathom.server.web_search.transport import CheckedTransport


async def test_a_name_that_resolves_elsewhere_later_gains_nothing() -> None:
    """The name is resolved once a request: what was checked is what is connected to, with the name as Host."""
    answers = [["127.0.0.1"], ["10.9.9.9"]]

    async def resolver(host: str, port: int) -> list[str]:
        return answers.pop(0)

    with web_site({"/": WebPage(b"hello")}) as site:
        port = site.url.rpartition(":")[2]
        policy = AddressPolicy(frozenset({f"rebind.example:{port}"}), resolver)
        async with httpx.AsyncClient(transport=CheckedTransport(policy)) as client:
            response = await client.get(f"http://rebind.example:{port}/")
        assert response.text == "hello"
        assert site.requests[0][1]["Host"] == f"rebind.example:{port}"
        assert answers == [["10.9.9.9"]]


async def test_the_next_address_is_tried_where_one_does_not_connect() -> None:
    async def resolver(host: str, port: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    with web_site({"/": WebPage(b"hello")}) as site:
        port = site.url.rpartition(":")[2]
        policy = AddressPolicy(frozenset({"two.example"}), resolver)
        async with httpx.AsyncClient(transport=CheckedTransport(policy)) as client:
            assert (await client.get(f"http://two.example:{port}/")).text == "hello"
            with pytest.raises(httpx.ConnectError):
                await client.get("http://two.example:9/")


async def test_a_refused_address_is_never_connected_to() -> None:
    with web_site({"/": WebPage(b"secret")}) as site:
        async with httpx.AsyncClient(transport=CheckedTransport(AddressPolicy())) as client:
            with pytest.raises(AddressRefusedError):
                await client.get(site.url)
        assert site.requests == []
