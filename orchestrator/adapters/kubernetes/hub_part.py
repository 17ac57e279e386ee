"""The pod of hub and gate: what both are told, and when it is there."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from orchestrator.core.errors import Unavailable
from orchestrator.workspaces.builder import hub_objects
from orchestrator.workspaces.builder.networks import CONTROL_PORT, GATE_PORT, HUB_PORT
from orchestrator.workspaces.model import WorkspacePlan
from orchestrator.workspaces.places.model import ClusterLayout, PlacePlan

from .kinds import SERVICE
from .parts import Parts
from .watching import Mirror

__all__ = ["HubPart"]

_ROUTES = "/run/tre/routes.sock"
_CHANNEL = "/etc/tre/channel"
_STATE = "/var/lib/tre"


class HubPart:
    """Brings and ends one project's hub and gate, which are told the same secret of each other."""

    def __init__(self, parts: Parts, mirror: Mirror, layout: ClusterLayout) -> None:
        self._parts = parts
        self._mirror = mirror
        self._layout = layout

    def bring(self, place: PlacePlan, plan: WorkspacePlan) -> None:
        """Make hub and gate as planned; a pod that is told something new is started again."""
        told = self._told(place, plan)
        hub = self._parts.files("hub", place, {"hub.json": told["hub"]})
        gate = self._parts.files("gate", place, {"gate.json": told["gate"]})
        self._parts.bring(hub_objects(place, self._layout, hub=hub, gate=gate))

    def end(self, place: PlacePlan) -> None:
        """Take hub and gate away, and what they were told."""
        self._parts.end("hub", place, ("hub", "gate"))

    def _told(self, place: PlacePlan, plan: WorkspacePlan) -> dict[str, str]:
        layout = self._layout
        common = {
            "project_id": plan.project_id,
            "title": plan.title,
            "public_url": plan.url,
            "portal_url": plan.portal_url,
            "routes_socket": _ROUTES,
            "desk": f"https://{layout.desk_address}",
            "hub_secret": self._secret(place),
            "channel": _CHANNEL,
        }
        gate = {
            **common,
            "listen": f"http://0.0.0.0:{GATE_PORT}",
            "control": f"https://0.0.0.0:{CONTROL_PORT}",
            "hub": f"http://127.0.0.1:{HUB_PORT}",
            "servers": [*layout.pod_ranges],
        }
        hub = {
            **common,
            "listen": f"http://0.0.0.0:{HUB_PORT}",
            "hub_connect_url": self._service(place),
            "directory": _STATE,
        }
        return {"gate": _text(gate), "hub": _text(hub)}

    def _secret(self, place: PlacePlan) -> str:
        """Return what gate and hub know of each other: the one they have, or a new one."""
        try:
            known = json.loads(self._parts.told("gate", place).get("gate.json", "{}")).get("hub_secret")
        except ValueError:
            known = None
        return known if isinstance(known, str) else secrets.token_urlsafe(48)

    def _service(self, place: PlacePlan) -> str:
        service = self._mirror.get(SERVICE, "hub", place.name)
        address = (service or {}).get("spec", {}).get("clusterIP", "")
        if not address:
            raise Unavailable("The hub's service has no address yet; it is looked at again.", system="kubernetes")
        return f"http://{address}:{HUB_PORT}"


def _text(told: Mapping[str, Any]) -> str:
    return json.dumps(told, sort_keys=True, indent=1)
