"""Keeps the desk open for every project that is to be awake, and for no other."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from orchestrator.adapters.addresses import TcpAddress
from orchestrator.settings import ControllerSettings

from .channel_desk import ChannelDesk
from .desk import DeskParts, DeskServer

if TYPE_CHECKING:
    from orchestrator.assembly import Controls

__all__ = ["Desks", "OneDesk", "SocketDesks", "open_desks"]


class Desks(Protocol):
    """Opened and closed by the controller's one loop; a desk that somebody broke is made again."""

    def open(self, project_ids: Collection[str]) -> None:
        """Open what is missing."""

    def projects(self) -> set[str]:
        """Return the projects that have a desk."""

    def close(self, project_id: str) -> None:
        """Close one project's desk, if it is open."""

    def close_all(self) -> None:
        """Close every desk; the next controller opens its own."""


class SocketDesks:
    """One unix socket for each project."""

    def __init__(self, parts: DeskParts, path: Callable[[str], Path]) -> None:
        self._parts, self._path = parts, path
        self._open: dict[str, DeskServer] = {}

    def open(self, project_ids: Collection[str]) -> None:
        """Open what is missing."""
        for project_id in project_ids:
            desk = self._open.get(project_id)
            if desk is None or not desk.alive():
                self._open[project_id] = DeskServer(project_id, self._path(project_id), self._parts)

    def projects(self) -> set[str]:
        """Return the projects whose socket is open."""
        return set(self._open)

    def close(self, project_id: str) -> None:
        """Close one socket, if it is open."""
        desk = self._open.pop(project_id, None)
        if desk is not None:
            desk.close()

    def close_all(self) -> None:
        """Close every socket."""
        for project_id in list(self._open):
            self.close(project_id)


class OneDesk:
    """One port of the private channel for all projects; it asks the record itself whether one is to be awake."""

    def __init__(self, make: Callable[[], ChannelDesk]) -> None:
        self._make = make
        self._desk: ChannelDesk | None = None
        self._projects: set[str] = set()

    def open(self, project_ids: Collection[str]) -> None:
        """Listen, from the first time on, whether or not a project is awake."""
        if self._desk is None or not self._desk.alive():
            self._desk = self._make()
        self._projects |= set(project_ids)

    def projects(self) -> set[str]:
        """Return the projects it was opened for."""
        return set(self._projects)

    def close(self, project_id: str) -> None:
        """Serve one project no longer."""
        self._projects.discard(project_id)

    def close_all(self) -> None:
        """Stop listening."""
        self._projects.clear()
        if self._desk is not None:
            self._desk.close()
            self._desk = None


def open_desks(controls: Controls) -> Desks:
    """Return the desks that fit where hubs and gates run; nothing listens yet."""
    parts = DeskParts(
        identity=controls.house.identity,
        register=controls.register,
        launcher=controls.launcher,
        keeper=controls.keeper,
        admitted=controls.house.access.admitted,
    )
    channel = controls.channel
    if channel is None:
        return SocketDesks(parts, controls.desk_path)
    chosen = controls.house.settings.controller
    return OneDesk(lambda: ChannelDesk(_address(chosen), channel, parts))


def _address(chosen: ControllerSettings) -> TcpAddress:
    return TcpAddress(scheme="https", host=chosen.desk_host, port=chosen.desk_port)
