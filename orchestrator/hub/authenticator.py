"""Signs people on at the hub by the gate's word alone, and asks the desk again whether they are still admitted."""

from __future__ import annotations

import hmac
import time
from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import Unicode

from orchestrator.adapters.desk import Admitted, Desk, desk_at
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import Invalid, Unavailable
from orchestrator.core.ids import check_id

__all__ = ["GateAuthenticator", "person_of"]

_FRESH_SECONDS = 2.0
_LONGEST_SILENCE_SECONDS = 60.0


class GateAuthenticator(Authenticator):  # type: ignore[misc]
    """Believes ``X-Tre-Person`` when, and only when, ``X-Tre-Gate`` holds the secret of this project's gate."""

    secret = Unicode(config=True, help="What only the gate and this hub know.")
    desk = Unicode(config=True, help="The controller's desk for this project: a socket or https://HOST:PORT.")
    channel = Unicode(config=True, help="The directory of the hub's certificate, for a desk at https://.")

    _desk: Desk | None = None
    _admitted: Admitted | None = None
    _asked = 0.0

    async def authenticate(self, handler: Any, data: Any) -> dict[str, Any] | None:  # noqa: ARG002
        """Return the person that the gate named, if the desk admits them; there is no other way to sign on."""
        person = person_of(handler.request.headers, secret=self.secret)
        if person is None or not await self._admits(person):
            return None
        return {"name": person, "admin": False}

    async def refresh_user(self, user: Any, handler: Any = None, **_: Any) -> bool:
        """Tell whether the person is still admitted, and still the one whom the gate names."""
        if handler is not None and "X-Tre-Gate" in handler.request.headers:
            named = person_of(handler.request.headers, secret=self.secret)
            if named != user.name:
                return False
        return await self._admits(user.name)

    def normalize_username(self, username: str) -> str:
        """Return the name as it is: an opaque identifier, in which nothing may be folded."""
        return username

    def validate_username(self, username: str) -> bool:
        """Tell whether this is an identifier."""
        try:
            check_id(username, field="person")
        except Invalid:
            return False
        return True

    async def _admits(self, person: str) -> bool:
        """Tell whether the person is on the list; a list without them is asked for again before it is believed."""
        return _holds(await self._list(oldest=_FRESH_SECONDS), person) or _holds(await self._list(oldest=0), person)

    async def _list(self, *, oldest: float) -> Admitted | None:
        """Return a list not older than ``oldest`` seconds; while the desk is silent the last serves for a minute."""
        now = time.monotonic()
        if self._admitted is not None and now - self._asked < oldest:
            return self._admitted
        if self._desk is None:
            self._desk = desk_at(self.desk, self.channel)
        try:
            self._admitted = await self._desk.admission()
            self._asked = time.monotonic()
        except Unavailable as error:
            self.log.warning("No admission list: %s", error.message)
            if now - self._asked > _LONGEST_SILENCE_SECONDS:
                self._admitted = None
        return self._admitted


def _holds(admitted: Admitted | None, person: str) -> bool:
    until = admitted.people.get(person) if admitted is not None else None
    return until is not None and system_clock() < until


def person_of(headers: Any, *, secret: str) -> str | None:
    """Return the person whom the gate names in these headers, or None when the gate did not write them."""
    proofs, people = headers.get_list("X-Tre-Gate"), headers.get_list("X-Tre-Person")
    if len(proofs) != 1 or len(people) != 1 or not secret:
        return None
    if not hmac.compare_digest(proofs[0].encode(), secret.encode()):
        return None
    try:
        return check_id(people[0], field="person")
    except Invalid:
        return None
