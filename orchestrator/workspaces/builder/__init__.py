"""From desired state to Kubernetes objects: pure functions that return plain dictionaries, ready to be applied."""

from __future__ import annotations

from .building import agent_objects, hub_objects, place_objects, session_objects

__all__ = ["agent_objects", "hub_objects", "place_objects", "session_objects"]
