"""The gate's own addresses: coming in on a ticket, and leaving."""

from __future__ import annotations

from aiohttp import web
from yarl import URL

from orchestrator.core.clock import Clock, system_clock
from orchestrator.core.errors import Refused

from .configuration import GateConfiguration
from .cookies import gate_cookie
from .judge import BadRequest
from .keeper import Keeper
from .pages import page, redirect
from .paths import Target
from .people import Session

__all__ = ["Visits"]

_LONGEST_FORM = 4096
_LONGEST_TICKET = 512


class Visits:
    """Answers ``/_gate/enter`` and ``/_gate/leave``, and what hub and server would call logging out."""

    def __init__(
        self, *, configuration: GateConfiguration, keeper: Keeper, cookie_name: str, clock: Clock = system_clock
    ) -> None:
        self._configuration = configuration
        self._keeper = keeper
        self._name = cookie_name
        self._clock = clock

    async def answer(self, request: web.BaseRequest, target: Target, cookie: str | None) -> web.StreamResponse:
        """Answer an address below ``/_gate/``."""
        if target.path == "/_gate/enter" and request.method in {"GET", "POST"}:
            return await self._enter(request, target, cookie)
        if target.path == "/_gate/leave" and request.method in {"GET", "POST"}:
            return await self._leave(request, cookie)
        return page(request, 404, "There is nothing at this address.")

    async def in_place_of_hub(
        self, request: web.BaseRequest, target: Target, session: Session
    ) -> web.StreamResponse | None:
        """Answer what JupyterLab's menu calls logging out and the hub's home page: both are the portal's."""
        if request.method != "GET":
            return None
        if target.path in {"/hub/logout", f"/user/{session.person}/logout"}:
            return await self.leave(session)
        return redirect(self._configuration.portal_url) if target.path == "/hub/home" else None

    async def leave(self, session: Session) -> web.Response:
        """End the session and go back to the portal; kernels keep running."""
        await self._keeper.leave(session)
        return redirect(self._configuration.portal_url, cookies=(self._cookie("", seconds=0),))

    def _cookie(self, value: str, *, seconds: int) -> str:
        return gate_cookie(self._name, value, secure=self._configuration.secure, seconds=seconds)

    async def _enter(self, request: web.BaseRequest, target: Target, cookie: str | None) -> web.Response:
        ticket = await self._ticket(request, target)
        if not ticket or len(ticket) > _LONGEST_TICKET:
            raise BadRequest(400, "This address needs a ticket; open the workspace from the portal.")
        value, session = await self._keeper.enter(ticket=ticket, former_cookie=cookie)
        seconds = int((session.until - self._clock()).total_seconds())
        return redirect("/hub/", cookies=(self._cookie(value, seconds=seconds),))

    async def _ticket(self, request: web.BaseRequest, target: Target) -> str:
        if request.method == "GET":
            if request.headers.get("Content-Length", "0") != "0":
                raise BadRequest(400, "A request that only reads may not carry content.")
            return URL(f"http://gate/?{target.query}", encoded=True).query.get("ticket", "")
        length = request.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _LONGEST_FORM:
            raise BadRequest(413, "This form is too long.")
        form = URL.build(scheme="http", host="gate", query_string=(await request.read()).decode("ascii", "replace"))
        return form.query.get("ticket", "")

    async def _leave(self, request: web.BaseRequest, cookie: str | None) -> web.Response:
        if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            raise Refused("Another site may not end your session.")
        session = self._keeper.sessions.find(cookie)
        if session is None:
            return redirect(self._configuration.portal_url, cookies=(self._cookie("", seconds=0),))
        return await self.leave(session)
