"""Asks the controller's desk, by socket or over the private channel: there gate and hub learn what they may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from orchestrator.adapters.addresses import Address, TcpAddress, read_address
from orchestrator.adapters.channel import Channel, client_context, host_of
from orchestrator.core.clock import iso
from orchestrator.core.errors import NotFound, Refused, Unavailable

__all__ = ["Admitted", "Desk", "LookedAt", "SignedOn", "admitted_from", "desk_at"]

Value = TypeVar("Value")

_DEADLINE = aiohttp.ClientTimeout(total=10, connect=2)
_START_DEADLINE = aiohttp.ClientTimeout(total=90, connect=2)


@dataclass(frozen=True, kw_only=True)
class SignedOn:
    """Whom a ticket belonged to, and until when the session it opens may last."""

    person: str
    name: str
    until: datetime
    issued: datetime | None = None
    """When the ticket was made, where the desk says so."""


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """Who may work in this project now, and until when. Who is not on it is out."""

    people: Mapping[str, datetime]
    generation: int
    signed_out: Mapping[str, datetime] = field(default_factory=dict)
    """When people signed out last: what earlier tickets opened ends."""


@dataclass(frozen=True, kw_only=True)
class LookedAt:
    """One session as the controller sees it; ``address`` is where its server listens, empty until that is known."""

    state: str
    exit_code: int | None
    address: str
    trouble: str


class Desk:
    """A client of the desk. Every call has a deadline; silence and nonsense are both ``Unavailable``."""

    def __init__(self, address: Address, *, channel: Path | None = None) -> None:
        self._address = address
        self._channel = channel
        self._client: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def redeem(self, ticket: str) -> SignedOn:
        """Spend a ticket; ``Refused`` when it is unknown, used, too old or of another project."""
        answer = await self._ask("POST", "/tickets/redeem", {"ticket": ticket})
        return _read(
            lambda: SignedOn(
                person=answer["person"],
                name=answer["name"],
                until=_moment(answer["until"]),
                issued=_moment(answer["issued"]) if "issued" in answer else None,
            )
        )

    async def admission(self) -> Admitted:
        """Return the present admission list."""
        return admitted_from(await self._ask("GET", "/admission"))

    async def start_session(self, *, person: str, environment: Mapping[str, str], arguments: Sequence[str]) -> str:
        """Ask for the person's server to be started, return the session; ``Refused`` carries the reasons."""
        body = {"person": person, "environment": dict(environment), "arguments": list(arguments)}
        answer = await self._ask("POST", "/sessions", body, deadline=_START_DEADLINE)
        return _read(lambda: str(answer["session"]))

    async def session(self, session: str) -> LookedAt:
        """Return a session's state, where it is reached, what ails it and, when it ended, its exit code."""
        answer = await self._ask("GET", f"/sessions/{session}")
        return _read(
            lambda: LookedAt(
                state=str(answer["state"]),
                exit_code=answer["exit"],
                address=str(answer["address"]),
                trouble=str(answer["trouble"]),
            )
        )

    async def stop_session(self, session: str) -> None:
        """End a session; one that is not known any more counts as ended."""
        try:
            await self._ask("DELETE", f"/sessions/{session}", deadline=_START_DEADLINE)
        except NotFound:
            return

    async def report_activity(self, *, session: str, busy: bool, last_activity: datetime) -> None:
        """Tell the controller whether a kernel of this session works, so that long jobs are not ended."""
        await self._ask("POST", "/activity", {"session": session, "busy": busy, "last_activity": iso(last_activity)})

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        deadline: aiohttp.ClientTimeout = _DEADLINE,
    ) -> dict[str, Any]:
        try:
            async with self._session().request(
                method, path, json=body, timeout=deadline, allow_redirects=False, server_hostname=self._host
            ) as answer:
                content: Any = await answer.json() if answer.content_type == "application/json" else {}
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Unavailable(
                "The controller does not answer at its desk; try again in a moment.",
                system="controller",
                unknown_outcome=method != "GET",
            ) from error
        return _judge(status, content if isinstance(content, dict) else {})

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                base_url=str(self._address) if isinstance(self._address, TcpAddress) else "http://desk",
                connector=self._connector(),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._client

    def _connector(self) -> aiohttp.BaseConnector:
        if not isinstance(self._address, TcpAddress):
            return aiohttp.UnixConnector(path=str(self._address))
        if self._channel is None:
            raise Unavailable("The desk needs a certificate; give the channel's directory.", system="controller")
        return aiohttp.TCPConnector(ssl=client_context(Channel.at(self._channel)))

    @property
    def _host(self) -> str | None:
        return host_of("controller") if isinstance(self._address, TcpAddress) else None


def desk_at(address: str, channel: str = "") -> Desk:
    """Return a client of the desk at ``/path/of.sock`` or ``https://HOST:PORT``, as configurations write it."""
    place = read_address(address, schemes={"https"}, field="desk")
    return Desk(place, channel=Path(channel) if channel else None)


def admitted_from(answer: Mapping[str, Any]) -> Admitted:
    """Read an admission list as the desk and the controller write it."""
    return _read(
        lambda: Admitted(
            people={str(person): _moment(until) for person, until in answer["people"].items()},
            generation=int(answer["generation"]),
            signed_out={str(person): _moment(at) for person, at in answer.get("signed_out", {}).items()},
        )
    )


def _judge(status: int, content: dict[str, Any]) -> dict[str, Any]:
    if status < 300:
        return content
    message = str(content.get("message") or f"The controller's desk answered {status}.")
    if status == 403:
        reasons = content.get("reasons")
        raise Refused(message, reasons=[str(reason) for reason in reasons] if isinstance(reasons, list) else ())
    if status == 404:
        raise NotFound(message)
    raise Unavailable(message, system="controller", unknown_outcome=status >= 500)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _read(build: Callable[[], Value]) -> Value:
    try:
        return build()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unavailable("The controller's desk gave an answer that makes no sense.", system="controller") from error
