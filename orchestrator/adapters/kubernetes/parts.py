"""Brings a project's parts into the cluster and ends them: what each is told, its certificate, its Deployment."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from cryptography import x509

from orchestrator.adapters.channel import Authority, Channel
from orchestrator.core.clock import Clock, system_clock
from orchestrator.core.errors import Unavailable
from orchestrator.workspaces.builder.objects import PREFIX, Object
from orchestrator.workspaces.places.model import PlacePlan

from .applying import Applier, Brought
from .cluster import Cluster
from .kinds import DEPLOYMENT, POD, SECRET
from .watching import Mirror

__all__ = ["Parts"]

_CHANNEL = ("ca.crt", "tls.crt", "tls.key")
_DAYS = 30.0
_GONE_SECONDS = 30.0
_LOOK_SECONDS = 0.2


class Parts:
    """One installation's parts in all its projects. ``channel`` is the controller's own end of the private channel."""

    def __init__(
        self,
        *,
        cluster: Cluster,
        mirror: Mirror,
        authority: Authority,
        channel: Channel,
        clock: Clock = system_clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self._applier = Applier(cluster, mirror)
        self._authority = authority
        self._clock = clock
        self._monotonic = monotonic
        self.channel = channel

    @property
    def authority(self) -> str:
        """The certificate, as PEM, that every part of the installation is known by."""
        return self._authority.certificate

    def told(self, part: str, place: PlacePlan) -> dict[str, str]:
        """Return what a part was told, as the cluster holds it; empty when it is not there."""
        held = self._mirror.get(SECRET, f"{part}-channel", place.name)
        data: Mapping[str, str] = (held or {}).get("data") or {}
        return {name: base64.b64decode(text).decode() for name, text in data.items()}

    def files(self, part: str, place: PlacePlan, told: Mapping[str, str]) -> dict[str, str]:
        """Return all files of a part: what it is told, and its end of the channel, issued again in good time."""
        held = self.told(part, place)
        if not self._serves(held):
            issued = self._authority.issue(part, place.project_id, days=_DAYS)
            held = {"ca.crt": self.authority, "tls.crt": issued.certificate, "tls.key": issued.key}
        return {**told, **{name: held[name] for name in _CHANNEL}}

    def bring(self, objects: Iterable[Object]) -> Brought:
        """Write what differs from what the cluster holds; at rest nothing."""
        return self._applier.bring([*objects])

    def end(self, part: str, place: PlacePlan, secrets: Iterable[str]) -> None:
        """Take a part's pods away and wait until they are gone, then what they were told."""
        if self._cluster.get(DEPLOYMENT, part, place.name) is not None:
            self._cluster.scale(DEPLOYMENT, part, place.name, 0)
        self._await_gone(part, place)
        for name in secrets:
            if self._mirror.get(SECRET, f"{name}-channel", place.name) is not None:
                self._cluster.delete(SECRET, f"{name}-channel", place.name)

    def pods(self, part: str, place: PlacePlan) -> list[dict[str, Any]]:
        """Return a part's pods as the API server has them now."""
        return self._cluster.list(POD, place.name, f"{PREFIX}part={part}").items

    def _await_gone(self, part: str, place: PlacePlan) -> None:
        end = self._monotonic() + _GONE_SECONDS
        while self.pods(part, place):
            if self._monotonic() > end:
                raise Unavailable(
                    f"The pod of “{part}” has not ended: its node may be away. It is looked at again.",
                    system="kubernetes",
                )
            time.sleep(_LOOK_SECONDS)

    def _serves(self, files: Mapping[str, str]) -> bool:
        if files.get("ca.crt") != self.authority or "tls.key" not in files:
            return False
        try:
            certificate = x509.load_pem_x509_certificate(files["tls.crt"].encode())
        except (KeyError, ValueError):
            return False
        return certificate.not_valid_after_utc - self._clock() > timedelta(days=_DAYS) / 3
