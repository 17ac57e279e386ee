"""What an agent in a pod is told, its ports, and its volume."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.memory_volume import MemoryVolume, erase
from orchestrator.agent.configuration import PodConfiguration, read_configuration
from orchestrator.agent.places import PortPlaces
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.ids import new_id
from tests.ports import free_port

PROJECT = new_id()
TOLD: dict[str, Any] = {
    "project_id": PROJECT,
    "vault_address": "https://vault.example.org:8200",
    "vault_certificate": "/etc/tre/vault-ca.crt",
    "vault_login": {"mount": "kubernetes", "role": PROJECT, "token_file": "/var/run/tre/vault/token"},
    "control_port": 8443,
    "channel": "/etc/tre/channel",
    "data_directory": "/data",
    "data_protection": "encrypted",
    "relay_ports": [15432, 15531],
    "databases": {"registry": {"host": "db.example.org", "port": 5432, "database": "cohort", "certificate": None}},
    "check_seconds": 2.0,
}


def _read(tmp_path: Path, **changes: Any) -> Any:
    file = tmp_path / "agent.json"
    file.write_text(json.dumps({name: value for name, value in {**TOLD, **changes}.items() if value != "absent"}))
    return read_configuration(file)


def test_it_is_read_with_exactly_these_names(tmp_path: Path) -> None:
    told = _read(tmp_path)
    assert isinstance(told, PodConfiguration)
    assert told.vault_login.token_file == Path("/var/run/tre/vault/token")
    assert told.relay_ports == (15432, 15531)
    assert told.databases["registry"].tls


@pytest.mark.parametrize(
    "changes",
    [
        {"more": 1},
        {"data_protection": "none"},
        {"data_protection": "absent"},
        {"relay_ports": [15531, 15432]},
        {"relay_ports": [0, 70000]},
        {"relay_ports": [15432]},
        {"vault_login": {"mount": "kubernetes"}},
        {"vault_login": {**TOLD["vault_login"], "token": "secret"}},
        {"project_id": "absent"},
        {"channel": "absent"},
    ],
)
def test_anything_else_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="configuration"):
        _read(tmp_path, **changes)


def test_every_database_has_a_port_of_its_own_and_the_range_is_all_there_is() -> None:
    first = free_port()
    places = PortPlaces("127.0.0.1", (first, first + 2))
    given = [places.place(new_id(), "cohort") for _ in range(3)]
    assert [place.address for place in given] == [f"127.0.0.1:{first + offset}" for offset in range(3)]
    with pytest.raises(NotPossible, match="All database ports"):
        places.place(new_id(), "cohort")
    given[1].leave()
    given[1].leave()
    given[0].leave()
    assert places.place(new_id(), "cohort").address == given[1].address, "the longest unused one is given first"


def test_a_place_listens_at_its_address() -> None:
    async def listen() -> bytes:
        place = PortPlaces("127.0.0.1", (free_port(), 65535)).place(new_id(), "cohort")

        def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"here")
            writer.close()

        server = await place.listen(greet)
        host, port = place.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        said = await reader.read()
        writer.close()
        server.close()
        await server.wait_closed()
        place.leave()
        return said

    assert asyncio.run(listen()) == b"here"


@pytest.fixture
def mount() -> Any:
    directory = Path("/dev/shm") / f"tre-{new_id()}"
    directory.mkdir(mode=0o2770)
    yield directory
    erase(directory)


def test_a_mounted_volume_is_left_as_it_is_and_only_emptied(mount: Path) -> None:
    mount.chmod(0o2770)
    (mount / "lost+found").mkdir()
    volume = MemoryVolume(mount, mounted=True)
    assert stat.S_IMODE(mount.stat().st_mode) == 0o2770
    assert volume.empty()
    (mount / ".half.1").mkdir()
    (mount / ".half.1" / "clear").write_bytes(b"secret")
    assert not volume.empty()
    assert volume.held() == {}
    volume.wipe_all()
    assert volume.empty()
    assert (mount / "lost+found").exists()


def test_a_disk_is_refused_unless_the_operator_declared_it_encrypted(tmp_path: Path) -> None:
    with pytest.raises(NotPossible, match="is not memory"):
        MemoryVolume(tmp_path, mounted=True)
    assert MemoryVolume(tmp_path, mounted=True, encrypted=True).empty()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_volume_that_cannot_be_written_is_said_in_words(mount: Path) -> None:
    mount.chmod(0o555)
    with pytest.raises(NotPossible, match="fsGroup"):
        MemoryVolume(mount, mounted=True)
