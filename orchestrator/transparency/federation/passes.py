"""How one hub proves to another who it is, without a secret between them: by a request that its own log has sealed.

Who is accredited is told to trusted hubs only. A hub that asks for it shows a document of its own: “I am …, I ask …
at …, until …”, recorded in its log like every other document, with the proof that leads to a head signed by its record
key. The asked hub knows that key already. The request names whom it is for and the address that it is shown at:
whoever receives it elsewhere, because an operator was led to believe that the hub moved, can open nothing with it.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.audit.record import Change
from orchestrator.audit.service import AuditService
from orchestrator.core.clock import iso
from orchestrator.core.errors import Invalid, Refused

from .. import sealed
from ..proofs import with_proof
from . import store
from .model import Hub, HubState
from .rules import recorded_then, same_place
from .sealing import SYSTEM, own_origin
from .shapes import Line, Moment, moment_of
from .speaking import Speaking
from .store import PassRow

__all__ = ["Passes"]

_KIND = "federation.asked"
_SCHEMA = "tre-federation-request/2"
_LASTS = timedelta(days=2)
_LARGEST = 16 * 1024
_CLOCKS_DIFFER = timedelta(minutes=5)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    format: str = Field(alias="schema")
    origin: Line
    to: Line
    at: Line
    number: int = Field(ge=1, le=sealed.LARGEST_NUMBER)
    issued_at: Moment
    valid_until: Moment


class Passes(Speaking):
    """Requests that are made here and requests that are shown here."""

    def request_to(self, hub: Hub) -> str:
        """Return our signed request to a hub at its present address, as a header carries it.

        One is sealed where none counts for a day, or the last was made for another address.

        Raises ``NotPossible`` while it is not yet covered by a signed head: ask again in some seconds.
        """
        now = self._now()
        with self._record.read() as session:
            row = store.last_pass(session, hub.hub_id)
        if row is None or row.valid_until - now < _LASTS / 2 or _place_of(row) != hub.address:
            with self._record.change() as change:
                row = self._seal(change, hub, now)
        subject = f"federation:request-{hub.hub_id}-{row.number}"
        whole = with_proof(self._record, AuditService(self._record), row.document, kind=_KIND, subject=subject)
        return base64.urlsafe_b64encode(whole).decode()

    def asker(self, shown: str) -> Hub:
        """Return the trusted hub that made a request to us; raise ``Refused`` for any other."""
        try:
            if len(shown) > _LARGEST:
                raise ValueError("too long")
            parsed = sealed.unproved(base64.b64decode(shown, altchars=b"-_", validate=True))
            request = _Request.model_validate(parsed.content)
        except (ValueError, binascii.Error, ValidationError, Invalid) as error:
            raise Refused("This is no request of a hub, so nothing was told.") from error
        with self._record.read() as session:
            row = store.hub_by_origin(session, request.origin)
            own = own_origin(session)
        if row is None or row.state != HubState.TRUSTED:
            raise Refused("The hub that asks is not trusted here, so it is not told who is accredited.")
        hub = store.to_hub(row)
        opened = parsed.opened(hub.keys, kind=_KIND)
        _check(request, opened, own=own, address=self._own_address, now=self._now())
        return hub

    def _seal(self, change: Change, hub: Hub, now: datetime) -> PassRow:
        last = store.last_pass(change.session, hub.hub_id)
        number = last.number + 1 if last else 1
        content: dict[str, Any] = {
            "schema": _SCHEMA,
            "origin": own_origin(change.session),
            "to": hub.origin,
            "at": hub.address,
            "number": number,
            "issued_at": iso(now),
            "valid_until": iso(now + _LASTS),
        }
        subject = f"federation:request-{hub.hub_id}-{number}"
        text, event = sealed.sealing(content, kind=_KIND, subject=subject, actor=SYSTEM, hub=hub.hub_id, number=number)
        row = PassRow(hub_id=hub.hub_id, number=number, document=text, made_at=now, valid_until=now + _LASTS)
        store.add(change, row, event=event)
        return row


def _place_of(row: PassRow) -> str:
    """Return the address that a request was made for; those of an earlier form name none."""
    return str(json.loads(row.document).get("at", ""))


def _check(request: _Request, opened: sealed.Opened, *, own: str, address: str, now: datetime) -> None:
    problems = list(opened.problems)
    if request.format != _SCHEMA:
        problems.append("It is of another kind or a newer version than this program knows.")
    if request.origin != opened.proof.head.origin:
        problems.append("It names another hub than the one whose log holds it.")
    if request.to != own:
        problems.append("It was made for another hub.")
    if not same_place(request.at, address):
        problems.append(f"It was made to be shown at another address than {address or 'any that this hub has'}.")
    issued, ends = moment_of(request.issued_at), moment_of(request.valid_until)
    if not recorded_then(opened, issued):
        problems.append("It was recorded at another moment than it says.")
    if now - issued < -_CLOCKS_DIFFER or now >= ends or ends - issued > _LASTS:
        problems.append("It does not count now.")
    if problems:
        raise Refused(f"This request does not count, so nothing was told: {problems[0]}", reasons=problems)
