"""No address but a public one is called, whatever a name says, and whenever it says it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from orchestrator.adapters.guarded_addresses import AddressGuard, GuardedNetwork
from orchestrator.adapters.harvest_client import HarvestClient
from orchestrator.discovery.harvest.faults import Fault, FaultKind

from .endpoint import CustodianEndpoint, running

FORBIDDEN = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "192.88.99.1", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "fe80::1",
    "fc00::1", "fd12::1", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00::1",
    "2001:db8::1", "100::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4009::200e", "::ffff:8.8.8.8"]


def guard(*addresses: str, allowed: tuple[str, ...] = ()) -> AddressGuard:
    return AddressGuard(allowed=tuple(map(ip_network, allowed)), resolve=lambda _host, _port: addresses)


@pytest.mark.parametrize("address", FORBIDDEN)
def test_no_private_address_is_called(address: str) -> None:
    with pytest.raises(Fault) as fault:
        guard(address).addresses("catalogue.example.org", 443, plain=False)
    assert fault.value.kind is FaultKind.FORBIDDEN_ADDRESS
    assert not fault.value.retry


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_called_with_tls_only(address: str) -> None:
    assert guard(address).addresses("catalogue.example.org", 443, plain=False) == [address]
    with pytest.raises(Fault):
        guard(address).addresses("catalogue.example.org", 80, plain=True)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_address_of_a_name_is_checked(place: int) -> None:
    found = list(PUBLIC[:3])
    found[place] = "10.0.0.1"
    with pytest.raises(Fault):
        guard(*found).addresses("catalogue.example.org", 443, plain=False)


def test_a_network_may_be_allowed_explicitly_and_nothing_beside_it() -> None:
    allowing = ("10.7.0.0/16",)
    assert guard("10.7.1.1", allowed=allowing).addresses("inside", 80, plain=True) == ["10.7.1.1"]
    assert guard("::ffff:10.7.1.1", allowed=allowing).addresses("inside", 80, plain=True)
    for other in ("10.8.1.1", "127.0.0.1", "::1"):
        with pytest.raises(Fault):
            guard(other, allowed=allowing).addresses("inside", 443, plain=False)


def test_a_name_that_cannot_be_resolved_is_told() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    for resolve in (unknown, lambda _host, _port: []):
        with pytest.raises(Fault, match=r"resolved|no address") as fault:
            AddressGuard(resolve=resolve).addresses("nowhere.example", 443, plain=False)
        assert fault.value.retry


@pytest.fixture
def endpoint() -> Iterator[CustodianEndpoint]:
    with running(CustodianEndpoint()) as endpoint:
        yield endpoint


def test_loopback_is_refused_unless_the_settings_allow_it(endpoint: CustodianEndpoint) -> None:
    client = HarvestClient(AddressGuard(), seconds=2)
    for url in (endpoint.address, endpoint.address.replace("127.0.0.1", "localhost"), "http://0x7f000001/"):
        with pytest.raises(Fault) as fault:
            client.get(url, headers={}, secret={}, largest=10)
        assert fault.value.kind in (FaultKind.FORBIDDEN_ADDRESS, FaultKind.NO_ANSWER)
    client.close()
    assert endpoint.asked == []


def test_the_connection_goes_to_the_checked_address_and_the_name_is_asked_once(endpoint: CustodianEndpoint) -> None:
    """A name server that answers a public address first and a private one afterwards gains nothing."""
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    client = HarvestClient(AddressGuard(allowed=(ip_network("127.0.0.0/8"),), resolve=rebinding), seconds=5)
    url = f"http://catalogue.example.org:{endpoint.port}/api/datasets?limit=1&offset=0"
    assert client.get(url, headers={}, secret={}, largest=10_000).status == 200
    assert asked == ["catalogue.example.org"]
    assert endpoint.asked[0].headers["host"] == f"catalogue.example.org:{endpoint.port}"
    client.close()
    with pytest.raises(Fault):
        client.get(url, headers={}, secret={}, largest=10_000)
    assert len(endpoint.asked) == 1


def test_no_proxy_of_the_environment_is_used(endpoint: CustodianEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = HarvestClient(AddressGuard(allowed=(ip_network("127.0.0.0/8"),)), seconds=5)
    assert (
        client.get(f"{endpoint.address}/datasets?limit=1&offset=0", headers={}, secret={}, largest=9999).status == 200
    )
    client.close()


def test_no_socket_of_the_machine_is_asked() -> None:
    with pytest.raises(Fault):
        GuardedNetwork(AddressGuard()).connect_unix_socket("/run/docker.sock")
