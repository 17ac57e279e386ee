"""Implements ``credentials.ports.VaultPort`` on a Vault or OpenBao, with the identity of one process.

Every lease is a token of its own, without a parent, so that it outlives a restart of the controller. What it is for
stands in its metadata, which nobody can change: so what really exists is found by listing, never from memory.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from ...core.clock import Clock, iso, system_clock
from ...core.errors import NotFound, NotPossible, Refused, Unavailable
from ...core.ids import check_id
from ...credentials.model import AgentIdentity, DatabaseGrant, Lease
from .connection import VaultConnection
from .statements import creation_statements, revocation_statements
from .templates import POLICIES, version_policy

__all__ = ["VaultClient"]

_WRAP = "120s"
_LONGEST_SECONDS = 31 * 24 * 3600
_REVOKE_SECONDS = 8.0
_EMPTY_SECONDS = 60.0


class VaultClient:
    """One process's way to the Vault. ``networks`` are the only addresses from which issued tokens work.

    ``certificate`` is the file of the authority that the Vault's certificate comes from; without it the system's count.
    """

    def __init__(
        self,
        address: str,
        connection: VaultConnection,
        *,
        clock: Clock = system_clock,
        lease_seconds: int = 300,
        networks: tuple[str, ...] = ("127.0.0.1/32",),
        policies: Path = POLICIES,
        certificate: Path | None = None,
    ) -> None:
        self._address = address.rstrip("/")
        self._vault = connection
        self._clock = clock
        self._lease_seconds = lease_seconds
        self._networks = networks
        self._policies = policies
        self._certificate = certificate
        self._known: dict[str, dict[str, Any]] = {}
        self._empty: dict[str, float] = {}
        # OpenBao deletes a token that is looked up before its making has ended (measured: 2.7.2): never both at once
        self._making = threading.Lock()

    def ready(self) -> bool:
        """Say whether the Vault is unsealed, active and answers within its deadline."""
        try:
            verify = ssl.create_default_context(cafile=self._certificate) if self._certificate else True
            answer = httpx.get(f"{self._address}/v1/sys/health", timeout=2.0, trust_env=False, verify=verify)
        except (httpx.HTTPError, OSError):
            return False
        return answer.status_code == httpx.codes.OK

    def prepare_version(self, version_id: str) -> None:
        """Make the version's transit key and the policy that may only unwrap with it. Repeatable."""
        check_id(version_id, field="version_id")
        self._vault.post(f"versions/keys/{version_id}", {"type": "aes256-gcm96"})
        self._write_policy("version", version_id)

    def new_data_key(self, version_id: str) -> tuple[bytes, str]:
        """Return a fresh 32-byte data key and the same key wrapped by the version's transit key."""
        check_id(version_id, field="version_id")
        data = self._vault.post(f"versions/datakey/plaintext/{version_id}", {"bits": 256})["data"]
        return base64.b64decode(data["plaintext"]), str(data["ciphertext"])

    def new_sketch_key(self, version_id: str) -> tuple[bytes, str]:
        """Return a fresh 32-byte key for the sketch of a dataset version, and the same key wrapped (controller)."""
        check_id(version_id, field="version_id")
        self._vault.post(f"sketches/keys/{version_id}", {"type": "aes256-gcm96"})
        data = self._vault.post(f"sketches/datakey/plaintext/{version_id}", {"bits": 256})["data"]
        return base64.b64decode(data["plaintext"]), str(data["ciphertext"])

    def open_sketch_key(self, version_id: str, wrapped_key: str) -> bytes:
        """Unwrap the key of a version's sketch (airlock, which alone may)."""
        check_id(version_id, field="version_id")
        data = self._vault.post(f"sketches/decrypt/{version_id}", {"ciphertext": wrapped_key})["data"]
        return base64.b64decode(data["plaintext"])

    def configure_database(self, name: str, *, url: str, username: str, password: str, rotate: bool = False) -> None:
        """Tell the Vault how to reach a database. Repeatable.

        ``url`` holds ``{{username}}:{{password}}``. With ``rotate`` the Vault changes the password at once to one that
        nobody else knows; a known connection then only learns a changed ``url``.
        """
        if check_name(name) in self.databases():
            known = self._vault.get(f"database/config/{name}")["data"]["connection_details"]
            if known.get("connection_url") == url and known.get("username") == username:
                return
            password = "" if rotate else password
        settings: dict[str, Any] = {
            "plugin_name": "postgresql-database-plugin",
            "connection_url": url,
            "username": username,
            "password_authentication": "scram-sha-256",
            "allowed_roles": ["*"],
        }
        if password:
            settings["password"] = password
        self._vault.post(f"database/config/{name}", settings)
        if rotate:
            self._vault.post(f"database/rotate-root/{name}")

    def databases(self) -> list[str]:
        """Return the names of the databases the Vault can reach."""
        return [str(name) for name in self._vault.list("database/config").get("data", {}).get("keys", [])]

    def prepare_database(self, grant: DatabaseGrant) -> None:
        """Make the database role that reads the granted views only, and the policy that may draw it. Repeatable."""
        check_id(grant.version_id, field="version_id")
        role = {
            "db_name": check_name(grant.connection),
            "creation_statements": creation_statements(grant),
            "revocation_statements": revocation_statements(grant),
            "default_ttl": self._lease_seconds,
            "max_ttl": _LONGEST_SECONDS,
        }
        self._vault.post(f"database/roles/{grant.version_id}", role)
        self._write_policy("database", grant.version_id)

    def open_agent(self, project_id: str, until: datetime) -> AgentIdentity:
        """Give the project's agent an identity that may renew and look up itself, and nothing else."""
        wrapped = self._issue(project_id, ["tre-self"], until, {"kind": "agent"})
        return AgentIdentity(
            project_id=project_id, accessor=wrapped["wrapped_accessor"], wrapped_token=wrapped["token"]
        )

    def lease(self, project_id: str, grant_id: str, version_id: str, until: datetime) -> Lease:
        """Issue one granted dataset: a token that may unwrap this version (or draw its database role) until then."""
        check_id(version_id, field="version_id")
        policies = ["tre-self", f"tre-version-{version_id}", f"tre-database-{version_id}"]
        purpose = {"kind": "lease", "grant": check_id(grant_id, field="grant_id"), "version": version_id}
        wrapped = self._issue(project_id, policies, until, purpose)
        return Lease(
            project_id=project_id,
            grant_id=grant_id,
            version_id=version_id,
            accessor=wrapped["wrapped_accessor"],
            wrapped_token=wrapped["token"],
            until=until,
        )

    def leases(self, project_id: str) -> list[Lease]:
        """List what Vault really holds for the project (``wrapped_token`` empty)."""
        return [
            Lease(
                project_id=project_id,
                grant_id=purpose["grant"],
                version_id=purpose["version"],
                accessor=accessor,
                wrapped_token="",
                until=datetime.fromisoformat(purpose["until"]).astimezone(UTC),
            )
            for accessor, purpose in self._tokens().items()
            if purpose.get("project") == project_id and purpose.get("kind") == "lease"
        ]

    def projects(self) -> set[str]:
        """Return every project that the Vault holds an agent or a lease for, so that orphans are found."""
        return {purpose["project"] for purpose in self._tokens().values() if "project" in purpose}

    def revoke_lease(self, accessor: str) -> None:
        """Revoke one dataset's lease and every database role drawn under it. Repeatable."""
        try:
            self._vault.post("auth/token/revoke-accessor", {"accessor": accessor})
        except (NotFound, Refused) as error:
            if accessor in self._accessors():
                raise Unavailable(f"Vault did not revoke a lease: {error.message}", system="vault") from error

    def revoke_project(self, project_id: str) -> None:
        """Revoke the agent and all that was issued under it. Repeatable."""
        check_id(project_id, field="project_id")
        deadline = time.monotonic() + _REVOKE_SECONDS
        asked: set[str] = set()
        while left := {key for key, purpose in self._tokens().items() if purpose.get("project") == project_id}:
            for accessor in left - asked:
                self.revoke_lease(accessor)
            if time.monotonic() > deadline:
                raise Unavailable("Vault has not yet revoked all of a project's leases: look again.", system="vault")
            if left <= asked:
                time.sleep(0.1)
            asked |= left

    def sign(self, message: bytes) -> str:
        """Sign with the record key (Ed25519); return ``vault:vN:`` and base 64 as Vault does."""
        body = {"input": base64.b64encode(message).decode()}
        return str(self._vault.post("record/sign/record", body)["data"]["signature"])

    def public_keys(self) -> dict[int, bytes]:
        """Return the record key's raw Ed25519 public keys by version."""
        keys: Mapping[str, Any] = self._vault.get("record/keys/record")["data"]["keys"]
        return {int(version): base64.b64decode(key["public_key"]) for version, key in keys.items()}

    def _write_policy(self, name: str, version_id: str) -> None:
        text = version_policy(name, version_id, policies=self._policies)
        self._vault.post(f"sys/policies/acl/tre-{name}-{version_id}", {"policy": text})

    def _issue(self, project_id: str, policies: list[str], until: datetime, purpose: dict[str, str]) -> dict[str, Any]:
        seconds = min(int((until - self._clock()).total_seconds()), _LONGEST_SECONDS)
        if seconds < 1:
            raise NotPossible("The grant has already ended, so no lease can be issued for it.")
        check_id(project_id, field="project_id")
        role = self._write_role(
            [project_id, purpose["kind"], purpose.get("grant", ""), purpose.get("version", "")],
            seconds,
            self._networks_of(project_id),
        )
        body = {
            "policies": policies,
            "no_default_policy": True,
            "ttl": f"{min(seconds, self._lease_seconds)}s",
            "explicit_max_ttl": f"{seconds}s",
            "renewable": True,
            "display_name": purpose["kind"],
            "meta": {**purpose, "project": project_id, "until": iso(until)},
        }
        with self._making:
            wrapped: dict[str, Any] = self._vault.post(f"auth/token/create/{role}", body, wrap=_WRAP)["wrap_info"]
        return wrapped

    def _networks_of(self, project_id: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return the only addresses from which the project's tokens work."""
        return self._networks

    def _write_role(self, purpose: list[str], seconds: int, networks: tuple[str, ...]) -> str:
        """Write the token role of one purpose and return its name.

        Renewal keeps to the *role's* longest life and ignores the token's own (measured: OpenBao 2.7.2), so each
        purpose has a role. Its limit counts from a token's issue: writing it anew never lets an older token outlive it.
        """
        role = "tre-" + hashlib.sha256(json.dumps(purpose).encode()).hexdigest()[:32]
        settings = {
            "orphan": True,
            "renewable": True,
            "token_explicit_max_ttl": f"{seconds}s",
            "token_no_default_policy": True,
            "allowed_policies": ["tre-self"],
            "allowed_policies_glob": ["tre-version-*", "tre-database-*"],
            "token_bound_cidrs": list(networks),
            "token_type": "service",
        }
        self._vault.post(f"auth/token/roles/{role}", settings)
        return role

    def _accessors(self) -> list[str]:
        return [str(key) for key in self._vault.list("auth/token/accessors").get("data", {}).get("keys", [])]

    def _tokens(self) -> dict[str, dict[str, Any]]:
        """Return the purpose of every token there is; what a token is for never changes, so it is looked up once."""
        known: dict[str, dict[str, Any]] = {}
        with self._making:
            for accessor in self._accessors():
                purpose = self._known.get(accessor)
                known[accessor] = self._look_up(accessor) if purpose is None else purpose
            self._empty = {accessor: seen for accessor, seen in self._empty.items() if accessor in known}
            self._known = {accessor: purpose for accessor, purpose in known.items() if purpose}
        return known

    def _look_up(self, accessor: str) -> dict[str, Any]:
        if time.monotonic() - self._empty.get(accessor, -_EMPTY_SECONDS) < _EMPTY_SECONDS:
            return {}
        try:
            found = self._vault.post("auth/token/lookup-accessor", {"accessor": accessor})
        except (NotFound, Refused) as error:
            if "invalid accessor" in error.message:
                return {}  # ended while we were looking
            if isinstance(error, NotFound) or not self._may_look_up():
                raise
            self._empty[accessor] = time.monotonic()
            return {}
        return self._purpose(found["data"])

    def _may_look_up(self) -> bool:
        """Say whether a refusal is about the accessor and not about us: our own can be looked up.

        A Vault that stood still while it made a token leaves an accessor without one (measured: OpenBao 2.7.2), good
        for nothing; it refuses to look that up, and lists it until somebody tidies its tokens.
        """
        try:
            return bool(self._vault.post("auth/token/lookup-accessor", {"accessor": self._vault.accessor}))
        except (NotFound, Refused):
            return False

    def _purpose(self, token: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a token is for, from what Vault knows of it; nothing when it is none of ours."""
        return dict(token.get("meta") or {})


def check_name(name: str) -> str:
    """Return the name of a database connection if it is one path segment."""
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
        raise NotPossible(f"“{name[:40]}” cannot name a database connection: use letters, digits, - and _.")
    return name
