"""Where routes may lead between pods: whatever a captured hub writes, only the hub itself or port 8888 of a pod."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.addresses import TcpAddress
from orchestrator.core.errors import Invalid, OrchestratorError, Refused
from orchestrator.gate.targets import PodTarget, hub_target, server_target

PODS = (IPv4Network("10.244.0.0/16"), IPv4Network("10.99.1.0/24"))
EVERYTHING = (IPv4Network("0.0.0.0/0"),)
HUB = TcpAddress(scheme="http", host="127.0.0.1", port=8081)


def test_a_pod_is_found_at_its_address() -> None:
    for target in ("http://10.244.3.9:8888", "http://10.244.3.9:8888/", "http://10.99.1.200:8888"):
        place = server_target(target, servers=PODS)
        assert isinstance(place, PodTarget)
        assert place.port == 8888
        assert target.startswith(f"http://{place.host}:")


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:8888",
        "http://127.7.7.7:8888",
        "http://169.254.169.254:8888",
        "http://0.0.0.0:8888",
        "http://224.0.0.1:8888",
        "http://255.255.255.255:8888",
        "http://240.0.0.1:8888",
    ],
)
def test_what_no_pod_can_be_is_refused_however_wide_the_networks_are(target: str) -> None:
    with pytest.raises(Refused):
        server_target(target, servers=EVERYTHING)


def test_loopback_counts_only_where_it_was_named_on_purpose() -> None:
    local = (IPv4Network("127.0.0.0/8"),)
    assert server_target("http://127.7.7.7:8888", servers=local) == PodTarget(host="127.7.7.7", port=8888)
    with pytest.raises(Refused):
        server_target("http://169.254.169.254:8888", servers=local)


def test_the_gates_own_address_is_refused() -> None:
    """Beside the gate listens the hub; and a kernel's port there would be nobody's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
            own = probe.getsockname()[0]
        except OSError:
            own = "127.0.0.1"
    with pytest.raises(Refused):
        server_target(f"http://{own}:8888", servers=(IPv4Network(f"{own}/32"),))


@pytest.mark.parametrize("port", [0, 1, 22, 80, 443, 8000, 8081, 8443, 88888, 65536])
def test_another_port_is_refused(port: int) -> None:
    with pytest.raises(OrchestratorError):
        server_target(f"http://10.244.3.9:{port}", servers=PODS)


def test_sockets_are_refused_between_pods_and_ports_on_one_machine(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        server_target("http+unix://%2Frun%2Ftre%2Froutes.sock", servers=PODS)
    with pytest.raises(Refused):
        hub_target("http+unix://%2Frun%2Ftre%2Froutes.sock", hub=HUB)
    with pytest.raises(Refused):
        server_target("http://10.244.3.9:8888", servers=tmp_path)
    with pytest.raises(Refused):
        hub_target("http://127.0.0.1:8081", hub=tmp_path / "hub.sock")


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:8082", "http://127.0.0.2:8081", "http://10.244.3.9:8081", "https://127.0.0.1:8081", ""]
)
def test_the_hub_is_at_its_own_address_only(target: str) -> None:
    assert hub_target("http://127.0.0.1:8081", hub=HUB) == PodTarget(host="127.0.0.1", port=8081)
    with pytest.raises(Refused):
        hub_target(target, hub=HUB)


NUMBERS = st.integers(min_value=0, max_value=2**32 - 1).map(IPv4Address)
TRICKS = st.sampled_from(["http://{a}:8888", "http://{a}:8888/", "http://{a}:8888@{b}:8888", "http://{a}@{b}:8888"])


@given(TRICKS, NUMBERS, NUMBERS)
def test_whatever_is_accepted_is_in_the_networks_of_pods(trick: str, first: IPv4Address, second: IPv4Address) -> None:
    try:
        place = server_target(trick.format(a=first, b=second), servers=PODS)
    except (Refused, Invalid):
        return
    assert isinstance(place, PodTarget)
    assert any(IPv4Address(place.host) in network for network in PODS)


@given(st.text(max_size=40))
def test_no_text_breaks_the_judgement(text: str) -> None:
    for target in (text, f"http://{text}", f"http://10.244.3.9{text}", f"http+unix://{text}"):
        try:
            place = server_target(target, servers=PODS)
        except (Refused, Invalid):
            continue
        assert place == PodTarget(host="10.244.3.9", port=8888)
