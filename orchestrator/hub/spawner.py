"""Starts no process itself: asks the controller's desk for a person's server, and for what became of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyterhub.spawner import Spawner, SpawnException
from traitlets import Integer, Unicode

from orchestrator.adapters.desk import Desk
from orchestrator.core.errors import NotFound, Refused, Unavailable

__all__ = ["DeskSpawner"]

INSIDE_SERVER_SOCKET = "/run/tre/server/ws.sock"
"""Where a session's server listens, as seen from inside."""

ARGUMENTS = (
    f"--ServerApp.sock={INSIDE_SERVER_SOCKET}",
    "--ServerApp.terminals_enabled=False",
    "--FileContentsManager.delete_to_trash=False",
    "--LabApp.extension_manager=readonly",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
)
"""What every server is told: one socket, no terminals, no calls home. Nothing of it comes from the person."""

_PASSED = ("JUPYTERHUB_", "JPY_SESSION_")
_PAUSE_SECONDS = 0.1


class DeskSpawner(Spawner):  # type: ignore[misc]
    """One person's session. What it may hold is the controller's decision; options from the browser are ignored."""

    desk_socket = Unicode(config=True, help="The controller's desk for this project.")

    looks_for_socket = Integer(200, config=True, help="How often, a tenth of a second apart, to look for the socket.")

    session_id = Unicode()
    socket = Unicode()

    _desk: Desk | None = None

    def get_env(self) -> dict[str, str]:
        """Return the server's environment: JupyterHub's own names only, with the paths that hold inside."""
        named = {name: value for name, value in super().get_env().items() if name.startswith(_PASSED)}
        named["JUPYTERHUB_SERVICE_URL"] = f"http+unix://localhost/user/{self.user.name}/"
        return {name: str(value) for name, value in named.items() if value is not None}

    def options_from_query(self, query_data: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return no options, whatever the address said."""
        return {}

    async def start(self) -> str:
        """Have the session started and return where its server listens; a refusal carries its reasons."""
        self.user_options: dict[str, Any] = {}
        try:
            started = await self._ask().start_session(
                person=self.user.name, environment=self.get_env(), arguments=ARGUMENTS
            )
        except Refused as refusal:
            sentence = " ".join(dict.fromkeys((refusal.message, *refusal.reasons)))
            raise SpawnException(sentence, reason="refused", status_code=403) from refusal
        except Unavailable as error:
            raise SpawnException(error.message, reason="unavailable", status_code=503) from error
        self.session_id = started.session
        self.socket = str(started.socket)
        await self._appears(started.socket)
        return self._url()

    async def _appears(self, socket: Path) -> None:
        """Wait a while for the server's socket: JupyterHub's own waiting doubles its pauses, this one does not."""
        for _ in range(self.looks_for_socket):
            if await asyncio.to_thread(socket.exists):
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    async def stop(self, now: bool = False) -> None:  # noqa: ARG002
        """Have the session ended; when this returns none of its processes is left."""
        if self.session_id:
            await self._ask().stop_session(self.session_id)

    async def poll(self) -> int | None:
        """Return None while the session lives, else its exit code.

        A silent desk counts as a living session: only the controller ends sessions, and a hub that took silence for
        an end would have every kernel ended when the controller is restarted.
        """
        if not self.session_id:
            return 0
        try:
            state, code = await self._ask().session(self.session_id)
        except Unavailable:
            return None
        except NotFound:
            return 0
        if state != "ended":
            return None
        return 0 if code is None else code

    async def get_url(self) -> str:
        """Return where the server listens, from the kept state."""
        return f"{self._url()}/user/{self.user.name}/" if self.socket else str(self.server.url)

    def get_state(self) -> dict[str, Any]:
        """Return what a restarted hub needs to find the session again."""
        return {
            **super().get_state(),
            "session_id": self.session_id,
            "socket": self.socket,
            "api_token": self.api_token,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the session again."""
        super().load_state(state)
        self.session_id = state.get("session_id", "")
        self.socket = state.get("socket", "")
        self.api_token = state.get("api_token", "")

    def clear_state(self) -> None:
        """Forget the session."""
        super().clear_state()
        self.session_id = ""
        self.socket = ""

    def _url(self) -> str:
        return "http+unix://" + quote(self.socket, safe="")

    def _ask(self) -> Desk:
        if self._desk is None:
            self._desk = Desk(Path(self.desk_socket))
        return self._desk
