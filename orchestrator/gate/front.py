"""The gate's public side: decides for each request whether it goes on, and to whom."""

from __future__ import annotations

import logging

from aiohttp import web

from orchestrator.core.errors import Invalid, OrchestratorError, Refused, Unavailable

from .configuration import GateConfiguration
from .cookies import cookie_name, gate_cookie
from .judge import BadRequest, Limits, check_body, check_framing, check_origin, is_upgrade, method_of
from .keeper import Keeper
from .meter import Meter
from .pages import is_navigation, page, redirect
from .paths import Target, judge_path
from .people import Session
from .relay import Exchange, RequestRelay
from .routes import Side, side_of
from .upstream import Upstreams
from .visits import Visits
from .websocket import WebsocketRelay

__all__ = ["Front"]

_log = logging.getLogger("gate")


class Front:
    """Answers every request that reaches the public port."""

    def __init__(
        self,
        *,
        configuration: GateConfiguration,
        keeper: Keeper,
        upstreams: Upstreams,
        meter: Meter,
        limits: Limits | None = None,
    ) -> None:
        self._configuration = configuration
        self._cookie_name = cookie_name(secure=configuration.secure)
        self._keeper = keeper
        self._upstreams = upstreams
        self._limits = limits or Limits()
        self._requests = RequestRelay(configuration=configuration, meter=meter, limits=self._limits)
        self._websockets = WebsocketRelay(configuration=configuration, meter=meter, limits=self._limits)
        self._visits = Visits(configuration=configuration, keeper=keeper, cookie_name=self._cookie_name)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; whatever goes wrong becomes a sentence, never a trace."""
        try:
            return await self._handle(request)
        except BadRequest as refusal:
            return self._refuse(request, refusal.status, refusal)
        except Refused as refusal:
            return self._refuse(request, 403, refusal)
        except Invalid as refusal:
            return self._refuse(request, 400, refusal)
        except Unavailable as error:
            return page(request, 503, error.message, retry=2)
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - the last line: a person gets a sentence, the log gets the trace
            _log.exception("a request could not be answered")
            return page(request, 500, "The gate made a mistake; try again, and tell the operator if it stays.")

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        check_framing(request, authority=self._configuration.authority)
        target = judge_path(request.raw_path)
        cookie = _cookie(request, self._cookie_name)
        if target.readings[0][0] == "_gate":
            return await self._visits.answer(request, target, cookie)
        if not self._keeper.admissions.is_open():
            return page(request, 503, "This workspace is not open yet; try again in a moment.", retry=2)
        session = self._keeper.session(cookie)
        if session is None:
            return self._send_to_portal(request, cookie)
        check_origin(request, origin=self._configuration.origin, navigation=is_navigation(request))
        return await self._pass_on(request, target, session)

    async def _pass_on(self, request: web.BaseRequest, target: Target, session: Session) -> web.StreamResponse:
        answer = await self._visits.in_place_of_hub(request, target, session)
        if answer is not None:
            return answer
        side = side_of(method=method_of(request), readings=target.readings, person=session.person)
        if side is None:
            raise Refused("This part of the workspace cannot be reached from a browser.")
        check_body(request, side=side, limits=self._limits)
        client = self._upstreams.client(side, session.person)
        if client is None:
            return self._no_route(request, target, side, session)
        exchange = Exchange(request=request, target=target, side=side, session=session, client=client)
        return await (self._websockets if is_upgrade(request) else self._requests).pass_on(exchange)

    def _send_to_portal(self, request: web.BaseRequest, cookie: str | None) -> web.Response:
        if is_navigation(request):
            gone = gate_cookie(self._cookie_name, "", secure=self._configuration.secure, seconds=0)
            return redirect(self._configuration.open_url, cookies=(gone,) if cookie else ())
        return page(request, 401, "Sign on first: open this workspace from the portal.")

    def _no_route(self, request: web.BaseRequest, target: Target, side: Side, session: Session) -> web.Response:
        if side is Side.HUB or "/" not in self._upstreams.routes():
            return page(request, 503, "This workspace is starting; try again in a moment.", retry=2)
        if is_navigation(request):
            return redirect(f"/hub/spawn/{session.person}")
        return page(request, 424, f"Your server is not running; open {target.path} again to start it.")

    def _refuse(self, request: web.BaseRequest, status: int, refusal: OrchestratorError) -> web.Response:
        path = request.raw_path.partition("?")[0][:200]
        _log.info("refused %s %s %r: %s", status, request.method, path, refusal.message)
        link = (self._configuration.portal_url, "Go to the portal")
        return page(request, status, refusal.message, link=link)


def _cookie(request: web.BaseRequest, wanted: str) -> str | None:
    values: list[str] = []
    for text in request.headers.getall("Cookie", []):
        for chunk in text.split(";"):
            name, _, value = chunk.strip().partition("=")
            if name == wanted:
                values.append(value)
    return values[0] if len(values) == 1 else None
