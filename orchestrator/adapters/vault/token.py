"""What an agent does with the tokens it was given: unwrap once, live on, unwrap a data key, draw a database role."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ...core.errors import NotFound, Refused, Unavailable
from ...core.ids import check_id
from .connection import VaultConnection

__all__ = ["DrawnRole", "LeaseToken", "Life", "log_in", "unwrap"]

_SECONDS = 5.0


class Life(StrEnum):
    """What is known of a token or a role now."""

    ALIVE = "alive"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(kw_only=True)
class DrawnRole:
    """A database role drawn for one session. ``ends`` is on this machine's monotonic clock."""

    lease_id: str
    user: str
    password: str
    seconds: float
    ends: float


class LeaseToken:
    """One unwrapped token. ``until_gone`` says how long it lives even if nobody can reach the Vault."""

    def __init__(
        self, vault: VaultConnection, *, accessor: str, version_id: str, grant_id: str, seconds: float
    ) -> None:
        self.accessor = accessor
        self.version_id = version_id
        self.grant_id = grant_id
        self._vault = vault
        self._seconds = seconds
        self._ends = time.monotonic() + seconds

    @property
    def ended(self) -> bool:
        """Say whether it has outlived itself, as far as this machine's clock can tell."""
        return time.monotonic() >= self._ends

    @property
    def fading(self) -> bool:
        """Say whether less than a quarter of its life is left: renewing did not help, its longest life is near."""
        return self._ends - time.monotonic() < self._seconds / 4

    def check(self) -> Life:
        """Look the token up, renew it past half its life; a token that has outlived itself counts as gone."""
        asked = time.monotonic()
        try:
            if self._ends - asked < self._seconds / 2:
                left = self._vault.post("auth/token/renew-self")["auth"]["lease_duration"]
            else:
                left = self._vault.get("auth/token/lookup-self")["data"]["ttl"]
        except (Refused, NotFound):
            return Life.GONE
        except (Unavailable, KeyError, TypeError):
            return Life.GONE if time.monotonic() >= self._ends else Life.UNKNOWN
        self._ends = asked + float(left)
        return Life.ALIVE

    def data_key(self, wrapped_key: str) -> bytes:
        """Unwrap the version's data key."""
        answer = self._vault.post(f"versions/decrypt/{self.version_id}", {"ciphertext": wrapped_key})
        return base64.b64decode(answer["data"]["plaintext"])

    def draw_role(self) -> DrawnRole:
        """Make a database role for one session; it ends with this token at the latest."""
        answer = self._vault.draw(f"database/creds/{self.version_id}")
        seconds = float(answer["lease_duration"])
        return DrawnRole(
            lease_id=str(answer["lease_id"]),
            user=str(answer["data"]["username"]),
            password=str(answer["data"]["password"]),
            seconds=seconds,
            ends=time.monotonic() + seconds,
        )

    def keep_role(self, role: DrawnRole) -> Life:
        """Renew a role past half its life."""
        asked = time.monotonic()
        if role.ends - asked > role.seconds / 2:
            return Life.ALIVE
        try:
            answer = self._vault.post(f"sys/leases/renew/{role.lease_id}")
        except (Refused, NotFound):
            return Life.GONE
        except Unavailable:
            return Life.GONE if time.monotonic() >= role.ends else Life.UNKNOWN
        role.ends = asked + float(answer["lease_duration"])
        return Life.ALIVE

    def end_role(self, role: DrawnRole) -> None:
        """Revoke a role now: its back-ends are terminated and it is dropped before this returns. Repeatable."""
        self._vault.post(f"sys/leases/revoke/{role.lease_id}", {"sync": True})


def unwrap(
    address: str, *, project_id: str, wrapped_token: str, accessor: str, certificate: Path | None = None
) -> LeaseToken:
    """Unwrap a token that nobody else unwrapped; raise ``Refused`` when somebody did or when it is not the one issued.

    An interceptor who unwraps first makes this fail; one who wraps anew cannot forge where the wrapping was made.
    """
    check_id(project_id, field="project_id")
    wrapping = VaultConnection(address, token=wrapped_token, certificate=certificate, seconds=_SECONDS)
    made_at = wrapping.post("sys/wrapping/lookup", {"token": wrapped_token})["data"]["creation_path"]
    if not str(made_at).startswith("auth/token/create/tre-"):
        raise Refused("A wrapped token was not wrapped where it was issued: treat it as intercepted.")
    auth = wrapping.post("sys/wrapping/unwrap")["auth"]
    purpose = auth.get("metadata") or {}
    if auth["accessor"] != accessor or purpose.get("project") != project_id:
        raise Refused("A wrapped token does not hold the lease that was issued: treat it as intercepted.")
    return LeaseToken(
        VaultConnection(address, token=auth["client_token"], certificate=certificate, seconds=_SECONDS),
        accessor=accessor,
        version_id=str(purpose.get("version", "")),
        grant_id=str(purpose.get("grant", "")),
        seconds=float(auth["lease_duration"]),
    )


def log_in(address: str, *, mount: str, role: str, token_file: Path, certificate: Path | None = None) -> LeaseToken:
    """Log in with the token that the kubelet keeps fresh in ``token_file``: it is read anew at every login."""
    try:
        proof = token_file.read_text().strip()
    except OSError as error:
        raise Unavailable(
            f"The pod's own token {token_file} cannot be read: look at the pod's events.", system="vault"
        ) from error
    vault = VaultConnection(address, certificate=certificate, seconds=_SECONDS)
    auth = vault.post(f"auth/{mount}/login", {"role": role, "jwt": proof})["auth"]
    return LeaseToken(
        VaultConnection(address, token=auth["client_token"], certificate=certificate, seconds=_SECONDS),
        accessor=str(auth["accessor"]),
        version_id="",
        grant_id="",
        seconds=float(auth["lease_duration"]),
    )
