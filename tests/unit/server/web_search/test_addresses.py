"""Only the public internet is served, whatever form an address has, and wherever a name leads."""

import ipaddress

import httpx
import pytest

from fathom.server.web_search.addresses import AddressPolicy, is_public, resolve
from fathom.server.web_search.errors import AddressRefusedError, FetchError

PRIVATE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::1", "2002:c0a8:101::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("text", PRIVATE)
def test_private_special_and_embedded_addresses_are_not_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_the_internet_is_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


def policy(*addresses: str, allowed: tuple[str, ...] = ()) -> AddressPolicy:
    """A policy for which every name leads to ``addresses``."""

    async def resolver(host: str, port: int) -> list[str]:
        return list(addresses)

    return AddressPolicy(frozenset(allowed), resolver)


@pytest.mark.parametrize("text", PRIVATE)
async def test_a_name_that_leads_to_one_is_refused(text: str) -> None:
    with pytest.raises(AddressRefusedError, match=r"rebind\.example leads into this machine or its network"):
        await policy(text).addresses(httpx.URL("http://rebind.example/"))


async def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    with pytest.raises(AddressRefusedError):
        await policy("1.1.1.1", "127.0.0.1").addresses(httpx.URL("https://mixed.example"))


async def test_public_addresses_are_returned_in_their_order() -> None:
    url = httpx.URL("https://site.example/path")
    assert await policy("1.1.1.1", "2606:4700::1111").addresses(url) == ["1.1.1.1", "2606:4700::1111"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://site.example/", "ftp: is not an address of the web"),
        ("file:///etc/passwd", "file: is not an address of the web"),
        ("gopher://site.example", "not an address of the web"),
        ("/relative", "no: is not an address of the web"),
        ("http://user:password@site.example/", "holds a name or password"),
        ("http://site.example:22/", "port 22 is not one of the web"),
        ("http:///path", "names no host"),
    ],
)
async def test_what_is_no_address_of_the_web_is_refused(url: str, message: str) -> None:
    with pytest.raises(AddressRefusedError, match=message):
        await policy("1.1.1.1").addresses(httpx.URL(url))


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://localhost:8000/"])
async def test_every_way_of_writing_the_loopback_is_refused(url: str) -> None:
    """The system's resolver reads them all; no rule about their text could."""
    with pytest.raises(FetchError):
        await AddressPolicy().addresses(httpx.URL(url))


async def test_hosts_of_the_own_network_can_be_allowed_with_or_without_a_port() -> None:
    assert await policy("10.0.0.7", allowed=("wiki.local",)).addresses(httpx.URL("http://wiki.local/a")) == ["10.0.0.7"]
    by_port = policy("10.0.0.7", allowed=("wiki.local:8080",))
    assert await by_port.addresses(httpx.URL("http://wiki.local:8080/a")) == ["10.0.0.7"]
    with pytest.raises(AddressRefusedError):
        await by_port.addresses(httpx.URL("http://wiki.local/a"))


@pytest.mark.parametrize("text", ["169.254.169.254", "::ffff:169.254.169.254", "100.100.100.200", "fd00:ec2::254"])
async def test_the_metadata_service_of_a_cloud_is_never_allowed(text: str) -> None:
    with pytest.raises(AddressRefusedError, match="a service that holds credentials"):
        await policy(text, allowed=("meta.example",)).addresses(httpx.URL("http://meta.example/"))


async def test_a_name_without_an_address_says_so() -> None:
    with pytest.raises(FetchError, match=r"the name nowhere\.invalid leads to no address"):
        await resolve("nowhere.invalid", 80)
    with pytest.raises(FetchError, match="leads to no address"):
        await resolve("a" * 300 + ".example", 80)
