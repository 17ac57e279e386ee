"""Starts no process itself: asks the controller's desk for a person's server, and for what became of it."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyterhub.spawner import Spawner, SpawnException
from traitlets import List, Unicode

from orchestrator.adapters.desk import Desk, LookedAt, desk_at
from orchestrator.core.errors import NotFound, Refused, Unavailable

__all__ = ["DeskSpawner"]

INSIDE_SERVER_SOCKET = "/run/tre/server/ws.sock"
"""Where a session's server listens, as seen from inside, unless sessions have addresses of their own."""

ARGUMENTS = (
    "--ServerApp.terminals_enabled=False",
    "--FileContentsManager.delete_to_trash=False",
    "--LabApp.extension_manager=readonly",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
)
"""What every server is told: no terminals, no calls home. Nothing of it comes from the person."""

_PASSED = ("JUPYTERHUB_", "JPY_SESSION_")
_PAUSE_SECONDS = 0.1
_SHARE = 0.95
"""Of JupyterHub's patience: after it JupyterHub itself says only that time is over."""
_LATE = "Your server did not come up in time; try again, and tell an operator if it stays."
_GONE = "Your server ended while it was starting; try again, and tell an operator if it stays."


class DeskSpawner(Spawner):  # type: ignore[misc]
    """One person's session. What it may hold is the controller's decision; options from the browser are ignored."""

    desk = Unicode(config=True, help="The controller's desk for this project: a socket or https://HOST:PORT.")

    channel = Unicode(config=True, help="The directory of the hub's certificate, for a desk at https://.")

    service_origin = Unicode(
        "http+unix://localhost", config=True, help="The origin that a server is told it is asked at, from inside."
    )

    server_arguments = List(
        [f"--ServerApp.sock={INSIDE_SERVER_SOCKET}"], config=True, help="Where a server listens, as arguments."
    )

    session_id = Unicode()
    address = Unicode()

    _desk: Desk | None = None

    def get_env(self) -> dict[str, str]:
        """Return the server's environment: JupyterHub's own names only, with the paths that hold inside."""
        named = {name: value for name, value in super().get_env().items() if name.startswith(_PASSED)}
        named["JUPYTERHUB_SERVICE_URL"] = f"{self.service_origin}/user/{self.user.name}/"
        return {name: str(value) for name, value in named.items() if value is not None}

    def options_from_query(self, query_data: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return no options, whatever the address said."""
        return {}

    async def start(self) -> str:
        """Have the session started and return where its server listens; a refusal carries its reasons."""
        self.user_options: dict[str, Any] = {}
        try:
            self.session_id = await self._ask().start_session(
                person=self.user.name, environment=self.get_env(), arguments=(*self.server_arguments, *ARGUMENTS)
            )
        except Refused as refusal:
            sentence = " ".join(dict.fromkeys((refusal.message, *refusal.reasons)))
            raise SpawnException(sentence, reason="refused", status_code=403) from refusal
        except Unavailable as error:
            raise SpawnException(error.message, reason="unavailable", status_code=503) from error
        self.address = await self._answering()
        return self.address

    async def _answering(self) -> str:
        """Wait until the server answers, nearly as long as JupyterHub lets us; say in words why it does not come."""
        clock = asyncio.get_running_loop().time
        end, trouble = clock() + self.start_timeout * _SHARE, ""
        while clock() < end:
            seen = await self._looked_at()
            if seen is not None and seen.state == "ended":
                raise SpawnException(seen.trouble or _GONE, reason="ended", status_code=503)
            if seen is not None and seen.state == "running" and seen.address:
                return seen.address
            trouble = seen.trouble if seen is not None else trouble
            await asyncio.sleep(_PAUSE_SECONDS)
        raise SpawnException(f"{_LATE} {trouble}".strip(), reason="late", status_code=503)

    async def _looked_at(self) -> LookedAt | None:
        """Return what the controller sees of the session, or nothing while its desk is silent."""
        try:
            return await self._ask().session(self.session_id)
        except Unavailable:
            return None
        except NotFound as error:
            raise SpawnException(_GONE, reason="ended", status_code=503) from error

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
            seen = await self._ask().session(self.session_id)
        except Unavailable:
            return None
        except NotFound:
            return 0
        if seen.state != "ended":
            return None
        return 0 if seen.exit_code is None else seen.exit_code

    async def get_url(self) -> str:
        """Return where the server listens, from the kept state."""
        return f"{self.address}/user/{self.user.name}/" if self.address else str(self.server.url)

    def get_state(self) -> dict[str, Any]:
        """Return what a restarted hub needs to find the session again."""
        return {
            **super().get_state(),
            "session_id": self.session_id,
            "address": self.address,
            "api_token": self.api_token,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the session again."""
        super().load_state(state)
        self.session_id = state.get("session_id", "")
        self.address = state.get("address", "")
        self.api_token = state.get("api_token", "")

    def clear_state(self) -> None:
        """Forget the session."""
        super().clear_state()
        self.session_id = ""
        self.address = ""

    def _ask(self) -> Desk:
        if self._desk is None:
            self._desk = desk_at(self.desk, self.channel)
        return self._desk
