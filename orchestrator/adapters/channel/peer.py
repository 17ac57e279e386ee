"""Who is at the other end of a channel: a part of the platform, and for a project's part, of which project."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from orchestrator.core.errors import Invalid, Refused
from orchestrator.core.ids import check_id

__all__ = ["PLATFORM_PARTS", "PROJECT_PARTS", "Peer", "host_of", "peer_of"]

PLATFORM_PARTS = frozenset({"controller", "airlock", "web"})
"""Parts of which the installation has one; their certificates name no project."""

PROJECT_PARTS = frozenset({"hub", "gate", "agent"})
"""Parts of which every project has its own."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One end of a channel. ``project_id`` is empty for a part that belongs to no project."""

    part: str
    project_id: str = ""

    def __post_init__(self) -> None:
        if self.part in PROJECT_PARTS:
            check_id(self.project_id, field="project_id")
        elif self.part not in PLATFORM_PARTS:
            raise Invalid(f"“{self.part[:40]}” is no part of the platform.", field="part")
        elif self.project_id:
            raise Invalid(f"The part “{self.part}” belongs to no project.", field="project_id")

    @property
    def name(self) -> str:
        """The common name in this peer's certificate."""
        return self.project_id or self.part


def host_of(part: str) -> str:
    """Return the name that a part's certificate is checked for, wherever the part is reached."""
    return f"{part}.tre.internal"


def peer_of(connection: ssl.SSLObject | ssl.SSLSocket | None) -> Peer:
    """Return who is at the other end of a finished handshake, from its verified certificate; ``Refused`` if unclear.

    The subject must be exactly one organizational unit and one common name, as the authority writes them.
    """
    certificate = connection.getpeercert() if connection is not None else None
    subject = (certificate or {}).get("subject", ())
    names = dict(pair for group in subject for pair in group)  # type: ignore[misc]
    if len(subject) != 2 or set(names) != {"organizationalUnitName", "commonName"}:
        raise Refused("This connection has no certificate of this installation, and nothing is answered.")
    part, name = str(names["organizationalUnitName"]), str(names["commonName"])
    try:
        peer = Peer(part=part, project_id=name if part in PROJECT_PARTS else "")
    except Invalid as error:
        raise Refused("The certificate of this connection names no part of this installation.") from error
    if peer.name != name:
        raise Refused("The certificate of this connection names no part of this installation.")
    return peer
