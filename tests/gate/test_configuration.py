"""What a gate may be told: sockets on one machine, ports and networks in a pod, and nothing half of each."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.addresses import TcpAddress
from orchestrator.core.errors import Invalid
from orchestrator.core.ids import new_id
from orchestrator.gate.configuration import configuration_from, read_public_url

MACHINE = {
    "project_id": new_id(),
    "title": "A study",
    "public_url": "http://p.localhost:8123",
    "listen": "http://127.0.0.1:8123",
    "portal_url": "http://127.0.0.1:8080",
    "control": "/tmp/r/gate.sock",
    "routes_socket": "/tmp/r/routes.sock",
    "desk": "/tmp/r/desk.sock",
    "hub": "/tmp/r/h/hub.sock",
    "servers": "/tmp/r/s",
    "hub_secret": "s" * 32,
}
POD = MACHINE | {
    "public_url": "https://p.workspaces.example.org",
    "listen": "http://0.0.0.0:8000",
    "control": "https://0.0.0.0:8443",
    "desk": "https://10.96.0.20:8705",
    "hub": "http://127.0.0.1:8081",
    "servers": ["10.244.0.0/16"],
    "channel": "/etc/tre/channel",
}


def test_on_one_machine_everything_is_a_socket() -> None:
    configuration = configuration_from(MACHINE)
    assert configuration.origin == "http://p.localhost:8123"
    assert configuration.authority == "p.localhost:8123"
    assert not configuration.secure
    assert (configuration.control, configuration.servers) == (Path("/tmp/r/gate.sock"), Path("/tmp/r/s"))


def test_in_a_pod_there_are_ports_and_an_origin_without_one() -> None:
    configuration = configuration_from(POD)
    assert configuration.origin == "https://p.workspaces.example.org"
    assert configuration.authority == "p.workspaces.example.org"
    assert configuration.secure
    assert configuration.control == TcpAddress(scheme="https", host="0.0.0.0", port=8443)
    assert configuration.servers == (IPv4Network("10.244.0.0/16"),)
    assert configuration.channel == Path("/etc/tre/channel")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hub_secret", "short"),
        ("project_id", "../x"),
        ("public_url", "ftp://p.example.org"),
        ("public_url", "https://p.example.org/path"),
        ("public_url", "https://user@p.example.org"),
        ("public_url", "https://p.example.org?x=1"),
        ("public_url", "p.example.org"),
        ("public_url", "https://p.example.org:99999"),
        ("listen", "/tmp/gate.sock"),
        ("listen", "https://0.0.0.0:8000"),
        ("listen", "http://0.0.0.0"),
        ("control", "http://0.0.0.0:8443"),
        ("control", "0.0.0.0:8443"),
        ("control", "/" + "x" * 120),
        ("desk", "http://10.96.0.20:8705"),
        ("desk", "https://10.96.0.20:8705/path"),
        ("hub", "https://127.0.0.1:8081"),
        ("hub", "hub.sock"),
        ("servers", []),
        ("servers", ["10.244.0.1/16"]),
        ("servers", ["fd00::/64"]),
        ("servers", "pods"),
        ("servers", ["anything"]),
        ("channel", None),
        ("surplus", 1),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence(name: str, value: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        configuration_from({**POD, name: value})
    assert refusal.value.message.endswith(".")


@pytest.mark.parametrize("name", sorted(MACHINE))
def test_every_name_is_needed(name: str) -> None:
    with pytest.raises(Invalid, match=name):
        configuration_from({known: value for known, value in MACHINE.items() if known != name})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("https://P.Example.ORG", "https://p.example.org"),
        ("https://p.example.org:443/", "https://p.example.org"),
        ("http://p.example.org:80", "http://p.example.org"),
        ("https://p.example.org:8443", "https://p.example.org:8443"),
        ("http://p.example.org:443", "http://p.example.org:443"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(given: str, meant: str) -> None:
    assert read_public_url(given) == meant
