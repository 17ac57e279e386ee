"""The Vault port, on a real OpenBao and on the shipped stand-in; and what only the real one can show."""

from __future__ import annotations

import base64
import json
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from orchestrator.adapters.vault.connection import VaultConnection
from orchestrator.adapters.vault.embedded import EmbeddedVault
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import NotFound, NotPossible, OrchestratorError, Refused, Unavailable
from orchestrator.core.ids import new_id
from orchestrator.credentials.fakes import FakeVault
from orchestrator.credentials.ports import VaultPort
from tests.contract.credentials_world import VaultWorld, running_vault, short_directory
from tests.ports import free_port


@pytest.fixture(scope="module")
def vault() -> Iterator[VaultWorld]:
    with short_directory() as directory, running_vault(directory) as world:
        yield world


@pytest.fixture(params=["openbao", "openbao-for-pods", "fake"])
def port(request: pytest.FixtureRequest) -> VaultPort:
    if request.param == "fake":
        return FakeVault()
    world: VaultWorld = request.getfixturevalue("vault")
    return world.client() if request.param == "openbao" else world.pods_client()


def _hour(port: VaultPort, project: str, version: str, grant: str | None = None):
    return port.lease(project, grant or new_id(), version, system_clock() + timedelta(hours=1))


def test_it_is_ready(port: VaultPort) -> None:
    assert port.ready()


def test_a_version_can_be_prepared_again_and_gives_a_new_data_key_each_time(port: VaultPort) -> None:
    version = new_id()
    port.prepare_version(version)
    port.prepare_version(version)
    (first, wrapped), (second, _) = port.new_data_key(version), port.new_data_key(version)
    assert len(first) == 32
    assert first != second
    assert wrapped.startswith("vault:v1:")


def test_leases_are_listed_for_their_own_project_only_and_without_their_tokens(port: VaultPort) -> None:
    mine, other, version, grant = new_id(), new_id(), new_id(), new_id()
    lease = _hour(port, mine, version, grant)
    _hour(port, other, version)
    assert lease.wrapped_token
    (listed,) = port.leases(mine)
    assert (listed.accessor, listed.grant_id, listed.version_id) == (lease.accessor, grant, version)
    assert listed.wrapped_token == ""
    assert abs(listed.until - lease.until) < timedelta(milliseconds=1)


def test_revoking_one_lease_leaves_the_others_and_may_be_repeated(port: VaultPort) -> None:
    project = new_id()
    first, second = _hour(port, project, new_id()), _hour(port, project, new_id())
    port.revoke_lease(first.accessor)
    port.revoke_lease(first.accessor)
    assert [lease.accessor for lease in port.leases(project)] == [second.accessor]


def test_revoking_a_project_ends_agent_and_leases_and_leaves_other_projects(port: VaultPort) -> None:
    project, other = new_id(), new_id()
    port.open_agent(project, system_clock() + timedelta(hours=1))
    _hour(port, project, new_id())
    _hour(port, other, new_id())
    assert {project, other} <= port.projects()
    port.revoke_project(project)
    port.revoke_project(project)
    assert port.leases(project) == []
    assert project not in port.projects()
    assert len(port.leases(other)) == 1


def test_leases_made_while_others_are_listed_all_live(vault: VaultWorld) -> None:
    """OpenBao deletes a token that is looked up before its making has ended, so one client never does both at once."""
    client = vault.client()
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            client.projects()

    with ThreadPoolExecutor(6) as pool:
        looking = [pool.submit(look) for _ in range(3)]
        made = list(pool.map(lambda _: _hour(client, new_id(), new_id()), range(40)))
        ended.set()
    for one in looking:
        one.result()
    for lease in made:
        assert vault.unwrapped(lease.wrapped_token).get("auth/token/lookup-self")["data"]["accessor"] == lease.accessor


def test_a_grant_that_has_ended_gets_no_lease(port: VaultPort) -> None:
    with pytest.raises(NotPossible, match="ended"):
        port.lease(new_id(), new_id(), new_id(), system_clock() - timedelta(seconds=1))


# What only the real server can show.


def test_a_lease_unwraps_its_own_version_and_no_other(vault: VaultWorld) -> None:
    client, granted, other = vault.client(), new_id(), new_id()
    keys = {}
    for version in (granted, other):
        client.prepare_version(version)
        keys[version] = client.new_data_key(version)
    token = vault.unwrapped(_hour(client, new_id(), granted).wrapped_token)
    answer = token.post(f"versions/decrypt/{granted}", {"ciphertext": keys[granted][1]})
    assert base64.b64decode(answer["data"]["plaintext"]) == keys[granted][0]
    with pytest.raises(Refused, match="permission denied"):
        token.post(f"versions/decrypt/{other}", {"ciphertext": keys[other][1]})
    with pytest.raises(OrchestratorError):
        token.post(f"versions/decrypt/{granted}", {"ciphertext": keys[other][1]})


def test_no_spelling_of_a_path_leads_from_one_lease_to_another_version(vault: VaultWorld) -> None:
    client, granted, other = vault.client(), new_id(), new_id()
    for version in (granted, other):
        client.prepare_version(version)
    ciphertext = client.new_data_key(other)[1]
    token = vault.unwrapped(_hour(client, new_id(), granted).wrapped_token)
    spellings = [
        f"{granted}/../{other}",
        f"{granted}/%2e%2e/{other}",
        f"/{other}",
        f"{other}/",
        other.upper(),
        f"{other}%2f",
    ]
    verbs = ["decrypt", "export/encryption-key", "keys", "datakey/plaintext", "rewrap", "encrypt"]
    for spelling, verb in product(spellings, verbs):
        with pytest.raises(OrchestratorError):
            token.post(f"versions/{verb}/{spelling}", {"ciphertext": ciphertext, "plaintext": "AA=="})


def test_a_lease_can_do_nothing_but_unwrap_and_look_after_itself(vault: VaultWorld) -> None:
    client, version = vault.client(), new_id()
    client.prepare_version(version)
    token = vault.unwrapped(_hour(client, new_id(), version).wrapped_token)
    assert token.get("auth/token/lookup-self")["data"]["meta"]["version"] == version
    for path in (
        "auth/token/create",
        "auth/token/create-orphan",
        "sys/policies/acl/tre-version-x",
        "record/sign/record",
    ):
        with pytest.raises(Refused):
            token.post(path, {"input": "AA==", "policies": ["controller"]})
    with pytest.raises(Refused):
        token.list("auth/token/accessors")


def test_an_agents_identity_reads_no_data(vault: VaultWorld) -> None:
    client, project, version = vault.client(), new_id(), new_id()
    client.prepare_version(version)
    _hour(client, project, version)
    agent = client.open_agent(project, system_clock() + timedelta(hours=1))
    token = vault.unwrapped(agent.wrapped_token)
    assert token.get("auth/token/lookup-self")["data"]["accessor"] == agent.accessor
    with pytest.raises(Refused):
        token.post(f"versions/decrypt/{version}", {"ciphertext": client.new_data_key(version)[1]})


def test_a_wrapped_token_can_be_unwrapped_once(vault: VaultWorld) -> None:
    lease = _hour(vault.client(), new_id(), new_id())
    vault.unwrapped(lease.wrapped_token)
    with pytest.raises(Refused, match="wrapping token is not valid"):
        vault.unwrapped(lease.wrapped_token)


def test_a_token_is_worth_nothing_after_its_lease_was_revoked(vault: VaultWorld) -> None:
    client, version = vault.client(), new_id()
    client.prepare_version(version)
    ciphertext = client.new_data_key(version)[1]
    lease = _hour(client, new_id(), version)
    token = vault.unwrapped(lease.wrapped_token)
    token.post(f"versions/decrypt/{version}", {"ciphertext": ciphertext})
    client.revoke_lease(lease.accessor)
    with pytest.raises(Refused):
        token.post(f"versions/decrypt/{version}", {"ciphertext": ciphertext})


def test_a_lease_cannot_be_renewed_past_its_grant(vault: VaultWorld) -> None:
    lease = vault.client().lease(new_id(), new_id(), new_id(), system_clock() + timedelta(seconds=40))
    token = vault.unwrapped(lease.wrapped_token)
    renewed = token.post("auth/token/renew-self", {"increment": "24h"})
    assert renewed["auth"]["lease_duration"] <= 40
    vault.client().lease(lease.project_id, lease.grant_id, lease.version_id, system_clock() + timedelta(seconds=40))
    assert token.post("auth/token/renew-self", {"increment": "24h"})["auth"]["lease_duration"] <= 40


def test_a_token_works_only_from_the_addresses_it_is_bound_to(vault: VaultWorld) -> None:
    lease = _hour(vault.client(), new_id(), new_id())
    token = vault.unwrapped(lease.wrapped_token)
    assert token.get("auth/token/lookup-self")["data"]["bound_cidrs"] == ["127.0.0.1"]


def test_the_controller_can_neither_unwrap_nor_sign_nor_widen_itself(vault: VaultWorld) -> None:
    client, version = vault.client(), new_id()
    client.prepare_version(version)
    ciphertext = client.new_data_key(version)[1]
    connection = client._vault
    refused = {
        f"versions/decrypt/{version}": {"ciphertext": ciphertext},
        "record/sign/record": {"input": "AA=="},
        "sys/policies/acl/controller": {"policy": 'path "*" { capabilities = ["read"] }'},
        "sys/policies/acl/airlock": {"policy": 'path "*" { capabilities = ["read"] }'},
        "auth/token/create": {"policies": ["root"]},
        f"versions/keys/{version}/config": {"deletion_allowed": True},
        f"versions/keys/{new_id()}": {"exportable": True},
        "auth/approle/role/airlock/secret-id": {},
    }
    for path, body in refused.items():
        with pytest.raises(Refused):
            connection.post(path, body)


def test_the_airlock_signs_the_record_and_reads_the_key_and_nothing_else(vault: VaultWorld) -> None:
    airlock = vault.client("airlock")
    message = b'{"release":1}'
    _, version, signature = airlock.sign(message).split(":")
    key = Ed25519PublicKey.from_public_bytes(airlock.public_keys()[int(version.removeprefix("v"))])
    key.verify(base64.b64decode(signature), message)
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(signature), message + b" ")
    with pytest.raises(Refused):
        airlock.prepare_version(new_id())
    with pytest.raises(Refused):
        airlock.leases(new_id())


def test_no_root_token_survives_set_up(vault: VaultWorld) -> None:
    connection = vault.client()._vault
    accessors = connection.list("auth/token/accessors")["data"]["keys"]
    assert accessors
    policies = []
    for accessor in accessors:
        try:
            policies.append(connection.post("auth/token/lookup-accessor", {"accessor": accessor})["data"]["policies"])
        except OrchestratorError:
            continue
    assert policies
    assert not [names for names in policies if "root" in names]


def test_everything_is_audited_and_no_token_stands_in_the_audit_file(vault: VaultWorld) -> None:
    lease = _hour(vault.client(), new_id(), new_id())
    token = vault.token(lease.wrapped_token).post("sys/wrapping/unwrap")["auth"]["client_token"]
    text = (vault.embedded.directory / "audit.log").read_text()
    paths = {json.loads(line).get("request", {}).get("path") for line in text.splitlines()}
    assert any(str(path).startswith("auth/token/create/tre-") for path in paths)
    assert token not in text
    assert lease.wrapped_token not in text


def test_every_file_of_the_server_is_its_owners_alone(vault: VaultWorld) -> None:
    directory = vault.embedded.directory
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for file in (directory / "seal.key", directory / "audit.log", *directory.glob("identities/*/*")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert not (directory / "first-start.hcl").exists()


def test_killed_and_started_again_it_keeps_keys_and_leases() -> None:
    with short_directory() as directory, running_vault(directory) as vault:
        client, project, version = vault.client(), new_id(), new_id()
        client.prepare_version(version)
        key, wrapped = client.new_data_key(version)
        lease = _hour(client, project, version)
        token = vault.unwrapped(lease.wrapped_token)
        vault.server.kill()
        assert not client.ready()
        with pytest.raises(Unavailable) as refused:
            client.lease(project, new_id(), version, system_clock() + timedelta(hours=1))
        assert not refused.value.unknown_outcome
        vault.restart()
        assert client.ready()
        assert [held.accessor for held in client.leases(project)] == [lease.accessor]
        answer = token.post(f"versions/decrypt/{version}", {"ciphertext": wrapped})
        assert base64.b64decode(answer["data"]["plaintext"]) == key


def test_a_first_start_that_was_killed_begins_again() -> None:
    with short_directory() as directory:
        with running_vault(directory) as world:
            world.server.kill()
            (world.embedded.directory / "settled").unlink()
        again = EmbeddedVault(directory=directory / "vault", port=free_port())
        again.configure()
        assert list((again.directory / "raft").iterdir()) == []
        assert (again.directory / "first-start.hcl").exists()


def test_nobody_at_the_address_is_unavailable_and_certainly_without_effect() -> None:
    connection = VaultConnection(f"http://127.0.0.1:{free_port()}", token="s.x")
    with pytest.raises(Unavailable) as error:
        connection.post("versions/keys/x")
    assert error.value.retry
    assert not error.value.unknown_outcome


def test_what_is_not_there_is_not_found(vault: VaultWorld) -> None:
    with pytest.raises(NotFound):
        vault.client()._vault.get(f"versions/keys/{new_id()}")


# What only clusters have.


def test_the_door_of_a_projects_agent_admits_one_account_of_one_namespace_and_gives_it_nothing(
    vault: VaultWorld,
) -> None:
    client, project = vault.pods_client(), new_id()
    assert client.open_agent(project, system_clock() + timedelta(days=30)).wrapped_token == ""
    role = client._vault.get(f"auth/kubernetes/role/{project}")["data"]
    assert role["bound_service_account_names"] == ["agent"]
    assert role["bound_service_account_namespaces"] == [f"tre-{project}"]
    assert (role["audience"], role["token_policies"]) == ("vault", ["tre-self"])
    assert role["token_no_default_policy"]
    assert role["token_explicit_max_ttl"] == 24 * 3600
    assert project in client.projects()
    client.revoke_project(project)
    with pytest.raises(NotFound):
        client._vault.get(f"auth/kubernetes/role/{project}")


def test_the_controller_cannot_open_a_door_to_more_than_an_agent_may_have(vault: VaultWorld) -> None:
    connection, project = vault.pods_client()._vault, new_id()
    fine = {
        "bound_service_account_names": ["agent"],
        "bound_service_account_namespaces": ["tre-x"],
        "audience": "vault",
        "token_policies": ["tre-self"],
        "token_no_default_policy": True,
    }
    connection.post(f"auth/kubernetes/role/{project}", fine)
    for change in (
        {"token_policies": ["airlock"]},
        {"token_policies": ["tre-self", "airlock"]},
        {"token_policies": "tre-self,airlock"},
        {"policies": ["airlock"]},
        {"token_no_default_policy": False},
        {"audience": ""},
        {"bound_service_account_names": ["*"]},
        {"token_period": "24h"},
        {"token_type": "batch"},
    ):
        with pytest.raises(Refused, match="permission denied"):
            connection.post(f"auth/kubernetes/role/{project}", {**fine, **change})
    for path in ("auth/kubernetes/config", "sys/auth/kubernetes", f"auth/kubernetes/role/{project}/x"):
        with pytest.raises(Refused):
            connection.post(path, {"kubernetes_host": "https://example.org"})
    connection.delete(f"auth/kubernetes/role/{project}")
